package org.glmspark.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.UnaryOperator;
import org.glmspark.cache.KvCacheType;
import org.glmspark.format.MalformedModelException;
import org.glmspark.model.Model;
import org.glmspark.model.ModelOverrides;
import org.glmspark.model.ModelWeights;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// On a tiny random model, whose completions are noise that any wrong bit would change.
class GenerationEngineTest {
  private static final Path FOLDER = TinyModel.FOLDER;
  private static final int CONTEXT = TinyModel.CONTEXT;
  private static final int[] STOPS = {2, 7};

  private static Model model(List<Integer> stopTokens) {
    return TinyModel.of(stopTokens);
  }

  private static EngineOptions options() {
    return EngineOptions.defaults().withThreads(2).withKvCacheBytes(64 << 20);
  }

  private static int[] prompt(int seed, int length) {
    return new Random(seed).ints(length, 0, 320).toArray();
  }

  private static GenerationRequest greedy(int seed, int length, int maxTokens) {
    return new GenerationRequest(prompt(seed, length), SamplingParameters.greedy(maxTokens));
  }

  /// Options that draw, and of two in three also some that look at the tokens so far.
  private static SamplingParameters.Builder sampled(int seed) {
    SamplingParameters.Builder drawn = SamplingParameters.builder().temperature(1.2).seed(seed);
    return switch (seed % 3) {
      case 0 -> drawn;
      case 1 ->
          drawn
              .topP(0.9)
              .frequencyPenalty(0.5)
              .badWords("bad", "word")
              .stop("q", "zz")
              .minTokens(3)
              .logprobs(2);
      default ->
          drawn
              .topK(40)
              .minP(0.01)
              .repetitionPenalty(1.1)
              .presencePenalty(0.5)
              .logitBias(Map.of(17, 3.0))
              .stopTokenIds(List.of(18, 19));
    };
  }

