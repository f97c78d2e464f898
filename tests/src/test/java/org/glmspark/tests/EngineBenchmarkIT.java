package org.glmspark.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.ToDoubleFunction;
import org.glmspark.generation.EngineOptions;
import org.glmspark.generation.EngineStats;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.GenerationResult;
import org.glmspark.generation.PrefixCache;
import org.glmspark.generation.PromptLookup;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.ModelShape;
import org.glmspark.model.RandomModel;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.tensor.WeightType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// What the scheduler, the prefix cache and prompt lookup gain: `mvn -B verify -Pbench -pl tests -am
/// -Dit.test=EngineBenchmarkIT`.
///
/// On a model of random weights, small but with the proportions of GLM-4-9B; prompt lookup on the
/// sample model, which copies from the documents it summarises. Both sides of a
/// comparison run in turns: the machine may be noisy.
@Tag("bench")
class EngineBenchmarkIT {
  private static final int ROUNDS = 3;
  private static final int BATCH = 32;
  private static final int REQUESTS = 4 * BATCH;
  private static final int SHORTEST = 10;
  private static final int SPREAD = 20;
  private static final int PREFIX = 1000;
  private static final int SHARING = 64;
  private static final int SUMMARIES = 150;
  private static final int NOISE = 20;
  private static final int NOISE_TOKENS = 200;

  private static ModelConfig config() {
    ModelConfig real = ModelShape.GLM_4_9B.config(1);
    return new ModelConfig(
        real.blockType(),
        1024,
        4,
        8,
        2,
        real.headSize(),
        3424,
        8192,
        real.normEpsilon(),
        real.rope(),
        2048,
        real.queryKeyValueBias(),
        real.tiedEmbeddings(),
        List.of(0));
  }

  private static GenerationEngine engine(PrefixCache prefixCache) {
    return new GenerationEngine(
        RandomModel.load(config(), WeightType.Q4, WeightType.Q4),
        EngineOptions.defaults().withMaxBatch(BATCH).withPrefixCache(prefixCache));
  }

  private static int[] tokens(Random random, int count) {
    return random.ints(count, 0, 8192).toArray();
  }

  private static GenerationRequest request(int[] prompt, int maxTokens) {
    return new GenerationRequest(
        prompt, SamplingParameters.builder().maxTokens(maxTokens).ignoreEos().build());
  }

  /// Lengths of which as many are between 10 and 20 as between 100 and 200.
  private static int length(Random random) {
    return (int) (SHORTEST * Math.pow(SPREAD, random.nextDouble()));
  }

  private static long complete(GenerationEngine engine, List<GenerationRequest> requests) {
    List<CompletableFuture<GenerationResult>> results =
        requests.stream().map(engine::submit).toList();
    return results.stream().mapToLong(result -> result.join().usage().completion()).sum();
  }

