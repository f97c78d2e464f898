package org.glmspark.generation;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.glmspark.cache.KvCacheType;
import org.glmspark.cache.PagedKvCache;
import org.glmspark.kernel.KernelChoice;
import org.glmspark.kernel.MatMul;
import org.glmspark.model.Model;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.ModelLoader;
import org.glmspark.pack.IfPresent;
import org.glmspark.pack.ModelPacker;
import org.glmspark.pack.PackOptions;
import org.glmspark.pack.PackProgress;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.tensor.WeightType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Each request has one result, whatever the engine does besides.
///
/// On small random models with quantised weights, so that there are kernels to choose from; their
/// completions are noise that any wrong bit would change.
class SameResultTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final Path MODEL = GOLDEN.resolve("gguf/glm-4-9b-chat-Q4_0.gguf");

  /// The longest request fits, and hardly another.
  private static final int TIGHT = 10;

  private static final int ROOMY = 1000;
  private static final int SOME = 8;

  /// What must not matter.
  private record Setting(
      int threads,
      int maxBatch,
      int stepTokens,
      int blocks,
      PrefixCache prefixCache,
      PromptLookup promptLookup,
      KernelChoice kernels) {

    EngineOptions options(ModelConfig config) {
      long blockBytes =
          PagedKvCache.blockBytes(
              KvCacheType.FLOAT16, config.layers(), config.keyValueHeads(), config.headSize());
      return EngineOptions.defaults()
          .withThreads(threads)
          .withMaxBatch(1) // so that any number of tokens can be set
          .withStepTokens(stepTokens)
          .withMaxBatch(maxBatch)
          .withKvCacheBytes(blocks * blockBytes)
          .withKernels(kernels)
          .withPrefixCache(prefixCache)
          .withPromptLookup(promptLookup);
    }

    /// Any three of the values, and which they are.
    List<List<Object>> triples() {
      List<Object> values =
          List.of(threads, maxBatch, stepTokens, blocks, prefixCache, promptLookup, kernels);
      List<List<Object>> triples = new ArrayList<>();
      for (int i = 0; i < values.size(); i++) {
        for (int j = 0; j < i; j++) {
          for (int k = 0; k < j; k++) {
            triples.add(List.of(i, values.get(i), j, values.get(j), k, values.get(k)));
          }
        }
      }
      return triples;
    }
  }

  private static final Setting ONE_BY_ONE =
      new Setting(1, 1, 16, ROOMY, PrefixCache.OFF, PromptLookup.OFF, KernelChoice.VECTOR);

  private static List<Setting> settings() {
    List<Setting> settings = new ArrayList<>();
    for (KernelChoice kernels : kernels()) {
      for (int threads : new int[] {1, 2}) {
        for (int maxBatch : new int[] {1, 2, 7, 32}) {
          for (int stepTokens : new int[] {16, 64, 512}) {
            for (int blocks : new int[] {TIGHT, 3 * TIGHT, ROOMY}) {
              for (PrefixCache prefixCache : PrefixCache.values()) {
                for (PromptLookup promptLookup : PromptLookup.values()) {
                  int step = Math.max(maxBatch, stepTokens); // the least there is
                  settings.add(
                      new Setting(
                          threads, maxBatch, step, blocks, prefixCache, promptLookup, kernels));
                }
              }
            }
          }
        }
      }
    }
    return settings;
  }

  /// Some of the settings, in which any three values that occur together in one of all do so too.
  private static List<Setting> covering(List<Setting> all) {
    Set<List<Object>> missing = new HashSet<>();
    all.forEach(setting -> missing.addAll(setting.triples()));
    List<Setting> chosen = new ArrayList<>();
    while (!missing.isEmpty()) {
      Setting next =
          Collections.max(
              all,
              Comparator.comparingLong(
                  setting -> setting.triples().stream().filter(missing::contains).count()));
      next.triples().forEach(missing::remove);
      chosen.add(next);
    }
    return chosen;
  }

  private static List<KernelChoice> kernels() {
    try {
      MatMul.of(KernelChoice.X86);
      return List.of(KernelChoice.VECTOR, KernelChoice.X86);
    } catch (IllegalStateException _) { // another CPU
      return List.of(KernelChoice.VECTOR);
    }
  }

  /// Prompts of many lengths, two thirds of which begin like others.
  private static int[] prompt(int number) {
    int[] prompt = new Random(number).ints(1 + number * 13 % 70, 0, 320).toArray();
    int[] beginning = new Random(-1 - number % 3).ints(50, 0, 320).toArray();
    if (number % 3 != 0) {
      System.arraycopy(beginning, 0, prompt, 0, Math.min(50, prompt.length - 1));
    }
    return prompt;
  }

  /// All kinds of requests, each of which gives what is to be compared.
  private enum Kind {
    GREEDY,
    DRAWN,
    SCORED,
    LABELS,
    POOLED;

    CompletableFuture<List<Object>> submit(GenerationEngine engine, int number) {
      int[] prompt = prompt(number);
      return switch (this) {
        case GREEDY -> generate(engine, prompt, SamplingParameters.builder(), number);
        case DRAWN ->
            generate(
                engine,
                prompt,
                SamplingParameters.builder().temperature(0.8).repetitionPenalty(1.2).seed(5),
                number);
        case SCORED -> {
          int[] text = Arrays.copyOf(prompt, prompt.length + 9);
          yield engine
              .submit(new ScoringRequest(text, prompt.length / 2 + 1))
              .thenApply(result -> List.of(Arrays.toString(result.logProbabilities())));
        }
        case LABELS -> {
          int[] third = Arrays.copyOf(prompt(number + 1), 2 + number);
          List<int[]> labels = List.of(new int[] {5}, new int[] {5, 6, 7}, third);
          yield engine
              .submit(new LabelRequest(prompt, labels.subList(0, 2 + number % 2)))
              .thenApply(result -> List.of(result.logProbabilities()));
        }
        case POOLED ->
            engine
                .submit(new PoolingRequest(prompt, prompt.length / 3, prompt.length))
                .thenApply(result -> List.of(Arrays.toString(result.mean())));
      };
    }

    private static CompletableFuture<List<Object>> generate(
        GenerationEngine engine, int[] prompt, SamplingParameters.Builder sampling, int number) {
      SamplingParameters parameters =
          sampling
              .maxTokens(1 + number * 7 % 80)
              .repetitionPenalty(number % 3 == 0 ? 1 : 1.2)
              .frequencyPenalty(number % 3 == 0 ? -2 : 0) // goes round in circles
              .ignoreEos()
              .logprobs(1)
              .build();
      return engine
          .submit(new GenerationRequest(prompt, parameters))
          .thenApply(
              r -> List.of(r.requestId(), r.tokens(), r.finishReason(), r.logProbabilities()));
    }
  }

  private record Request(Kind kind, int number) {
    static List<Request> all() {
      List<Request> all = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        all.add(new Request(i % 2 == 0 ? Kind.GREEDY : Kind.DRAWN, i));
      }
      for (int i = 0; i < 6; i++) {
        all.add(new Request(Kind.SCORED, 3 * i + 1));
        all.add(new Request(Kind.LABELS, 4 * i + 1));
        all.add(new Request(Kind.POOLED, 4 * i + 2));
      }
      return all;
    }
  }

  private record Outcome(Map<Request, List<Object>> results, EngineStats stats) {}

  private static Outcome run(Path path, Setting setting, long order) {
    List<Request> requests = Request.all();
    Collections.shuffle(requests, new Random(order));
    Model model = ModelLoader.load(path);
    try (GenerationEngine engine = new GenerationEngine(model, setting.options(model.config()))) {
      Map<Request, CompletableFuture<List<Object>>> futures = new HashMap<>();
      for (Request request : requests) {
        futures.put(request, request.kind().submit(engine, request.number()));
      }
      Map<Request, List<Object>> results = new HashMap<>();
      futures.forEach((request, future) -> results.put(request, future.join()));
      return new Outcome(results, engine.stats());
    }
  }

  private static void assertSame(Path path, List<Setting> settings) {
    Map<Request, List<Object>> expected = run(path, ONE_BY_ONE, 0).results();
    long preemptions = 0;
    long prefixTokens = 0;
    long rightGuesses = 0;
    for (Setting setting : settings) {
      Outcome outcome = run(path, setting, settings.indexOf(setting));
      expected.forEach((request, result) ->
          assertThat(outcome.results().get(request))
              .as("%s in %s", request, setting)
              .isEqualTo(result));
      assertThat(outcome.stats().prefixTokens() > 0)
          .as(setting.toString())
          .isEqualTo(setting.prefixCache() == PrefixCache.ON);
      preemptions += outcome.stats().preemptions();
      if (setting.promptLookup() == PromptLookup.OFF) {
        assertThat(outcome.stats().guessedTokens()).as(setting.toString()).isZero();
      }
      rightGuesses += outcome.stats().rightGuesses();
      prefixTokens += outcome.stats().prefixTokens();
    }
    assertThat(preemptions).isGreaterThan(settings.size() / 2);
    assertThat(prefixTokens).isPositive();
    assertThat(rightGuesses).isGreaterThan(100);
  }

  @Test
  void whateverTheEngineDoesBesides() {
    List<Setting> settings = settings();
    Collections.shuffle(settings, new Random(1));
    assertSame(MODEL, settings.subList(0, SOME));
  }

  @Test
  @Tag("proof")
  void whateverTheEngineDoesBesidesInSettingsThatCoverAll() {
    assertSame(MODEL, covering(settings()));
  }

  @ParameterizedTest
  @Tag("proof")
  @CsvSource({
    "chatglm2-6b, Q8",
    "chatglm3-6b-32k, Q4M",
    "glm-4-9b-chat, Q8",
    "glm-4-9b-chat-1m, Q4",
    "glm-4-32b-0414, Q4"
  })
  void whateverTheEngineDoesBesidesWithEachFamily(
      String model, WeightType weights, @TempDir Path folder) {
    Path pack = folder.resolve("model.glmpack");
    new ModelPacker(new PackOptions(weights, null), PackProgress.SILENT)
        .pack(GOLDEN.resolve(model), pack, IfPresent.REFUSE);
    assertSame(pack, covering(settings()));
  }
}
