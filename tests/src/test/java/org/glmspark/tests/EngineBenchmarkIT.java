package org.glmspark.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
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
import org.glmspark.pack.IfPresent;
import org.glmspark.pack.ModelPacker;
import org.glmspark.pack.PackOptions;
import org.glmspark.pack.PackProgress;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.tensor.WeightType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What the scheduler, the prefix cache and prompt lookup gain: `mvn -B verify -Pbench -pl tests
/// -am -Dit.test=EngineBenchmarkIT`.
///
/// On the sample model with matrices wider than the caches ([WideSampleModel]), which writes real
/// summaries and reads its weights from memory for each step, as real models do; the prefix cache,
/// where reading hardly counts, on a small model of random weights. All sides of a comparison run
/// in turns, and the best run of each counts: the machine may be noisy.
@Tag("bench")
class EngineBenchmarkIT {
  private static final int ROUNDS = 2;
  private static final int SHORTEST = 8;
  private static final int SPREAD = 20;
  private static final int PREFIX = 1000;
  private static final int SHARING = 64;
  private static final int LOOKUP_ROUNDS = 3;
  private static final int SUMMARIES = 30;
  private static final int NOISE = 5;
  private static final int NOISE_TOKENS = 100;

  @TempDir private static Path folder;
  private static Path pack;

  @BeforeAll
  static void packTheModel() throws IOException {
    Path published = Files.createDirectory(folder.resolve("model"));
    WideSampleModel.write(published);
    pack = folder.resolve("wide.glmpack");
    new ModelPacker(new PackOptions(WeightType.Q4, null), PackProgress.SILENT)
        .pack(published, pack, IfPresent.REFUSE);
  }

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

  private static GenerationEngine sharing(PrefixCache prefixCache) {
    return new GenerationEngine(
        RandomModel.load(config(), WeightType.Q4, WeightType.Q4),
        EngineOptions.defaults().withMaxBatch(SHARING).withPrefixCache(prefixCache));
  }

  private static int[] tokens(Random random, int count) {
    return random.ints(count, 0, 8192).toArray();
  }

  private static GenerationRequest request(int[] prompt, int maxTokens) {
    return new GenerationRequest(
        prompt, SamplingParameters.builder().maxTokens(maxTokens).ignoreEos().build());
  }

  /// Lengths of which as many are between 8 and 16 as between 80 and 160.
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

  /// Prompts cut from documents, and completions of a given length.
  private static List<GenerationRequest> mixed(int count) {
    int[] text =
        SampleModel.documents().stream()
            .flatMap(document -> document.promptTokens().stream())
            .mapToInt(Integer::intValue)
            .toArray();
    Random random = new Random(1);
    List<GenerationRequest> requests = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int length = length(random);
      int from = random.nextInt(text.length - length);
      requests.add(request(Arrays.copyOfRange(text, from, from + length), length(random)));
    }
    return requests;
  }

  /// As static batches compute them: each row goes on until the longest of its batch ends.
  private static List<GenerationRequest> padded(List<GenerationRequest> requests, int batch) {
    List<GenerationRequest> padded = new ArrayList<>();
    for (List<GenerationRequest> together : batches(requests, batch)) {
      int longest = together.stream().mapToInt(r -> r.sampling().maxTokens()).max().orElseThrow();
      together.forEach(r -> padded.add(request(r.promptTokens(), longest)));
    }
    return padded;
  }

  private static List<List<GenerationRequest>> batches(
      List<GenerationRequest> requests, int batch) {
    return IntStream.range(0, requests.size() / batch)
        .mapToObj(i -> requests.subList(i * batch, (i + 1) * batch))
        .toList();
  }

  /// The least time in which an engine completes requests, each list after the one before.
  private static double best(
      double best, GenerationEngine engine, List<List<GenerationRequest>> lists) {
    return Math.min(
        best,
        seconds(() -> {
          for (List<GenerationRequest> list : lists) {
            int tokens = list.stream().mapToInt(r -> r.sampling().maxTokens()).sum();
            assertThat(complete(engine, list)).isEqualTo(tokens);
          }
        }));
  }

  @ParameterizedTest(name = "{1} requests in batches of {0}")
  @CsvSource({"8, 64", "32, 96"})
  void measuresContinuousAgainstStaticBatches(int batch, int count) {
    List<GenerationRequest> requests = mixed(count);
    List<List<GenerationRequest>> all = List.of(requests);
    List<List<GenerationRequest>> leaving = batches(requests, batch);
    List<List<GenerationRequest>> waiting = batches(padded(requests, batch), batch);
    double continuous = Double.MAX_VALUE;
    double left = Double.MAX_VALUE;
    double waited = Double.MAX_VALUE;
    EngineOptions options =
        EngineOptions.defaults()
            .withMaxBatch(batch)
            .withPrefixCache(PrefixCache.OFF)
            .withPromptLookup(PromptLookup.OFF);
    try (GenerationEngine engine = GenerationEngine.open(pack, options)) {
      var _ = complete(engine, requests.subList(0, batch)); // the compiler's turn
      for (int round = 0; round < ROUNDS; round++) {
        continuous = best(continuous, engine, all);
        waited = best(waited, engine, waiting);
        left = best(left, engine, leaving);
      }
    }
    long tokens = requests.stream().mapToLong(r -> r.sampling().maxTokens()).sum();
    System.out.printf(
        Locale.ROOT,
        "%d requests, prompts and completions of %d to %d tokens, batches of %d: %.0f completion"
            + " tokens/s; in static batches %.0f, %.2f times; in static batches that computed no"
            + " row beyond its end %.0f, %.2f times%n",
        count,
        SHORTEST,
        SHORTEST * SPREAD,
        batch,
        tokens / continuous,
        tokens / waited,
        waited / continuous,
        tokens / left,
        left / continuous);
  }

  @Test
  void measuresTheSharingOfALongPrefix() {
    Random random = new Random(1);
    double shared = Double.MAX_VALUE;
    double computed = Double.MAX_VALUE;
    try (GenerationEngine sharing = sharing(PrefixCache.ON);
        GenerationEngine computing = sharing(PrefixCache.OFF)) {
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
    List<SampleModel.Document> documents = SampleModel.documents().subList(0, SUMMARIES);
    List<GenerationRequest> summaries =
        documents.stream()
            .map(document ->
                new GenerationRequest(
                    document.promptTokens().stream().mapToInt(Integer::intValue).toArray(),
                    SamplingParameters.greedy(160)))
            .toList();
    try (GenerationEngine engine = GenerationEngine.open(pack, EngineOptions.defaults())) {
      List<CompletableFuture<GenerationResult>> results =
          summaries.stream().map(engine::submit).toList();
      assertThat(results.stream().map(result -> result.join().tokens()).toList())
          .as("the wide model says what the sample model says")
          .isEqualTo(documents.stream().map(SampleModel.Document::tokens).toList());
    }
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
    try (GenerationEngine guessing = GenerationEngine.open(pack, alone);
        GenerationEngine stepping =
            GenerationEngine.open(pack, alone.withPromptLookup(PromptLookup.OFF))) {
      for (int round = 0; round < LOOKUP_ROUNDS; round++) {
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
