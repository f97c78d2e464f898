package org.glmspark.kernel;

import jdk.incubator.vector.FloatVector;

/// The logarithm of the softmax's denominator, `log Σ exp(x[i])`: with it, the log-probability of
/// token `i` is `x[i] - logSumExp`.
///
/// Exponentials are taken relative to the largest element. Runs of 1,024 elements are summed in
/// float32, element `i` to lane `i mod 16` and then the tree, and the runs in float64, ascending:
/// so the error does not grow with the vocabulary, and no vector width changes a bit.
public final class LogSumExp {
  private static final int RUN = 1024;
  private static final int LANES = 16;

  private LogSumExp() {}

  /// Computes it over `size` elements from `offset` on.
  ///
  /// @return NaN if an element is NaN or infinite
  public static double of(float[] x, int offset, int size) {
    float max = Float.NEGATIVE_INFINITY;
    boolean finite = true;
    for (int i = offset; i < offset + size; i++) {
      finite &= Math.abs(x[i]) <= Float.MAX_VALUE;
      max = Math.max(max, x[i]);
    }
    if (!finite) {
      return Double.NaN;
    }
    double sum = 0;
    float[] lanes = new float[LANES];
    for (int start = 0; start < size; start += RUN) {
      sum += run(x, offset + start, Math.min(RUN, size - start), max, lanes);
    }
    return max + StrictMath.log(sum);
  }

  private static float run(float[] x, int offset, int size, float max, float[] lanes) {
    int whole = size - size % LANES;
    for (int lane = 0; lane < LANES; lane += Lanes.COUNT) {
      FloatVector sum = FloatVector.zero(Lanes.FLOATS);
      for (int i = lane; i < whole; i += LANES) {
        sum = sum.add(Exponential.of(FloatVector.fromArray(Lanes.FLOATS, x, offset + i).sub(max)));
      }
      sum.intoArray(lanes, lane);
    }
    for (int i = whole; i < size; i++) {
      lanes[i - whole] += Exponential.of(x[offset + i] - max);
    }
    return LaneSum.tree(lanes, 0);
  }
}
