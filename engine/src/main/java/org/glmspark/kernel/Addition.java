package org.glmspark.kernel;

import jdk.incubator.vector.FloatVector;
import org.glmspark.tensor.FloatMatrix;

/// Residual and bias: plain additions, after a product is complete.
public final class Addition {
  private Addition() {}

  /// `x[row] += addend[row]`.
  public static void apply(FloatMatrix x, int row, FloatMatrix addend) {
    add(x, row, addend.values(), addend.offset(row), addend.columns());
  }

  /// `x[row] += addend`.
  public static void apply(FloatMatrix x, int row, float[] addend) {
    add(x, row, addend, 0, addend.length);
  }

  private static void add(FloatMatrix x, int row, float[] addend, int from, int size) {
    if (x.columns() != size) {
      throw new IllegalArgumentException("%d numbers added to %d".formatted(size, x.columns()));
    }
    float[] values = x.values();
    int offset = x.offset(row);
    int i = 0;
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
