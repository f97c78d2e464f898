package org.glmspark.model;

import java.util.ArrayList;
import java.util.List;
import org.glmspark.model.PublishedConfig.Layout;

/// Settings that files of GLM models are known to have wrong. None of them can be told for certain,
/// so the model runs as its files say, with a warning.
final class ModelWarnings {
  private static final int LONG_CONTEXT = 131_072;
  private static final int LONGEST_CONTEXT = 1_048_576;
  private static final float GLM4_EPSILON = 1.5625e-7f;
  private static final float CONVERTERS_EPSILON = 1e-5f;

  private ModelWarnings() {}

  static List<String> of(PublishedConfig published) {
    ModelConfig config = published.config();
    var warnings = new ArrayList<String>();
    boolean glm4 =
        config.blockType() == BlockType.PRE_NORM
            && config.vocabularySize() == ModelFamily.GLM4.vocabularySize();
    boolean plainRope =
        config.rope().base() == RotarySettings.PLAIN_BASE && config.rope().yarn() == null;
    if (published.layout() == Layout.HUGGING_FACE
        && config.blockType() == BlockType.PRE_NORM
        && config.contextTokens() >= LONG_CONTEXT
        && plainRope) {
      warnings.add(
          "rope_theta is 10000 although the context has %,d tokens: GLM-4-9B-Chat has 5000000 and GLM-4-9B-Chat-1M has 100000000; if long texts come out wrong, set model.rope-base=%s"
              .formatted(
                  config.contextTokens(),
                  config.contextTokens() >= LONGEST_CONTEXT ? "100000000" : "5000000"));
    }
    if (published.layout() == Layout.GGUF && glm4 && plainRope) {
      warnings.add(
          "%s is 10000, which converters write for GLM-4-9B by mistake: GLM-4-9B-Chat has 5000000 (set model.rope-base=5000000 and model.context=131072), GLM-4-9B-Chat-1M has 100000000; only the base model without chat has 10000"
              .formatted(published.origins(List.of(Hyperparameter.ROPE_BASE))));
    }
    if (glm4 && config.normEpsilon() == CONVERTERS_EPSILON) {
      warnings.add(
          "%s is 1e-5, which converters write for GLM-4-9B by mistake: the model has %s; set model.norm-epsilon=%s"
              .formatted(
                  published.origins(List.of(Hyperparameter.NORM_EPSILON)),
                  GLM4_EPSILON,
                  GLM4_EPSILON));
    }
    if (published.layout() == Layout.GGUF && config.contextTokens() == config.hiddenSize()) {
      warnings.add(
          "%s is %,d, the hidden size, which converters write by mistake; set model.context"
              .formatted(
                  published.origins(List.of(Hyperparameter.CONTEXT)), config.contextTokens()));
    }
    if (2 * config.rope().rotatedSize() != config.headSize()) {
      warnings.add(
          "%d of the %d elements of a head are turned by position (%s), half of them in every published GLM"
              .formatted(
                  config.rope().rotatedSize(),
                  config.headSize(),
                  published.origins(List.of(Hyperparameter.ROTATED_SIZE))));
    }
    return warnings;
  }
}
