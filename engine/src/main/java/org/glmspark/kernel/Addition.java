package org.glmspark.kernel;

import jdk.incubator.vector.FloatVector;
import org.glmspark.kernel.x86.FloatKernels;
import org.glmspark.tensor.FloatMatrix;
import org.jspecify.annotations.Nullable;

/// Residual and bias: plain additions, after a product is complete.
public final class Addition {
  private Addition() {}

  /// `x[row] += addend[row]`.
  ///
  /// @param assembled or null if there is none
  public static void apply(
      FloatMatrix x, int row, FloatMatrix addend, @Nullable FloatKernels assembled) {
    add(x, row, addend.values(), addend.offset(row), addend.columns(), assembled);
  }

  /// `x[row] += addend`.
  ///
  /// @param assembled or null if there is none
  public static void apply(
      FloatMatrix x, int row, float[] addend, @Nullable FloatKernels assembled) {
    add(x, row, addend, 0, addend.length, assembled);
  }

  private static void add(
      FloatMatrix x,
      int row,
      float[] addend,
      int from,
      int size,
      @Nullable FloatKernels assembled) {
    if (x.columns() != size) {
      throw new IllegalArgumentException("%d numbers added to %d".formatted(size, x.columns()));
    }
    float[] values = x.values();
    int offset = x.offset(row);
    int i = assembled == null ? 0 : assembled.add(values, offset, addend, from, size);
    for (int bound = Lanes.FLOATS.loopBound(size); i < bound; i += Lanes.COUNT) {
      FloatVector.fromArray(Lanes.FLOATS, values, offset + i)
          .add(FloatVector.fromArray(Lanes.FLOATS, addend, from + i))
          .intoArray(values, offset + i);
    }
    for (; i < size; i++) {
      values[offset + i] += addend[from + i];
    }
  }
}
