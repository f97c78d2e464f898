package org.glmspark.model;

import java.util.List;

/// The hyper-parameters of a GLM decoder, whatever layout they were read from.
///
/// @param family which prompt format and special tokens belong to it
/// @param hiddenSize width of the residual stream
/// @param layers number of decoder layers
/// @param heads query heads
/// @param keyValueHeads key-value heads; each serves `heads / keyValueHeads` query heads
/// @param headSize elements of one head
/// @param feedForwardSize inner size of the feed-forward network (the fused gate and up matrix has twice as many rows)
/// @param vocabularySize rows of the embedding and of the output matrix, padding included
/// @param normEpsilon added to the mean square in RMSNorm
/// @param ropeBase base of the rotary frequencies, `rope_ratio` already multiplied in
/// @param rotatedSize leading elements of a head that rotary embedding turns, as pairs `(2i, 2i + 1)`
/// @param contextTokens longest sequence, prompt and completion together
/// @param queryKeyValueBias whether the fused query-key-value projection has a bias
/// @param stopTokens end-of-turn ids named by the config file; may be empty
public record ModelConfig(
    ModelFamily family,
    int hiddenSize,
    int layers,
    int heads,
    int keyValueHeads,
    int headSize,
    int feedForwardSize,
    int vocabularySize,
    float normEpsilon,
    double ropeBase,
    int rotatedSize,
    int contextTokens,
    boolean queryKeyValueBias,
    List<Integer> stopTokens) {

  public ModelConfig {
    stopTokens = List.copyOf(stopTokens);
  }

  /// Rows of the fused query, key and value projection.
  public int queryKeyValueRows() {
    return (heads + 2 * keyValueHeads) * headSize;
  }
}
