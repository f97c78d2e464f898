package org.glmspark.tensor;

import java.util.List;

/// A matrix as a file stores it, whose values can be had as floats.
public sealed interface StoredMatrix permits Tensor, RowScaledMatrix {
  /// The name in the file.
  String name();

  /// The file it lies in, for messages.
  String file();

  /// `[rows, columns]`, of the values.
  List<Long> shape();

  /// The stored tensors it is made of.
  List<Tensor> tensors();

  /// The type in which kernels have these values without loss: of floats the stored one; of
  /// integers with a scale (and minimum) the one that keeps them, see [StripMatrix#writeStrips]; Q8
  /// for the other block types, which it rounds.
  ///
  /// @throws IllegalArgumentException if the values do not decode to floats
  WeightType weightType();

  /// Some values as floats.
  ///
  /// @param firstElement counted over all rows
  /// @param count of values; with `firstElement` it must not cut what is stored together
  /// @param out gets `count` floats from `offset` on; nothing else is written
  void decode(long firstElement, int count, float[] out, int offset);
}
