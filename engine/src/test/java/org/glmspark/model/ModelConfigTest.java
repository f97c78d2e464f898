package org.glmspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class ModelConfigTest {
  @Test
  void aTiedEmbeddingCountsOnce() {
    ModelConfig config = ModelShape.GLM_4_32B.config();
    var tied =
        new ModelConfig(
            config.blockType(),
            config.hiddenSize(),
            config.layers(),
            config.heads(),
            config.keyValueHeads(),
            config.headSize(),
            config.feedForwardSize(),
            config.vocabularySize(),
            config.normEpsilon(),
            config.rope(),
            config.contextTokens(),
            config.queryKeyValueBias(),
            true,
            config.stopTokens());
    assertThat(config.parameters() - tied.parameters()).isEqualTo(6144L * 151_552);
  }

  @Test
  void knowsTheRowsOfTheFusedProjection() {
    assertThat(ModelShape.GLM_4_9B.config().queryKeyValueRows()).isEqualTo(4608);
    assertThat(ModelShape.GLM_4_9B_1M.config().queryKeyValueRows()).isEqualTo(5120);
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
