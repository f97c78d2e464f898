package org.glmspark.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.util.BitSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerTest {
  private static final String REQUEST = "00112233445566778899aabbccddeeff";

  private static SamplingParameters sampling(double temperature, double topP) {
    return new SamplingParameters(10, temperature, topP, 1, 0);
  }

  private static double[] frequencies(float[] logits, SamplingParameters parameters) {
    CounterRandom random = new CounterRandom(parameters.seed(), REQUEST);
    int draws = 200_000;
    double[] frequencies = new double[logits.length];
    for (int i = 0; i < draws; i++) {
      frequencies[Sampler.next(logits, 0, logits.length, parameters, random.uniform(i))] +=
          1.0 / draws;
    }
    return frequencies;
  }

  @Test
  void greedyTakesTheLowestIdOfTheLargestLogits() {
    float[] logits = {9, -1, 3, 7, 7, 3};
    assertThat(Sampler.next(logits, 1, 5, SamplingParameters.greedy(1), 0.99)).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void aLogitThatIsNotFiniteMeansThereIsNoToken(float bad) {
    float[] logits = {1, 2, bad, 3};
    assertThat(Sampler.next(logits, 0, 4, SamplingParameters.greedy(1), 0))
        .isEqualTo(Sampler.NOT_FINITE);
    assertThat(Sampler.next(logits, 0, 4, sampling(1, 1), 0)).isEqualTo(Sampler.NOT_FINITE);
  }

  @Test
  void drawsWithTheProbabilitiesOfTheSoftmax() {
    float[] logits = {0, (float) Math.log(2), (float) Math.log(5), (float) Math.log(2)};
    double[] frequencies = frequencies(logits, sampling(1, 1));
    double[] expected = {0.1, 0.2, 0.5, 0.2};
    for (int i = 0; i < 4; i++) {
      assertThat(frequencies[i]).isCloseTo(expected[i], offset(0.005));
    }
  }

  @Test
  void temperatureSharpens() {
    float[] logits = {0, (float) Math.log(2), (float) Math.log(4)};
    double[] frequencies = frequencies(logits, sampling(0.5, 1)); // odds are squared: 1 : 4 : 16
    assertThat(frequencies[0]).isCloseTo(1 / 21.0, offset(0.005));
    assertThat(frequencies[2]).isCloseTo(16 / 21.0, offset(0.005));
  }

  @Test
  void topPKeepsTheSmallestSetThatReachesIt() {
    float[] logits = {(float) Math.log(2), 0, (float) Math.log(5), (float) Math.log(2)};
    // 0.5, then 0.2 of the lower id among the equals: 0.7 reaches 0.6
    double[] frequencies = frequencies(logits, sampling(1, 0.6));
    assertThat(frequencies[2]).isCloseTo(5 / 7.0, offset(0.005));
    assertThat(frequencies[0]).isCloseTo(2 / 7.0, offset(0.005));
    assertThat(frequencies[1] + frequencies[3]).isZero();
  }

  @Test
  void aTinyTopPIsGreedy() {
    float[] logits = {1, 3, 2};
    for (double uniform : new double[] {0, 0.5, Math.nextDown(1.0)}) {
      assertThat(Sampler.next(logits, 0, 3, sampling(2, 1e-9), uniform)).isEqualTo(1);
    }
  }

  @Test
  void theRandomStreamIsAFunctionOfSeedRequestAndIndex() {
    CounterRandom random = new CounterRandom(42, REQUEST);
    double mean = 0;
    for (int i = 0; i < 100_000; i++) {
      double value = random.uniform(i);
      assertThat(value).isBetween(0.0, Math.nextDown(1.0));
      mean += value / 100_000;
    }
    assertThat(mean).isCloseTo(0.5, offset(0.005));
    assertThat(random.uniform(7)).isEqualTo(new CounterRandom(42, REQUEST).uniform(7));
    assertThat(random.uniform(7)).isNotEqualTo(new CounterRandom(43, REQUEST).uniform(7));
    assertThat(random.uniform(7))
        .isNotEqualTo(new CounterRandom(42, "1" + REQUEST.substring(1)).uniform(7));
    // Sampled completions depend on this number: a change needs a new numerics version.
    assertThat(random.uniform(0)).isEqualTo(0.24070907386765816);
  }

  @Test
  void refusesValuesOutOfRangeWithTheRange() {
    assertThatThrownBy(() -> sampling(2.5, 1)).hasMessage("temperature is 2.5, expected 0 to 2");
    assertThatThrownBy(() -> sampling(Double.NaN, 1)).hasMessageContaining("temperature is NaN");
    assertThatThrownBy(() -> sampling(1, 0))
        .hasMessage("top_p is 0.0, expected a number above 0 and at most 1");
    assertThatThrownBy(() -> SamplingParameters.greedy(0))
        .hasMessage("max_tokens is 0, expected at least 1");
  }

  @Test
  void repetitionMakesTokensLessProbableWhateverTheSignOfTheirLogit() {
    float[] logits = {9, 4, -2, 4, 0};
    BitSet present = new BitSet();
    present.set(0); // of the row that starts at 1: 4, -2, 4, 0
    present.set(1);
    present.set(3);

    Sampler.penalise(logits, 1, present, 2);

    assertThat(logits).containsExactly(9, 2, -4, 4, 0);
    assertThat(Sampler.next(logits, 1, 4, SamplingParameters.greedy(1), 0)).isEqualTo(2);
  }

  @Test
  void presetsAreSettingsThatTheRangesAllow() {
    for (SamplingPreset preset : SamplingPreset.values()) {
      assertThat(preset.parameters(7).seed()).isEqualTo(7);
    }
    assertThat(SamplingPreset.GREEDY.parameters(0)).isEqualTo(SamplingParameters.greedy(256));
    assertThat(SamplingPreset.CLI_0414.parameters(0))
        .isEqualTo(new SamplingParameters(8192, 0.6, 0.8, 1.2, 0));
  }
}
