package org.glmspark.kernel;

import jdk.incubator.vector.FloatVector;
import org.glmspark.kernel.x86.FloatKernels;
import org.glmspark.tensor.StripMatrix;
import org.jspecify.annotations.Nullable;

/// Sums within a row, in the one order the numeric contract allows: 16 virtual lanes, then a tree.
final class LaneSum {
  private static final int LANES = StripMatrix.STRIP_ROWS;

  private LaneSum() {}

  /// The sum of squares: element `i` goes to lane `i mod 16` by fused multiply-add from +0, then
  /// the lanes are added up.
  static float ofSquares(float[] x, int offset, int size, @Nullable FloatKernels assembled) {
    float[] lanes = new float[LANES];
    int whole =
        assembled == null
            ? vectorSquares(lanes, x, offset, size)
            : assembled.squares(lanes, x, offset, size);
    for (int i = whole; i < size; i++) {
      float value = x[offset + i];
      lanes[i - whole] = Math.fma(value, value, lanes[i - whole]);
    }
    return tree(lanes, 0);
  }

  /// All elements but the last few, whose number is returned.
  private static int vectorSquares(float[] lanes, float[] x, int offset, int size) {
    int whole = size - size % LANES;
    for (int lane = 0; lane < LANES; lane += Lanes.COUNT) {
      FloatVector sum = FloatVector.zero(Lanes.FLOATS);
      for (int i = lane; i < whole; i += LANES) {
        FloatVector value = FloatVector.fromArray(Lanes.FLOATS, x, offset + i);
        sum = value.fma(value, sum);
      }
      sum.intoArray(lanes, lane);
    }
    return whole;
  }

  /// Adds 16 lanes up: lane `l` gets `l + 8`, then `l + 4`, `l + 2`, `l + 1`.
  static float tree(float[] lanes, int offset) {
    float even = quarter(lanes, offset) + quarter(lanes, offset + 2);
    float odd = quarter(lanes, offset + 1) + quarter(lanes, offset + 3);
    return even + odd;
  }

  private static float quarter(float[] lanes, int i) {
    return (lanes[i] + lanes[i + 8]) + (lanes[i + 4] + lanes[i + 12]);
  }
}
