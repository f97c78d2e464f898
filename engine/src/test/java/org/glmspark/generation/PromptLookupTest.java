package org.glmspark.generation;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.glmspark.cache.KvCacheType;
import org.glmspark.sampling.SamplingParameters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Guesses change how many steps a completion takes, and nothing else.
class PromptLookupTest {
  private static final List<Integer> STOPS = List.of(17);

  private static EngineOptions options() {
    return EngineOptions.defaults().withThreads(2).withKvCacheBytes(64 << 20);
  }

  /// A few words in any order, so that three tokens often stood before and often went on otherwise.
  private static int[] repetitive(int seed, int length) {
    Random random = new Random(seed);
    int[][] words =
        IntStream.range(0, 4)
            .mapToObj(_ -> random.ints(2 + random.nextInt(6), 0, 320).toArray())
            .toArray(int[][]::new);
    int[] prompt = new int[length];
    int[] word = words[0];
    int next = 0;
    for (int i = 0; i < length; i++) {
      if (next == word.length) {
        word = words[random.nextInt(words.length)];
        next = 0;
      }
      prompt[i] = word[next++];
    }
    return prompt;
  }

  /// Every kind of option that looks at tokens so far or ends a completion.
  private static SamplingParameters sampling(int i) {
    SamplingParameters.Builder builder =
        SamplingParameters.builder().maxTokens(20 + i * 7 % 70).seed(i);
    return switch (i % 8) {
      case 0 -> builder.logprobs(3).build();
      case 1 -> builder.frequencyPenalty(-1).ignoreEos().build();
      case 2 -> builder.temperature(0.8).frequencyPenalty(-1).logprobs(0).build();
      case 3 -> builder.temperature(0.3).topK(5).ignoreEos().build();
      case 4 -> builder.frequencyPenalty(-1).stop("q", "zz").minTokens(19).build();
      case 5 -> builder.repetitionPenalty(0.8).presencePenalty(-2).logprobs(1).build();
      case 6 -> builder.allowedTokenIds(List.of(40, 41, 42, 43)).badWords("()", "*(+").build();
      default ->
          builder
              .temperature(0.2)
              .presencePenalty(0.1)
              .logitBias(Map.of(18, 2.0))
              .stopTokenIds(List.of(18))
              .minTokens(1)
              .build();
    };
  }

  private static List<GenerationRequest> requests() {
    List<GenerationRequest> requests = new ArrayList<>();
    for (int i = 0; i < 48; i++) {
      requests.add(new GenerationRequest(repetitive(i, 1 + i * 13 % 70), sampling(i)));
    }
    return requests;
  }

  private static List<List<Object>> run(GenerationEngine engine, List<GenerationRequest> requests) {
    List<CompletableFuture<GenerationResult>> futures =
        requests.stream().map(engine::submit).toList();
    return futures.stream()
        .map(CompletableFuture::join)
        .map(r ->
            List.<Object>of(
                r.requestId(),
                r.tokens(),
                r.text(),
                r.logProbabilities(),
                r.finishReason(),
                r.usage().completion(),
                String.valueOf(r.error())))
        .toList();
  }

  @ParameterizedTest(name = "{0} threads, batch {1}, {2} tokens a step, cache of {3} bytes, as {4}")
  @CsvSource({
    "2, 1, 64, 67108864, FLOAT16",
    "1, 3, 5, 67108864, FLOAT32",
    "2, 7, 64, 300000, FLOAT16",
    "2, 32, 512, 400000, INT8",
    "1, 2, 2, 67108864, FLOAT16"
  })
  void completionsAreThoseOfPlainDecoding(
      int threads, int batch, int stepTokens, long cacheBytes, KvCacheType type) {
    EngineOptions plain =
        options().withKvCacheType(type).withMaxBatch(4).withPromptLookup(PromptLookup.OFF);
    EngineOptions guessing =
        options()
            .withKvCacheType(type)
            .withThreads(threads)
            .withMaxBatch(batch)
            .withStepTokens(stepTokens)
            .withKvCacheBytes(cacheBytes);
    List<GenerationRequest> requests = requests();
    try (GenerationEngine expected = new GenerationEngine(TinyModel.of(STOPS), plain);
        GenerationEngine engine = new GenerationEngine(TinyModel.of(STOPS), guessing)) {
      List<List<Object>> results = run(expected, requests);
      assertThat(run(engine, requests)).isEqualTo(results);
      assertThat(results).anyMatch(result -> result.get(4) == FinishReason.STOP);
      assertThat(results).anyMatch(result -> result.get(4) == FinishReason.LENGTH);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"chatglm2-6b", "glm-4-9b-chat-1m", "glm-4-32b-0414"})
  void longCompletionsAreThoseOfPlainDecodingInFewerSteps(String model) {
    Path folder = TinyModel.FOLDER.resolveSibling(model);
    List<GenerationRequest> requests = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      SamplingParameters sampling =
          SamplingParameters.builder()
              .maxTokens(150)
              .temperature(i < 2 ? 0 : 0.05 * i)
              .frequencyPenalty(-0.2)
              .ignoreEos()
              .logprobs(2)
              .build();
      requests.add(new GenerationRequest(repetitive(i, 60), sampling));
    }
    EngineOptions alone = options().withMaxBatch(1).withStepTokens(64);
    try (GenerationEngine expected =
            GenerationEngine.open(folder, alone.withPromptLookup(PromptLookup.OFF));
        GenerationEngine engine = GenerationEngine.open(folder, alone)) {
      assertThat(run(engine, requests)).isEqualTo(run(expected, requests));
      assertThat(expected.stats().steps()).isGreaterThan(890);
      assertThat(engine.stats().steps()).isLessThan(600);
    }
  }

  /// What the guesses left in the cache after the last right one must not be found by another
  /// sequence that begins as this one.
  @Test
  void wrongGuessesAreNotTakenForAPrefix() {
    int[] prompt = repetitive(1, 60);
    SamplingParameters sampling =
        SamplingParameters.builder().maxTokens(90).temperature(0.3).ignoreEos().logprobs(0).build();
    var first = new GenerationRequest(prompt, sampling);
    try (GenerationEngine plain =
            new GenerationEngine(
                TinyModel.of(STOPS),
                options().withPromptLookup(PromptLookup.OFF).withPrefixCache(PrefixCache.OFF));
        GenerationEngine engine = new GenerationEngine(TinyModel.of(STOPS), options())) {
      GenerationResult result = engine.submit(first).join();
      for (int seen = 5; seen < 90; seen += 12) {
        int[] longer =
            IntStream.concat(
                    IntStream.of(prompt),
                    result.tokens().subList(0, seen).stream().mapToInt(Integer::intValue))
                .toArray();
        var next = new GenerationRequest(longer, SamplingParameters.greedy(5));
        GenerationResult again = engine.submit(next).join();
        assertThat(again.usage().cached()).isPositive();
        assertThat(again.tokens()).isEqualTo(plain.submit(next).join().tokens());
      }
    }
  }
}
