package org.glmspark.model;

import java.util.List;
import java.util.Locale;

/// The sizes of the published models, for measurements that need no download.
///
/// Source: their `config.json`.
public enum ModelShape {
  CHATGLM2_6B(BlockType.PRE_NORM, 4096, 28, 32, 2, 13_696, 65_024, 1e-5f, 1e4, 32_768),
  CHATGLM3_6B(BlockType.PRE_NORM, 4096, 28, 32, 2, 13_696, 65_024, 1e-5f, 5e5, 32_768),
  GLM_4_9B(BlockType.PRE_NORM, 4096, 40, 32, 2, 13_696, 151_552, 1.5625e-7f, 5e6, 131_072),
  GLM_4_9B_1M(BlockType.PRE_NORM, 4096, 40, 32, 4, 13_696, 151_552, 1.5625e-7f, 1e8, 1_048_576),
  GLM_4_32B(BlockType.SANDWICH_NORM, 6144, 61, 48, 2, 23_040, 151_552, 1e-5f, 1e4, 32_768);

  private static final int HEAD_SIZE = 128;

  @SuppressWarnings("ImmutableEnumChecker") // a record that copies its lists
  private final ModelConfig config;

  ModelShape(
      BlockType blockType,
      int hiddenSize,
      int layers,
      int heads,
      int keyValueHeads,
      int feedForwardSize,
      int vocabularySize,
      float normEpsilon,
      double ropeBase,
      int contextTokens) {
    config =
        new ModelConfig(
            blockType,
            hiddenSize,
            layers,
            heads,
            keyValueHeads,
            HEAD_SIZE,
            feedForwardSize,
            vocabularySize,
            normEpsilon,
            new RotarySettings(ropeBase, HEAD_SIZE / 2, null),
            contextTokens,
            blockType == BlockType.PRE_NORM, // only GLM-4-32B has no bias
            false,
            List.of());
  }

  /// The name in options: `glm-4-9b`.
  public String optionName() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /// The whole model's hyper-parameters, without stop tokens.
  public ModelConfig config() {
    return config;
  }

  /// The same with another number of layers.
  ///
  /// @throws IllegalArgumentException if it is not 1 to 4,096
  public ModelConfig config(int layers) {
    return config.withLayers(layers);
  }
}