  private static double seconds(Runnable work) {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) / 1e9;
  }

  @Test
  void measuresContinuousAgainstStaticBatches() {
    Random random = new Random(1);
    List<GenerationRequest> requests = new ArrayList<>();
    for (int i = 0; i < REQUESTS; i++) {
      requests.add(request(tokens(random, length(random)), length(random)));
    }
    double continuous = Double.MAX_VALUE;
    double inBatches = Double.MAX_VALUE;
    long tokens = requests.stream().mapToLong(r -> r.sampling().maxTokens()).sum();
    try (GenerationEngine engine = engine(PrefixCache.OFF)) {
      for (int round = 0; round < ROUNDS; round++) {
        continuous =
            Math.min(
                continuous,
                seconds(() -> assertThat(complete(engine, requests)).isEqualTo(tokens)));
        inBatches =
            Math.min(
                inBatches,
                seconds(() -> {
                  for (int first = 0; first < REQUESTS; first += BATCH) {
                    var _ = complete(engine, requests.subList(first, first + BATCH));
                  }
                }));
      }
    }
    System.out.printf(
        Locale.ROOT,
        "%d requests, prompts and completions of %d to %d tokens, batches of %d:"
            + " %.0f completion tokens/s, in static batches %.0f, %.2f times%n",
        REQUESTS,
        SHORTEST,
        SHORTEST * SPREAD,
        BATCH,
        tokens / continuous,
        tokens / inBatches,
        inBatches / continuous);
  }

  @Test
  void measuresTheSharingOfALongPrefix() {
    Random random = new Random(1);
    double shared = Double.MAX_VALUE;
    double computed = Double.MAX_VALUE;
    try (GenerationEngine sharing = engine(PrefixCache.ON);
        GenerationEngine computing = engine(PrefixCache.OFF)) {
      for (int round = 0; round < ROUNDS; round++) {
        int[] prefix = tokens(random, PREFIX); // another one, which no engine knows yet
        List<GenerationRequest> requests = new ArrayList<>();
        for (int i = 0; i < SHARING; i++) {
          int[] prompt = Arrays.copyOf(prefix, PREFIX + SHORTEST + i);
          System.arraycopy(tokens(random, SHORTEST + i), 0, prompt, PREFIX, SHORTEST + i);
          requests.add(request(prompt, 1));
        }
        ToDoubleFunction<GenerationEngine> run =
            engine ->
                seconds(() -> assertThat(complete(engine, requests)).isEqualTo(requests.size()));
        shared = Math.min(shared, run.applyAsDouble(sharing));
        computed = Math.min(computed, run.applyAsDouble(computing));
      }
    }
    System.out.printf(
        Locale.ROOT,
        "prefill of %d prompts with the same %d tokens at their beginning: %.2f s, without prefix"
            + " cache %.2f s, %.1f times%n",
        SHARING,
        PREFIX,
        shared,
        computed,
        computed / shared);
  }

  @Test
  void measuresPromptLookupOfOneSequenceAtATime() {
    List<GenerationRequest> summaries =
        SampleModel.documents().subList(0, SUMMARIES).stream()
            .map(document ->
                new GenerationRequest(
                    document.promptTokens().stream().mapToInt(Integer::intValue).toArray(),
                    SamplingParameters.greedy(160)))
            .toList();
    Random random = new Random(1);
    List<GenerationRequest> noise = new ArrayList<>();
    for (int i = 0; i < NOISE; i++) {
      SamplingParameters sampling =
          SamplingParameters.builder()
              .maxTokens(NOISE_TOKENS)
              .temperature(1.5)
              .seed(i)
              .ignoreEos()
              .build();
      noise.add(new GenerationRequest(random.ints(50, 300, 2000).toArray(), sampling));
    }
    measurePromptLookup("summaries of documents", summaries);
    measurePromptLookup("text without copies", noise);
  }

  private static void measurePromptLookup(String name, List<GenerationRequest> requests) {
    EngineOptions alone = EngineOptions.defaults().withMaxBatch(1);
    double guessed = 0;
    double plain = 0;
    EngineStats stats;
    try (GenerationEngine guessing = GenerationEngine.open(SampleModel.FOLDER, alone);
        GenerationEngine stepping =
            GenerationEngine.open(
                SampleModel.FOLDER, alone.withPromptLookup(PromptLookup.OFF))) {
      for (int round = 0; round < 2 * ROUNDS; round++) {
        guessed = Math.max(guessed, decodeTokensPerSecond(guessing, requests));
        plain = Math.max(plain, decodeTokensPerSecond(stepping, requests));
      }
      stats = guessing.stats();
    }
    System.out.printf(
        Locale.ROOT,
        "%s, one at a time: %.0f tokens/s in decode, without prompt lookup %.0f, %.2f times;"
            + " %.0f %% of %.2f guesses a token were right%n",
        name,
        guessed,
        plain,
        guessed / plain,
        100.0 * stats.rightGuesses() / Math.max(1, stats.guessedTokens()),
        (double) stats.guessedTokens() / stats.decodeTokens());
  }

  private static double decodeTokensPerSecond(
      GenerationEngine engine, List<GenerationRequest> requests) {
    EngineStats before = engine.stats();
    var _ = complete(engine, requests);
    EngineStats after = engine.stats();
    return (after.decodeTokens() - before.decodeTokens())
        * 1e9
        / (after.decodeNanos() - before.decodeNanos());
  }
}
