package org.glmspark.model;

import java.util.List;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.Tensor;

/// All weights of a decoder.
///
/// @param embedding `[vocabulary, hidden]`, as stored: rows are read by token id
/// @param layers from the first to the last
/// @param finalNorm `[hidden]`
/// @param output `[vocabulary, hidden]`
public record ModelWeights(
    Tensor embedding, List<LayerWeights> layers, float[] finalNorm, StripMatrix output) {
  public ModelWeights {
    layers = List.copyOf(layers);
  }
}
