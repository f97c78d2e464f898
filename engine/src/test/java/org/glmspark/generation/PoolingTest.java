package org.glmspark.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.glmspark.model.Model;
import org.glmspark.model.ModelLoader;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.tensor.StripMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// On a tiny random model.
class PoolingTest {
  private static final Path FOLDER = Path.of("src/test/resources/golden/glm-4-9b-chat");

  private static EngineOptions options() {
    return EngineOptions.defaults().withThreads(2).withKvCacheBytes(64 << 20);
  }

  private static PoolingRequest request(int seed, int length, int first, int end) {
    return new PoolingRequest(new Random(seed).ints(length, 0, 320).toArray(), first, end);
  }

  private static float[] mean(GenerationEngine engine, PoolingRequest request) {
    PoolingResult result = engine.submit(request).join();
    assertThat(result.error()).isNull();
    return result.mean();
  }

  /// The output matrix makes logits of a hidden state after the final norm, and the log-probability
  /// that scoring tells is a difference of them.
  @Test
  void aHiddenStateIsTheOneThatLogitsAreMadeOf() {
    int[] tokens = new Random(7).ints(50, 0, 320).toArray();
    try (GenerationEngine engine = GenerationEngine.open(FOLDER, options());
        Model model = ModelLoader.load(FOLDER)) {
      for (int position : new int[] {0, 1, 30, 48}) {
        float[] hidden = mean(engine, new PoolingRequest(tokens, position, position + 1));
        assertThat(hidden).hasSize(model.config().hiddenSize());
        double[] logits = logits(model.weights().output(), hidden);
        double logSum = Math.log(Arrays.stream(logits).map(Math::exp).sum());
        int[] head = Arrays.copyOf(tokens, position + 2);
        double scored = engine.submit(new ScoringRequest(head, position + 1)).join().sum();
        assertThat(scored).isCloseTo(logits[tokens[position + 1]] - logSum, offset(1e-4));
      }
    }
  }

  private static double[] logits(StripMatrix output, float[] hidden) {
    double[] logits = new double[output.rows()];
    float[] row = new float[output.columns()];
    for (int i = 0; i < logits.length; i++) {
      output.decodeRow(i, 0, row.length, row, 0);
      for (int column = 0; column < row.length; column++) {
        logits[i] += (double) row[column] * hidden[column];
      }
    }
    return logits;
  }

  @Test
  void theMeanIsThatOfTheTokensAskedForAndOfNoOther() {
    PoolingRequest whole = request(1, 120, 0, 120);
    try (GenerationEngine engine = GenerationEngine.open(FOLDER, options())) {
      double[] sum = new double[engine.model().config().hiddenSize()];
      for (int i = 40; i < 77; i++) {
        float[] hidden = mean(engine, new PoolingRequest(whole.tokens(), i, i + 1));
        for (int d = 0; d < sum.length; d++) {
          sum[d] += hidden[d];
        }
      }
      float[] mean = mean(engine, new PoolingRequest(whole.tokens(), 40, 77));
      for (int d = 0; d < sum.length; d++) {
        assertThat((double) mean[d]).isCloseTo(sum[d] / 37, offset(1e-6));
      }
      int[] cut = Arrays.copyOf(whole.tokens(), 77);
      assertThat(mean(engine, new PoolingRequest(cut, 40, 77))).isEqualTo(mean);
    }
  }

  @ParameterizedTest(name = "{0} threads, batch {1}, {2} tokens a step, cache of {3} bytes, {4}")
  @CsvSource({
    "1, 1, 1, 67108864, OFF",
    "1, 3, 7, 400000, ON",
    "2, 8, 64, 500000, OFF",
    "3, 32, 512, 67108864, ON"
  })
  void meansDoNotDependOnThreadsBatchStepsCacheOrOtherRequests(
      int threads, int batch, int stepTokens, long cacheBytes, PrefixCache prefixCache) {
    List<PoolingRequest> requests =
        IntStream.range(0, 12)
            .mapToObj(i -> request(i % 4, 10 + i * 17, i * 3, 10 + i * 15))
            .toList();
    List<float[]> expected;
    try (GenerationEngine engine = GenerationEngine.open(FOLDER, options())) {
      expected = requests.stream().map(request -> mean(engine, request)).toList();
    }
    EngineOptions options =
        options()
            .withThreads(threads)
            .withMaxBatch(batch)
            .withStepTokens(stepTokens)
            .withKvCacheBytes(cacheBytes)
            .withPrefixCache(prefixCache);
    try (GenerationEngine engine = GenerationEngine.open(FOLDER, options)) {
      int[] prompt = request(99, 40, 0, 1).tokens();
      var generation = new GenerationRequest(prompt, SamplingParameters.greedy(60));
      CompletableFuture<GenerationResult> beside = engine.submit(generation);
      List<CompletableFuture<PoolingResult>> futures =
          requests.stream().map(engine::submit).toList();
      for (int i = 0; i < requests.size(); i++) {
        assertThat(futures.get(i).join().mean()).isEqualTo(expected.get(i));
      }
      assertThat(beside.join().error()).isNull();
    }
  }

  @Test
  void aTextBeyondTheContextIsAnError() {
    try (GenerationEngine engine = GenerationEngine.open(FOLDER, options())) {
      int context = engine.model().config().contextTokens();
      RowError error = engine.submit(request(1, context + 1, 0, context + 1)).join().error();
      assertThat(error).isNotNull();
      assertThat(error.reason()).isEqualTo(RowError.Reason.PROMPT_TOO_LONG);
    }
  }

  @Test
  void refusesToPoolNothing() {
    int[] tokens = {1, 2, 3};
    assertThatThrownBy(() -> new PoolingRequest(tokens, 2, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("pooled tokens 2 to before 2 of 3, expected one or more of them");
    assertThatThrownBy(() -> new PoolingRequest(tokens, 0, 4))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new PoolingRequest(tokens, -1, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
