package org.glmspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import org.junit.jupiter.api.Test;

class RotarySettingsTest {
  @Test
  void withoutScalingThePairsSlowDownGeometrically() {
    var rope = new RotarySettings(5e6, 64, null);

    assertThat(rope.amplitude()).isEqualTo(1);
    double[] frequencies = rope.frequencies();
    assertThat(frequencies).hasSize(32);
    for (int i = 0; i < 32; i++) {
      assertThat(frequencies[i]).isCloseTo(Math.pow(5e6, -2.0 * i / 64), offset(1e-15));
    }
  }

  /// Values of transformers and llama.cpp for base 10000 and factor 4.
  @Test
  void yarnMixesSlowedAndPlainFrequencies() {
    var yarn = new YarnScaling(4, 32_768, 32, 1, YarnScaling.attentionFactor(4));
    var rope = new RotarySettings(1e4, 64, yarn);

    double[] frequencies = rope.frequencies();
    double[] plain = new RotarySettings(1e4, 64, null).frequencies();

    assertThat(frequencies[16]).isEqualTo(plain[16]);
    assertThat(frequencies[17]).isCloseTo(0.007498942093324558, offset(1e-16));
    assertThat(frequencies[20]).isCloseTo(0.0026149603728315442, offset(1e-16));
    assertThat(frequencies[31]).isCloseTo(3.33380358040831e-05, offset(1e-18));
    assertThat(frequencies[30]).isCloseTo(plain[30] / 4, offset(1e-18));
    assertThat(rope.amplitude()).isCloseTo(1.138629436111989, offset(1e-15));
  }

  @Test
  void refusesWhatMakesNoFrequencies() {
    assertThatThrownBy(() -> new RotarySettings(1, 64, null))
        .hasMessage("ropeBase is 1.0, expected above 1");
    assertThatThrownBy(() -> new RotarySettings(1e4, 0, null))
        .hasMessage("rotatedSize is 0, expected an even number from 2");
    assertThatThrownBy(() -> new YarnScaling(0.5, 10, 32, 1, 1))
        .hasMessage("factor is 0.5, expected at least 1");
    assertThatThrownBy(() -> new YarnScaling(4, 0, 32, 1, 1))
        .hasMessage("originalTokens is 0, expected at least 1");
    assertThatThrownBy(() -> new YarnScaling(4, 10, 1, 2, 1))
        .hasMessage("betaFast is 1.0, expected at least betaSlow, 2.0");
  }
}
