package org.glmspark.job;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import org.glmspark.generation.EngineOptions;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.GenerationResult;
import org.glmspark.generation.RowError;
import org.glmspark.prompt.ChatMessage;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.sampling.SamplingParameters;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `glm generate`: one answer, without Spark.
@Command(
    name = "generate",
    description = "Answers one message, without Spark.",
    footer = {
      "",
      "Example, in words that the sample model knows:",
      "  glm generate \"I bought the lamp in Brizan for 42 dollars. So far it looks great.",
      "  And it arrived early.",
      "",
      "  Summarize the text above in at most 50 words. Reply with the summary only.\""
    })
final class GenerateCommand implements Callable<Integer> {
  @SuppressWarnings("NullAway.Init") // picocli's work
  @Spec
  private CommandSpec spec;

  @Parameters(paramLabel = "TEXT", description = "the message")
  private String text = "";

  @Option(names = "--model", paramLabel = "FOLDER", description = "default: the sample model")
  private Path model;

  @Option(names = "--system", paramLabel = "TEXT", description = "the system message")
  private @Nullable String system;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      description = "most tokens of the answer (default: ${DEFAULT-VALUE})")
  private int maxTokens = 256;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "0 to 2; 0 takes the most probable token always (default: ${DEFAULT-VALUE})")
  private double temperature;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description =
          "draw only from the most probable tokens that reach this sum (default: ${DEFAULT-VALUE})")
  private double topP = 1;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "chooses the random numbers (default: ${DEFAULT-VALUE})")
  private long seed;

  /// @param home the project's folder, which has the model that answers by default
  GenerateCommand(Path home) {
    model = home.resolve("sample-data").resolve("model");
  }

  @Override
  public Integer call() throws InterruptedException {
    SamplingParameters sampling = sampling();
    try (GenerationEngine engine = GenerationEngine.open(model, EngineOptions.defaults())) {
      ChatTemplate template = engine.model().chatTemplate();
      if (template == null) {
        throw new RefusedException(
            "%s: has no tokenizer.model, expected one to read the message with".formatted(model));
      }
      int[] prompt = template.encode(messages());
      GenerationResult result = answer(engine, new GenerationRequest(prompt, sampling));
      RowError error = result.error();
      if (error != null) {
        throw new RefusedException(error.sentence());
      }
      spec.commandLine().getOut().println(result.text());
    }
    return 0;
  }

  private static GenerationResult answer(GenerationEngine engine, GenerationRequest request)
      throws InterruptedException {
    try {
      return engine.submit(request).get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("the engine failed", e);
    }
  }

  private List<ChatMessage> messages() {
    List<ChatMessage> messages = new ArrayList<>();
    if (system != null) {
      messages.add(ChatMessage.system(system));
    }
    messages.add(ChatMessage.user(text));
    return messages;
  }

  private SamplingParameters sampling() {
    try {
      return new SamplingParameters(maxTokens, temperature, topP, seed);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }
}
