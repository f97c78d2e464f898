package org.glmspark.model;

import java.util.Locale;

/// What a [ModelConfig] consists of, for saying where each value was read.
public enum Hyperparameter {
  BLOCK_TYPE,
  LAYERS,
  HIDDEN_SIZE,
  FEED_FORWARD_SIZE,
  HEADS,
  KEY_VALUE_HEADS,
  HEAD_SIZE,
  ROTATED_SIZE,
  ROPE_BASE,
  YARN,
  QUERY_KEY_VALUE_BIAS,
  NORM_EPSILON,
  VOCABULARY_SIZE,
  TIED_EMBEDDINGS,
  CONTEXT,
  STOP_TOKENS;

  /// The name in lower case with underscores, as JSON has it.
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }
}