  /// Prompts of many lengths, greedy and sampled.
  private static List<GenerationRequest> mixedRequests() {
    List<GenerationRequest> requests = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      SamplingParameters sampling =
          i % 4 == 0 ? SamplingParameters.greedy(5 + i) : sampled(i).maxTokens(5 + i).build();
      requests.add(new GenerationRequest(prompt(i, 1 + i * 11 % 100), sampling));
    }
    return requests;
  }

  /// What promise two covers of each result.
  private static List<List<Object>> run(EngineOptions options, List<GenerationRequest> requests) {
    try (GenerationEngine engine = new GenerationEngine(model(List.of(17)), options)) {
      List<CompletableFuture<GenerationResult>> futures =
          requests.stream().map(engine::submit).toList();
      return futures.stream()
          .map(CompletableFuture::join)
          .map(r ->
              List.<Object>of(
                  r.requestId(),
                  r.tokens(),
                  r.finishReason(),
                  r.usage(),
                  r.text(),
                  r.logProbabilities()))
          .toList();
    }
  }

  @ParameterizedTest(name = "{0} threads, batch {1}, {2} tokens a step, cache of {3} bytes")
  @CsvSource({"1, 1, 1, 300000", "1, 7, 7, 67108864", "2, 32, 64, 400000", "3, 32, 512, 67108864"})
  void aCompletionDoesNotDependOnThreadsBatchStepsOrCacheSize(
      int threads, int batch, int stepTokens, long cacheBytes) {
    List<GenerationRequest> requests = mixedRequests();
    List<List<Object>> expected = run(options().withMaxBatch(4).withStepTokens(33), requests);

    EngineOptions options =
        EngineOptions.defaults()
            .withThreads(threads)
            .withMaxBatch(batch)
            .withStepTokens(stepTokens)
            .withKvCacheBytes(cacheBytes);
    assertThat(run(options, requests)).isEqualTo(expected);
    assertThat(run(options, requests.reversed()).reversed()).isEqualTo(expected);
    assertThat(expected).anyMatch(result -> result.get(2) == FinishReason.STOP);
    assertThat(expected).anyMatch(result -> result.get(2) == FinishReason.LENGTH);
  }

  @Test
  void stopsAtAStopTokenWithoutIt() {
    List<Integer> free;
    try (GenerationEngine engine = new GenerationEngine(model(List.of()), options())) {
      free = engine.submit(greedy(1, 10, 20)).join().tokens();
    }
    int stop = free.get(5);
    try (GenerationEngine engine = new GenerationEngine(model(List.of(stop)), options())) {
      GenerationResult result = engine.submit(greedy(1, 10, 20)).join();
      assertThat(result.finishReason()).isEqualTo(FinishReason.STOP);
      assertThat(result.tokens()).isEqualTo(free.subList(0, free.indexOf(stop)));
      assertThat(result.usage().prompt()).isEqualTo(10);
      assertThat(result.usage().completion()).isEqualTo(free.indexOf(stop));
    }
  }

  @Test
  void endsWhereTheContextEnds() {
    try (GenerationEngine engine = new GenerationEngine(model(List.of()), options())) {
      GenerationResult result = engine.submit(greedy(1, CONTEXT - 3, 20)).join();
      assertThat(result.finishReason()).isEqualTo(FinishReason.LENGTH);
      assertThat(result.tokens()).hasSize(3);
    }
  }

  @Test
  void aPromptMayLeaveRoomForOneTokenButNotForNone() {
    try (GenerationEngine engine = new GenerationEngine(model(List.of()), options())) {
      GenerationResult last = engine.submit(greedy(1, CONTEXT - 1, 20)).join();
      assertThat(last.finishReason()).isEqualTo(FinishReason.LENGTH);
      assertThat(last.tokens()).hasSize(1);
      for (int length : new int[] {CONTEXT, CONTEXT + 1}) {
        RowError error = engine.submit(greedy(1, length, 1)).join().error();
        assertThat(error).isNotNull();
        assertThat(error.reason()).isEqualTo(RowError.Reason.PROMPT_TOO_LONG);
      }
      GenerationResult one = engine.submit(greedy(1, 10, 1)).join();
      assertThat(one.tokens()).hasSize(1);
      assertThat(one.finishReason()).isEqualTo(FinishReason.LENGTH);
    }
  }

  @Test
  void aPromptThatFillsTheContextIsAnErrorOfItsRow() {
    try (GenerationEngine engine = new GenerationEngine(model(List.of()), options())) {
      GenerationResult result = engine.submit(greedy(1, CONTEXT, 20)).join();
      assertThat(result.finishReason()).isEqualTo(FinishReason.ERROR);
      assertThat(result.error()).isNotNull();
      assertThat(result.error().sentence())
          .isEqualTo(
              "prompt too long: it has 160 tokens, the model takes at most 159 and one of the"
                  + " completion; shorten the text or choose another model");
      assertThat(result.usage().prompt()).isEqualTo(160);
    }
  }

  @Test
  void aRequestLargerThanTheCacheIsAnErrorOfItsRowThatSaysHowMuchItNeeds() {
    EngineOptions options = options().withKvCacheBytes(50_000);
    try (GenerationEngine engine = new GenerationEngine(model(List.of()), options)) {
      RowError error = engine.submit(greedy(1, 100, 60)).join().error();
      assertThat(error).isNotNull();
      assertThat(error.reason()).isEqualTo(RowError.Reason.CACHE_TOO_SMALL);
      assertThat(error.detail()).contains("100 tokens and 60").contains("61440 bytes");
    }
  }

  @Test
  void aNumberThatIsNotFiniteFailsItsRowOnly() {
    Model model = model(List.of());
    Tensor embedding = model.weights().embedding();
    MemorySegment data = model.memory().allocate(embedding.data().byteSize());
    data.copyFrom(embedding.data());
    int hidden = model.config().hiddenSize();
    data.setAtIndex(ValueLayout.JAVA_SHORT, 7L * hidden + 3, (short) 0x7fc0); // NaN in bfloat16
    Tensor poisoned =
        new Tensor(embedding.name(), embedding.file(), embedding.dtype(), embedding.shape(), data);
    ModelWeights w = model.weights();
    Model broken =
        new Model(
            model.path(),
            model.overrides(),
            model.digest(),
            model.config(),
            new ModelWeights(poisoned, w.layers(), w.finalNorm(), w.output()),
            model.tokenizer(),
            model.chatTemplate(),
            model.warnings(),
            model.files(),
            model.memory());
    int[] good = {1, 2, 3};
    List<Integer> expected;
    try (GenerationEngine engine = new GenerationEngine(model(List.of()), options())) {
      expected =
          engine.submit(new GenerationRequest(good, SamplingParameters.greedy(4))).join().tokens();
    }
    try (GenerationEngine engine = new GenerationEngine(broken, options())) {
      var bad =
          engine.submit(new GenerationRequest(new int[] {1, 7, 3}, SamplingParameters.greedy(4)));
      var fine = engine.submit(new GenerationRequest(good, SamplingParameters.greedy(4)));
      assertThat(bad.join().finishReason()).isEqualTo(FinishReason.ERROR);
      assertThat(bad.join().error()).isNotNull();
      assertThat(bad.join().error().reason()).isEqualTo(RowError.Reason.NOT_FINITE);
      assertThat(fine.join().tokens()).isEqualTo(expected);
    }
  }

  @Test
  void aCancelledRequestGivesItsPlaceBack() {
    // a cache for one sequence: whoever holds it keeps all others waiting
    EngineOptions options = options().withKvCacheBytes(62_000);
    try (GenerationEngine engine = new GenerationEngine(model(List.of()), options)) {
      for (int i = 0; i < 20; i++) {
        List<CompletableFuture<GenerationResult>> futures = new ArrayList<>();
        for (int k = 0; k < 5; k++) {
          futures.add(engine.submit(greedy(i, 10, CONTEXT - 10)));
        }
        futures.forEach(future -> future.cancel(true));
      }
      assertThat(engine.submit(greedy(1, 10, CONTEXT - 10)).join().tokens()).hasSize(CONTEXT - 10);
      assertThat(engine.waiting()).isZero();
    }
  }

  @Test
  void closingFailsWhatIsOpenAndRefusesMore() {
    GenerationEngine engine = new GenerationEngine(model(List.of()), options().withMaxBatch(1));
    List<CompletableFuture<GenerationResult>> futures = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      futures.add(engine.submit(greedy(i, 100, 60)));
    }
    engine.close();
    engine.close();

    assertThat(futures).allMatch(CompletableFuture::isDone);
    assertThatThrownBy(futures.getLast()::join)
        .isInstanceOf(CompletionException.class)
        .hasRootCauseMessage("the engine is closed");
    assertThatThrownBy(() -> engine.submit(greedy(1, 1, 1)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the engine takes no requests: the engine is closed");
  }

  @Test
  void refusesATokenThatIsNoId() {
    try (GenerationEngine engine = new GenerationEngine(model(List.of()), options())) {
      var request = new GenerationRequest(new int[] {1, 320}, SamplingParameters.greedy(1));
      assertThatThrownBy(() -> engine.submit(request))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("prompt token 320, the model has ids 0 to 319");
    }
  }

  @Test
  void aModelFileThatIsCutOffInUseFailsTheEngineAndNotTheProcess(@TempDir Path folder)
      throws IOException {
    for (String name : new String[] {"config.json", "model.safetensors"}) {
      Files.copy(FOLDER.resolve(name), folder.resolve(name));
    }
    Path weights = folder.resolve("model.safetensors");
    try (GenerationEngine engine = GenerationEngine.open(folder, options())) {
      assertThat(engine.submit(greedy(1, 5, 3)).join().tokens()).hasSize(3);
      try (var file = new RandomAccessFile(weights.toFile(), "rw")) {
        file.setLength(5_000); // less than half of the embedding, which is read from the file
      }

      assertThatThrownBy(engine.submit(greedy(1, 5, 3))::join)
          .hasRootCauseInstanceOf(MalformedModelException.class)
          .hasMessageContaining(
              "model.safetensors: size: 5000 bytes, expected 784264 as when it was opened");
      assertThatThrownBy(() -> engine.submit(greedy(1, 5, 3)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("cut off while in use");
    }
  }

  private static String idOf(int[] prompt, SamplingParameters sampling) {
    return RequestId.of(
        "m",
        ModelOverrides.NONE,
        STOPS,
        KvCacheType.FLOAT16,
        new GenerationRequest(prompt, sampling));
  }

  @Test
  void theRequestIdNamesEverythingACompletionDependsOn() {
    GenerationRequest base = greedy(1, 5, 8);
    int[] prompt = base.promptTokens();
    Set<String> ids = new HashSet<>();
    ids.add(RequestId.of("m", ModelOverrides.NONE, STOPS, KvCacheType.FLOAT16, base));
    ids.add(RequestId.of("n", ModelOverrides.NONE, STOPS, KvCacheType.FLOAT16, base));
    ids.add(RequestId.of("m", ModelOverrides.NONE, STOPS, KvCacheType.FLOAT32, base));
    ids.add(RequestId.of("m", ModelOverrides.NONE, STOPS, KvCacheType.FLOAT16, greedy(2, 5, 8)));
    ids.add(RequestId.of("m", ModelOverrides.NONE, STOPS, KvCacheType.FLOAT16, greedy(1, 5, 9)));
    List<UnaryOperator<SamplingParameters.Builder>> options =
        List.of(
            b -> b.minTokens(2),
            b -> b.temperature(0.5),
            b -> b.topK(3),
            b -> b.topP(0.5),
            b -> b.minP(0.5),
            b -> b.repetitionPenalty(1.1),
            b -> b.presencePenalty(1),
            b -> b.frequencyPenalty(1),
            b -> b.seed(1),
            b -> b.ignoreEos(),
            b -> b.logitBias(Map.of(1, 1.0)),
            b -> b.logitBias(Map.of(1, 2.0)),
            b -> b.allowedTokenIds(List.of(5)),
            b -> b.stopTokenIds(List.of(5)),
            b -> b.stop("a", "b"),
            b -> b.stop("ab"),
            b -> b.badWords("a", "b"),
            b -> b.logprobs(0),
            b -> b.logprobs(3));
    for (UnaryOperator<SamplingParameters.Builder> option : options) {
      ids.add(idOf(prompt, option.apply(base.sampling().toBuilder()).build()));
    }
    assertThat(idOf(prompt, SamplingParameters.builder().stop("b", "a").maxTokens(8).build()))
        .isIn(ids);
    var stretched = new ModelOverrides(5e6, null, null, null);
    ids.add(RequestId.of("m", stretched, STOPS, KvCacheType.FLOAT16, base));
    ids.add(RequestId.of("m", ModelOverrides.NONE, new int[] {2}, KvCacheType.FLOAT16, base));
    assertThat(ids).hasSize(26);
    // Resumed jobs compare ids of earlier runs: a change of the recipe makes them do everything
    // again.
    assertThat(idOf(new int[] {1, 2, 3}, SamplingParameters.greedy(8)))
        .isEqualTo("dde8320ab6f4807ee4570aa469caaecaa0ca76703593648ed4c1462393b010ee");
  }
}
