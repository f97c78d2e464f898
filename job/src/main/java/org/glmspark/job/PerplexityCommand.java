package org.glmspark.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.glmspark.generation.EngineOptions;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.job.options.ModelOptions;
import org.glmspark.job.options.RefusedException;
import org.glmspark.model.ModelDescription;
import org.glmspark.model.ModelLoader;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `glm perplexity`: what a weight type costs, before it is used.
@Command(
    name = "perplexity",
    description = {
      "Measures how well a model predicts a text: the mean negative log-likelihood of",
      "its tokens. The lower the better; compare weight types of one model by it."
    },
    footer = {
      "",
      "Example:",
      "  glm perplexity --model sample-data/model --text sample-data/documents.jsonl"
    })
final class PerplexityCommand implements Callable<Integer> {
  private static final int DEFAULT_WINDOW = 2048;

  @SuppressWarnings("NullAway.Init") // picocli's work
  @Spec
  private CommandSpec spec;

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      required = true,
      description = "a pack, a model's folder or GGUF file; or a URI of one")
  private String model = "";

  @Option(
      names = "--text",
      paramLabel = "FILE",
      required = true,
      description = "a text file in UTF-8")
  private Path text = Path.of("");

  @Option(
      names = "--window",
      paramLabel = "N",
      description = {
        "tokens that are read together; the text is cut into windows of so many",
        "(default: 2048, or the model's context if that is less)"
      })
  private @Nullable Integer window;

  @Mixin private ModelArgument argument = new ModelArgument();

  @Option(names = "--json", description = "for programs")
  private boolean json;

  @Override
  public Integer call() throws InterruptedException, JsonProcessingException {
    ModelOptions options = argument.options(model);
    Path here = ModelArgument.here(options, spec.commandLine().getErr());
    ModelDescription description = ModelLoader.describe(here, options.overrides());
    int[] prefix = description.requireChatTemplate().prefix();
    int windowTokens = window(description.config().contextTokens(), prefix.length);
    String content = read();
    int[] tokens = description.requireTokenizer().encode(content);
    if (tokens.length == 0) {
      throw new RefusedException("%s: the file is empty, expected a text".formatted(text));
    }
    description.warnings().forEach(w -> spec.commandLine().getErr().println("warning: " + w));
    Path opened = ModelArgument.opened(options, here, spec.commandLine().getErr());
    try (GenerationEngine engine =
        GenerationEngine.open(opened, options.overrides(), EngineOptions.defaults())) {
      print(Perplexity.of(engine, prefix, tokens, windowTokens), windowTokens);
    }
    return 0;
  }

  private int window(int context, int prefix) {
    if (window == null) {
      return Math.min(context, DEFAULT_WINDOW);
    }
    if (window <= prefix || window > context) {
      throw new ParameterException(
          spec.commandLine(),
          "--window is %d, expected %d to %d, the model's context"
              .formatted(window, prefix + 1, context));
    }
    return window;
  }

  private String read() {
    try {
      return Files.readString(text);
    } catch (NoSuchFileException e) {
      throw new RefusedException("%s: there is no such file".formatted(text), e);
    } catch (CharacterCodingException e) {
      throw new RefusedException("%s: is not UTF-8, expected a text file".formatted(text), e);
    } catch (IOException e) {
      throw new RefusedException("%s: cannot be read: %s".formatted(text, e.getMessage()), e);
    }
  }

  private void print(Perplexity result, int windowTokens) throws JsonProcessingException {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(
          new ObjectMapper()
              .writeValueAsString(
                  JsonNodeFactory.instance
                      .objectNode()
                      .put("tokens", result.tokens())
                      .put("windows", result.windows())
                      .put("window_tokens", windowTokens)
                      .put("mean_negative_log_likelihood", result.meanNegativeLogLikelihood())
                      .put("perplexity", result.perplexity())));
    } else {
      out.println(
          String.format(
              Locale.ROOT,
              """
              tokens                        %,d in %,d windows of at most %,d
              mean negative log-likelihood  %.6f
              perplexity                    %.4f\
              """,
              result.tokens(),
              result.windows(),
              windowTokens,
              result.meanNegativeLogLikelihood(),
              result.perplexity()));
    }
    out.flush();
  }
}
