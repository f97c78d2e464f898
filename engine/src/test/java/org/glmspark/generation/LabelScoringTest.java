package org.glmspark.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.glmspark.cache.PagedKvCache;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// On a small random model.
class LabelScoringTest {
  private static final List<int[]> LABELS =
      List.of(new int[] {9}, new int[] {9, 10}, tokens(3, 30), new int[] {11, 12, 13, 2});

  private static int[] tokens(int seed, int length) {
    return new Random(seed).ints(length, 0, 320).toArray();
  }

  private static EngineOptions options() {
    return EngineOptions.defaults().withThreads(2).withKvCacheBytes(64 << 20);
  }

  private static GenerationEngine engine(EngineOptions options) {
    return new GenerationEngine(TinyModel.of(List.of()), options);
  }

  /// Each label as a text of its own.
  private static List<Double> oneByOne(GenerationEngine engine, int[] prompt) {
    List<Double> sums = new ArrayList<>();
    for (int[] label : LABELS) {
      int[] text = IntStream.concat(IntStream.of(prompt), IntStream.of(label)).toArray();
      double[] scores =
          engine.submit(new ScoringRequest(text, prompt.length)).join().logProbabilities();
      sums.add(scores[0] + DoubleStream.of(scores).skip(1).sum());
    }
    return sums;
  }

  @ParameterizedTest(name = "prompt of {0} tokens")
  @ValueSource(ints = {1, 15, 16, 17, 32, 100})
  void aLabelIsAsProbableAsTheSameTextScoredAlone(int length) {
    int[] prompt = tokens(length, length);
    try (GenerationEngine engine = engine(options().withPrefixCache(PrefixCache.OFF))) {
      LabelResult result = engine.submit(new LabelRequest(prompt, LABELS)).join();

      long computed = engine.stats().prefillTokens();
      int continuations = LABELS.stream().mapToInt(label -> label.length - 1).sum();
      assertThat(computed).isEqualTo(length + continuations); // the prompt once
      assertThat(result.error()).isNull();
      assertThat(result.logProbabilities()).isEqualTo(oneByOne(engine, prompt));
      assertThat(result.usage()).isEqualTo(new GenerationResult.Usage(length, 0, 0));
      assertThat(engine.stats().blocksUsed()).isZero();
    }
  }

  @Test
  void aSecondPromptWithTheSameBeginningTakesItFromTheCache() {
    int[] prompt = tokens(1, 100);
    int[] other = prompt.clone();
    other[90]++;
    try (GenerationEngine engine = engine(options())) {
      engine.submit(new LabelRequest(prompt, LABELS)).join();
      LabelResult result = engine.submit(new LabelRequest(other, LABELS)).join();

      assertThat(result.usage().cached()).isEqualTo(80);
      assertThat(result.logProbabilities()).isEqualTo(oneByOne(engine, other));
    }
  }

  @Test
  void labelsThatDoNotFitTogetherComeOneAfterTheOther() {
    int[] prompt = tokens(1, 90);
    List<Double> expected;
    long blockBytes;
    try (GenerationEngine engine = engine(options())) {
      expected = oneByOne(engine, prompt);
      var config = engine.model().config();
      blockBytes =
          PagedKvCache.blockBytes(
              engine.options().kvCacheType(),
              config.layers(),
              config.keyValueHeads(),
              config.headSize());
    }
    EngineOptions tight = // the prompt and its longest label fill it
        options().withKvCacheBytes(8 * blockBytes).withPrefixCache(PrefixCache.OFF);
    try (GenerationEngine engine = engine(tight)) {
      var requests = IntStream.range(0, 5).mapToObj(_ -> new LabelRequest(prompt, LABELS)).toList();
      var results = requests.stream().map(engine::submit).toList();
      results.forEach(result -> assertThat(result.join().logProbabilities()).isEqualTo(expected));
    }
  }

  @Test
  void whoCancelsTakesAllLabelsBack() {
    try (GenerationEngine engine = engine(options().withMaxBatch(1))) {
      for (int i = 0; i < 50; i++) {
        var result = engine.submit(new LabelRequest(tokens(i, 100), LABELS));
        if (i % 5 == 0) {
          while (engine.stats().steps() < i && !result.isDone()) {
            Thread.onSpinWait(); // until it is somewhere between prompt and labels
          }
        }
        result.cancel(true);
      }
      assertThat(engine.submit(new LabelRequest(tokens(1, 9), LABELS)).join().error()).isNull();
      assertThat(engine.stats().blocksUsed()).isZero();
      assertThat(engine.waiting()).isZero();
    }
  }

  @Test
  void whatTheEngineCannotHoldIsAnErrorThatSaysWhy() {
    try (GenerationEngine engine = engine(options().withKvCacheBytes(50_000))) {
      RowError tooLong = engine.submit(new LabelRequest(tokens(1, 131), LABELS)).join().error();
      assertThat(tooLong).isNotNull();
      assertThat(tooLong.sentence())
          .isEqualTo(
              "prompt too long: it has 131 tokens and the longest label 30, the model takes at most"
                  + " 160 together");
      RowError tooLarge = engine.submit(new LabelRequest(tokens(1, 110), LABELS)).join().error();
      assertThat(tooLarge).isNotNull();
      assertThat(tooLarge.sentence())
          .startsWith("cache too small: a prompt of 110 tokens and a label of 30 need 55296 bytes");
    }
  }

  @Test
  void refusesWhatIsNoQuestion() {
    int[] prompt = {1};
    assertThatThrownBy(() -> new LabelRequest(new int[0], LABELS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the prompt has no tokens");
    assertThatThrownBy(() -> new LabelRequest(prompt, List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("there are no labels");
    assertThatThrownBy(() -> new LabelRequest(prompt, List.of(prompt, new int[0])))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("label 1 has no tokens");
    try (GenerationEngine engine = engine(options())) {
      LabelRequest wrong = new LabelRequest(prompt, List.of(new int[] {320}));
      assertThatThrownBy(() -> engine.submit(wrong))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("320");
    }
  }
}
