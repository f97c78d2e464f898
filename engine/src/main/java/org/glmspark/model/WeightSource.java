package org.glmspark.model;

import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Where the weights of a decoder come from, by the names that packs give them. What is not there
/// is null.
sealed interface WeightSource permits InterleavedWeights, PackedWeights {
  /// The file's name, for messages.
  String file();

  @Nullable StripMatrix matrix(String name);

  @Nullable Tensor table(String name);

  float @Nullable [] vector(String name);
}
