package org.glmspark.job;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.glmspark.cache.PagedKvCache;
import org.glmspark.format.ModelPack;
import org.glmspark.generation.EngineOptions;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.GenerationResult;
import org.glmspark.generation.RowError;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.job.options.ModelOptions;
import org.glmspark.job.options.RefusedException;
import org.glmspark.model.Model;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.ModelLoader;
import org.glmspark.prompt.ChatMessage;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.sampling.SamplingPreset;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      description = {
        "a pack, a model's folder or GGUF file; or a URI of one",
        "(default: the sample model)"
      })
  private String model;

  @Mixin private ModelArgument argument = new ModelArgument();

  @Option(names = "--system", paramLabel = "TEXT", description = "the system message")
  private @Nullable String system;

  @ArgGroup private @Nullable Form form;

  /// What form the answer must have; one of them at most.
  static final class Form {
    @Option(
        names = "--response-format",
        required = true,
        paramLabel = "JSON",
        description =
            "what form the answer must have, as request.response-format of a job file says it")
    private @Nullable String json;

    @Option(
        names = "--choice",
        required = true,
        paramLabel = "TEXT",
        description = "the only text that can be the answer, or, repeated, one of those that can")
    private List<String> choices = new ArrayList<>();

    @Option(
        names = "--regex",
        required = true,
        paramLabel = "PATTERN",
        description = "a regular expression that matches all of the answer")
    private @Nullable String pattern;

    private @Nullable AnswerFormat format() {
      if (json != null) {
        return AnswerFormat.parse(json);
      }
      return pattern == null ? new AnswerFormat.Choice(choices) : new AnswerFormat.Regex(pattern);
    }
  }

  @Option(
      names = "--preset",
      paramLabel = "NAME",
      description =
          "what holds where the options below say nothing: ${COMPLETION-CANDIDATES} (default: greedy)")
  private SamplingPreset preset = SamplingPreset.GREEDY;

  /// What the options below change in the preset.
  private final List<Consumer<SamplingParameters.Builder>> changes = new ArrayList<>();

  @Option(names = "--max-tokens", paramLabel = "N", description = "most tokens of the answer")
  void maxTokens(int maxTokens) {
    changes.add(builder -> builder.maxTokens(maxTokens));
  }

  @Option(
      names = "--min-tokens",
      paramLabel = "N",
      description = "tokens before which the answer does not stop")
  void minTokens(int minTokens) {
    changes.add(builder -> builder.minTokens(minTokens));
  }

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "0 to 2; 0 takes the most probable token always")
  void temperature(double temperature) {
    changes.add(builder -> builder.temperature(temperature));
  }

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "draw only from so many of the most probable tokens; 0 for all")
  void topK(int topK) {
    changes.add(builder -> builder.topK(topK));
  }

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "draw only from the most probable tokens that reach this sum")
  void topP(double topP) {
    changes.add(builder -> builder.topP(topP));
  }

  @Option(
      names = "--min-p",
      paramLabel = "P",
      description = "draw no token less probable than this share of the most probable one")
  void minP(double minP) {
    changes.add(builder -> builder.minP(minP));
  }

  @Option(
      names = "--repetition-penalty",
      paramLabel = "P",
      description = "above 1 to make tokens of message and answer less probable")
  void repetitionPenalty(double repetitionPenalty) {
    changes.add(builder -> builder.repetitionPenalty(repetitionPenalty));
  }

  @Option(
      names = "--presence-penalty",
      paramLabel = "P",
      description = "-2 to 2; above 0 to make tokens that the answer has less probable")
  void presencePenalty(double presencePenalty) {
    changes.add(builder -> builder.presencePenalty(presencePenalty));
  }

  @Option(
      names = "--frequency-penalty",
      paramLabel = "P",
      description = "as --presence-penalty, for each time that the answer has the token")
  void frequencyPenalty(double frequencyPenalty) {
    changes.add(builder -> builder.frequencyPenalty(frequencyPenalty));
  }

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "a text that ends the answer, which does not include it; may be repeated")
  void stop(List<String> texts) {
    changes.add(builder -> builder.stop(texts));
  }

  @Option(names = "--ignore-eos", description = "go on where the model itself would end")
  void ignoreEos(boolean given) {
    if (given) {
      changes.add(SamplingParameters.Builder::ignoreEos);
    }
  }

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "chooses the random numbers (default: ${DEFAULT-VALUE})")
  private long seed;

  @Option(
      names = "--timing",
      description = "print at the end how long it took, and which kernels computed")
  private boolean timing;

  /// @param home the project's folder, which has the model that answers by default
  GenerateCommand(Path home) {
    model = home.resolve("sample-data").resolve("model").toString();
  }

  @Override
  public Integer call() throws InterruptedException {
    SamplingParameters sampling = sampling();
    AnswerFormat format = format(sampling);
    GenerationEngine.prepareKernels();
    ModelOptions options = argument.options(model);
    Path here = ModelArgument.here(options, spec.commandLine().getErr());
    try (Model opened = open(options, here)) {
      ChatTemplate template = opened.chatTemplate();
      if (template == null) {
        template = ModelLoader.describe(here, options.overrides()).requireChatTemplate();
      }
      int[] prompt = template.encode(messages());
      EngineOptions engineOptions = engineOptions(opened.config(), prompt.length, sampling);
      try (GenerationEngine engine = new GenerationEngine(opened, engineOptions)) {
        GenerationResult result = answer(engine, new GenerationRequest(prompt, sampling, format));
        RowError error = result.error();
        if (error != null) {
          throw new RefusedException(error.sentence());
        }
        spec.commandLine().getOut().println(result.text());
        if (timing) {
          spec.commandLine().getErr().println(timing(result, engine.kernels()));
        }
      }
    }
    return 0;
  }

  /// Opens the pack of a model. What is no pack is checked before it is made one, which may take
  /// long.
  private Model open(ModelOptions options, Path here) {
    if (!ModelPack.isOne(here)) {
      ModelLoader.describe(here, options.overrides()).requireChatTemplate();
    }
    PrintWriter err = spec.commandLine().getErr();
    Path pack = options.source().packed(here, new PackingLine(Terminal.current(), err));
    Model opened = ModelLoader.load(pack, options.overrides());
    opened.warnings().forEach(warning -> err.println("warning: " + warning));
    return opened;
  }

  /// Memory for one prompt and its answer, and not for a whole batch: what is allocated takes time.
  private static EngineOptions engineOptions(
      ModelConfig config, int promptTokens, SamplingParameters sampling) {
    EngineOptions defaults = EngineOptions.defaults();
    long tokens = Math.min(config.contextTokens(), (long) promptTokens + sampling.maxTokens() + 1);
    long cacheBytes =
        Math.ceilDiv(tokens, PagedKvCache.BLOCK_TOKENS)
            * PagedKvCache.blockBytes(
                defaults.kvCacheType(), config.layers(), config.keyValueHeads(), config.headSize());
    return defaults
        .withMaxBatch(1)
        .withStepTokens(Math.clamp(promptTokens, 1, defaults.stepTokens()))
        .withKvCacheBytes(Math.min(cacheBytes, defaults.kvCacheBytes()));
  }

  /// `first token after 1.62 s, 0.71 s of it for 15 prompt tokens; then 14.8 tokens/s; ...`.
  private static String timing(GenerationResult result, String kernels) {
    GenerationResult.Timing timing = result.timing();
    int completion = result.tokens().size();
    Instant start = ProcessHandle.current().info().startInstant().orElseThrow();
    double sinceStart = Duration.between(start, Instant.now()).toMillis();
    Runtime runtime = Runtime.getRuntime();
    return String.format(
        Locale.ROOT,
        "first token %.2f s after the start of the program, %.2f s of it for %d prompt tokens; then %.1f tokens/s; heap %d MB; kernels: %s",
        (sinceStart - timing.decodeMillis()) / 1e3,
        timing.prefillMillis() / 1e3,
        result.usage().prompt(),
        completion < 2 ? 0 : (completion - 1) / (timing.decodeMillis() / 1e3),
        Math.ceilDiv(runtime.totalMemory() - runtime.freeMemory(), 1_000_000),
        kernels);
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

  private @Nullable AnswerFormat format(SamplingParameters sampling) {
    try {
      AnswerFormat format = form == null ? null : form.format();
      if (format != null) {
        sampling.requireWholeAnswers();
      }
      return format;
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private SamplingParameters sampling() {
    SamplingParameters.Builder builder = preset.parameters(seed).toBuilder();
    changes.forEach(change -> change.accept(builder));
    try {
      return builder.build();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }
}
