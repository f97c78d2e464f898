package org.glmspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class ModelConfigTest {
  @Test
  void countsTheParametersOfThePublishedModels() {
    assertThat(glm4(2, 151_552, 40).parameters()).isEqualTo(9_399_951_360L); // GLM-4-9B-Chat
    assertThat(glm4(4, 151_552, 40).parameters()).isEqualTo(9_483_857_920L); // GLM-4-9B-Chat-1M
    assertThat(glm4(2, 65_024, 28).parameters()).isEqualTo(6_243_584_000L); // ChatGLM3-6B-32K
    assertThat(glm32b(false).parameters()).isEqualTo(32_566_081_536L); // GLM-4-32B-0414
    assertThat(glm32b(true).parameters()).isEqualTo(32_566_081_536L - 6144L * 151_552);
  }

  @Test
  void knowsTheRowsOfTheFusedProjection() {
    assertThat(glm4(2, 151_552, 40).queryKeyValueRows()).isEqualTo(4608);
    assertThat(glm4(4, 151_552, 40).queryKeyValueRows()).isEqualTo(5120);
  }

  @Test
  void refusesNumbersThatNoModelHas() {
    assertThatThrownBy(() -> config(0, 32, 2, 128, 1e-5f, 1e4, 64, List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("hiddenSize is 0, expected 1 to 1048576");
    assertThatThrownBy(() -> config(4096, 32, 3, 128, 1e-5f, 1e4, 64, List.of()))
        .hasMessage("keyValueHeads is 3, expected a divisor of 32");
    assertThatThrownBy(() -> config(4096, 32, 64, 128, 1e-5f, 1e4, 64, List.of()))
        .hasMessage("keyValueHeads is 64, expected 1 to 32");
    assertThatThrownBy(() -> config(4096, 16_384, 2, 128, 1e-5f, 1e4, 64, List.of()))
        .hasMessage("headSize is 128, expected 1 to 64");
    assertThatThrownBy(() -> config(4096, 32, 2, 40, 1e-5f, 1e4, 20, List.of()))
        .hasMessage("headSize is 40, expected a multiple of 16");
    assertThatThrownBy(() -> config(4096, 32, 2, 128, 0, 1e4, 64, List.of()))
        .hasMessage("normEpsilon is 0.0, expected above 0");
    assertThatThrownBy(() -> config(4096, 32, 2, 128, Float.NaN, 1e4, 64, List.of()))
        .hasMessage("normEpsilon is NaN, expected above 0");
    assertThatThrownBy(() -> config(4096, 32, 2, 128, 1e-5f, 1, 64, List.of()))
        .hasMessage("ropeBase is 1.0, expected above 1");
    assertThatThrownBy(() -> config(4096, 32, 2, 128, 1e-5f, 1e4, 63, List.of()))
        .hasMessage("rotatedSize is 63, expected an even number from 2");
    assertThatThrownBy(() -> config(4096, 32, 2, 128, 1e-5f, 1e4, 130, List.of()))
        .hasMessage("rotatedSize is 130, expected 1 to 128");
    assertThatThrownBy(() -> config(4096, 32, 2, 128, 1e-5f, 1e4, 64, List.of(151_552)))
        .hasMessage("stop token is 151552, expected 0 to 151551");
  }

  private static ModelConfig glm4(int keyValueHeads, int vocabulary, int layers) {
    return new ModelConfig(
        BlockType.PRE_NORM,
        4096,
        layers,
        32,
        keyValueHeads,
        128,
        13_696,
        vocabulary,
        1e-5f,
        new RotarySettings(1e4, 64, null),
        131_072,
        true,
        false,
        List.of());
  }

  private static ModelConfig glm32b(boolean tied) {
    return new ModelConfig(
        BlockType.SANDWICH_NORM,
        6144,
        61,
        48,
        2,
        128,
        23_040,
        151_552,
        1e-5f,
        new RotarySettings(1e4, 64, null),
        32_768,
        false,
        tied,
        List.of());
  }

  private static ModelConfig config(
      int hidden,
      int heads,
      int keyValueHeads,
      int headSize,
      float epsilon,
      double ropeBase,
      int rotated,
      List<Integer> stopTokens) {
    return new ModelConfig(
        BlockType.PRE_NORM,
        hidden,
        40,
        heads,
        keyValueHeads,
        headSize,
        13_696,
        151_552,
        epsilon,
        new RotarySettings(ropeBase, rotated, null),
        131_072,
        true,
        false,
        stopTokens);
  }
}
