package org.glmspark.model;

/// What packs call the weights of a decoder, whatever the files called them that it was made of.
final class WeightNames {
  static final String EMBEDDING = "embedding";
  static final String FINAL_NORM = "final_norm";
  static final String OUTPUT = "output";

  private final String prefix;

  private WeightNames(String prefix) {
    this.prefix = prefix;
  }

  /// The names of a layer, counted from 0.
  static WeightNames layer(int number) {
    return new WeightNames("layers.%d.".formatted(number));
  }

  String attentionNorm() {
    return prefix + "attention_norm";
  }

  String queryKeyValue() {
    return prefix + "query_key_value";
  }

  String queryKeyValueBias() {
    return prefix + "query_key_value_bias";
  }

  String attentionOutput() {
    return prefix + "attention_output";
  }

  String attentionPostNorm() {
    return prefix + "attention_post_norm";
  }

  String feedForwardNorm() {
    return prefix + "feed_forward_norm";
  }

  String gateUp() {
    return prefix + "gate_up";
  }

  String down() {
    return prefix + "down";
  }

  String feedForwardPostNorm() {
    return prefix + "feed_forward_post_norm";
  }
}
