package org.glmspark.generation;

import org.jspecify.annotations.Nullable;

/// How a model reads a text; a function of the request alone.
///
/// @param mean of the hidden states after the final norm, `[hidden]`: those of the pooled tokens,
///   added up in the order of [org.glmspark.kernel.MeanPooling]; empty if there is an error
/// @param error why there is none, or null
public record PoolingResult(float[] mean, @Nullable RowError error) {

  static PoolingResult refused(RowError error) {
    return new PoolingResult(new float[0], error);
  }
}
