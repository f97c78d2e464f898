package org.glmspark.kernel;

import jdk.incubator.vector.FloatVector;
import org.glmspark.kernel.x86.FloatKernels;
import org.glmspark.tensor.FloatMatrix;
import org.jspecify.annotations.Nullable;

/// Root-mean-square normalisation, `out[i] = x[i] / sqrt(mean(x²) + epsilon) · weight[i]`.
///
/// Source: Zhang and Sennrich 2019, <https://arxiv.org/abs/1910.07467>, equation 4.
public final class RmsNorm {
  private RmsNorm() {}

  /// Normalises one row. `out` may be `x` itself.
  ///
  /// @param out `[rows, hidden]`; only row `outRow` is written
  /// @param x `[rows, hidden]`
  /// @param weight `[hidden]`, the learned gain
  /// @param epsilon added to the mean square; from the model file
  /// @param assembled or null if there is none
  /// @throws IllegalArgumentException if the three widths differ
  public static void apply(
      FloatMatrix out,
      int outRow,
      FloatMatrix x,
      int row,
      float[] weight,
      float epsilon,
      @Nullable FloatKernels assembled) {
    int size = x.columns();
    if (out.columns() != size || weight.length != size) {
      throw new IllegalArgumentException(
          "out[%d], x[%d] and weight[%d] must have one length"
              .formatted(out.columns(), size, weight.length));
    }
    float[] from = x.values();
    float[] to = out.values();
    int source = x.offset(row);
    int target = out.offset(outRow);
    float meanSquare = LaneSum.ofSquares(from, source, size, assembled) / size;
    float scale = 1 / (float) Math.sqrt(meanSquare + epsilon);
    int i = assembled == null ? 0 : assembled.scale(to, target, from, source, scale, weight, size);
    for (int bound = Lanes.FLOATS.loopBound(size); i < bound; i += Lanes.COUNT) {
      FloatVector.fromArray(Lanes.FLOATS, from, source + i)
          .mul(scale)
          .mul(FloatVector.fromArray(Lanes.FLOATS, weight, i))
          .intoArray(to, target + i);
    }
    for (; i < size; i++) { // the tail: hidden need not be a multiple of the vector width
      to[target + i] = from[source + i] * scale * weight[i];
    }
  }
}
