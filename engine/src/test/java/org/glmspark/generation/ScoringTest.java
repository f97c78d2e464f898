package org.glmspark.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.glmspark.cache.KvCacheType;
import org.glmspark.sampling.SamplingParameters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// On a tiny random model and its logits in float64.
class ScoringTest {
  private static final Path FOLDER = Path.of("src/test/resources/golden/glm-4-9b-chat");

  private static EngineOptions options() {
    return EngineOptions.defaults()
        .withThreads(2)
        .withKvCacheType(KvCacheType.FLOAT32)
        .withKvCacheBytes(64 << 20);
  }

  private static ScoringRequest request(int seed, int length, int firstScored) {
    return new ScoringRequest(new Random(seed).ints(length, 0, 320).toArray(), firstScored);
  }

  @Test
  void logProbabilitiesAreThoseOfTheFloat64Reference() throws IOException {
    JsonNode golden =
        new ObjectMapper().readTree(FOLDER.resolve("expected.json").toFile()).get("cases").get(3);
    int[] prompt = integers(golden.get("ids"));
    double[] logits =
        StreamSupport.stream(golden.get("logits_last").spliterator(), false)
            .mapToDouble(JsonNode::doubleValue)
            .toArray();
    double logSum = Math.log(Arrays.stream(logits).map(Math::exp).sum());
    try (GenerationEngine engine = GenerationEngine.open(FOLDER, options())) {
      for (int next : new int[] {0, 1, 17, 160, 319}) {
        int[] tokens = Arrays.copyOf(prompt, prompt.length + 1);
        tokens[prompt.length] = next;
        ScoringResult result = engine.submit(new ScoringRequest(tokens, prompt.length)).join();
        assertThat(result.logProbabilities()).hasSize(1);
        assertThat(result.sum()).isCloseTo(logits[next] - logSum, offset(1e-3));
      }
    }
  }

  private static int[] integers(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::intValue).toArray();
  }

  @Test
  void everyTokenIsScoredAfterAllBeforeIt() {
    ScoringRequest whole = request(1, 150, 1);
    try (GenerationEngine engine = GenerationEngine.open(FOLDER, options())) {
      double[] all = engine.submit(whole).join().logProbabilities();
      assertThat(all).hasSize(149);
      for (int i : new int[] {1, 2, 64, 149}) {
        int[] head = Arrays.copyOf(whole.tokens(), i + 1);
        assertThat(engine.submit(new ScoringRequest(head, i)).join().logProbabilities())
            .containsExactly(all[i - 1]);
      }
    }
  }

  @ParameterizedTest(name = "{0} threads, batch {1}, {2} tokens a step")
  @CsvSource({"1, 1, 1", "1, 3, 7", "2, 8, 64", "3, 32, 512"})
  void scoresDoNotDependOnThreadsBatchStepsOrOtherRequests(int threads, int batch, int stepTokens) {
    List<ScoringRequest> requests =
        IntStream.range(0, 12).mapToObj(i -> request(i, 2 + i * 17, 1 + i * 8)).toList();
    List<double[]> expected;
    try (GenerationEngine engine = GenerationEngine.open(FOLDER, options())) {
      expected = requests.stream().map(r -> engine.submit(r).join().logProbabilities()).toList();
    }
    EngineOptions options =
        options().withThreads(threads).withMaxBatch(batch).withStepTokens(stepTokens);
    try (GenerationEngine engine = GenerationEngine.open(FOLDER, options)) {
      int[] prompt = request(99, 40, 1).tokens();
      var generation = new GenerationRequest(prompt, SamplingParameters.greedy(60));
      CompletableFuture<GenerationResult> beside = engine.submit(generation);
      List<CompletableFuture<ScoringResult>> futures =
          requests.stream().map(engine::submit).toList();
      for (int i = 0; i < requests.size(); i++) {
        assertThat(futures.get(i).join().logProbabilities()).isEqualTo(expected.get(i));
      }
      assertThat(beside.join().tokens())
          .isEqualTo(engine.submit(generation).join().tokens())
          .hasSizeGreaterThan(1);
    }
  }

  @Test
  void aTextTheEngineCannotHoldIsAnErrorThatSaysWhy() {
    try (GenerationEngine engine =
        GenerationEngine.open(FOLDER, options().withKvCacheBytes(1 << 20))) {
      int context = engine.model().config().contextTokens();
      RowError tooLong = engine.submit(request(1, context + 1, 1)).join().error();
      assertThat(tooLong).isNotNull();
      assertThat(tooLong.sentence())
          .isEqualTo(
              "prompt too long: it has %d tokens, the model takes at most %d"
                  .formatted(context + 1, context));
      RowError tooLarge = engine.submit(request(1, 4000, 1)).join().error();
      assertThat(tooLarge).isNotNull();
      assertThat(tooLarge.sentence())
          .startsWith("cache too small: a text of 4000 tokens needs ")
          .endsWith("kv-cache-bytes gives 1044480");
    }
  }

  @Test
  void refusesToScoreATokenWithNothingBeforeIt() {
    int[] tokens = {1, 2, 3};
    assertThatThrownBy(() -> new ScoringRequest(tokens, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("first scored token 0 of 3, expected 1 to 2");
    assertThatThrownBy(() -> new ScoringRequest(tokens, 3))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
