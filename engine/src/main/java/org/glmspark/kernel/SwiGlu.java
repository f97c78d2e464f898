package org.glmspark.kernel;

import jdk.incubator.vector.FloatVector;
import org.glmspark.kernel.x86.FloatKernels;
import org.glmspark.tensor.FloatMatrix;
import org.jspecify.annotations.Nullable;

/// The gated activation of the feed-forward network, `out[i] = silu(gate[i]) · up[i]` with `silu(x)
/// = x / (1 + e^-x)`.
///
/// Source: Shazeer 2020, <https://arxiv.org/abs/2002.05202>, equation 6.
public final class SwiGlu {
  private SwiGlu() {}

  /// Activates one row.
  ///
  /// @param out `[rows, size]`; only row `row` is written
  /// @param gateUp `[rows, 2 · size]`, gate then up
  /// @param assembled or null if there is none
  /// @throws IllegalArgumentException if the widths do not fit
  public static void apply(
      FloatMatrix out, FloatMatrix gateUp, int row, @Nullable FloatKernels assembled) {
    int size = out.columns();
    if (gateUp.columns() != 2 * size) {
      throw new IllegalArgumentException(
          "gate and up have %d columns, expected %d".formatted(gateUp.columns(), 2 * size));
    }
    float[] from = gateUp.values();
    float[] to = out.values();
    int gate = gateUp.offset(row);
    int up = gate + size;
    int target = out.offset(row);
    int i = assembled == null ? 0 : assembled.activate(to, target, from, gate, up, size);
    for (int bound = Lanes.FLOATS.loopBound(size); i < bound; i += Lanes.COUNT) {
      FloatVector x = FloatVector.fromArray(Lanes.FLOATS, from, gate + i);
      x.div(Exponential.of(x.neg()).add(1))
          .mul(FloatVector.fromArray(Lanes.FLOATS, from, up + i))
          .intoArray(to, target + i);
    }
    for (; i < size; i++) {
      float x = from[gate + i];
      to[target + i] = x / (Exponential.of(-x) + 1) * from[up + i];
    }
  }
}
