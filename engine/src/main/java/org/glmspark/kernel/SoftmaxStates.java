package org.glmspark.kernel;

import static org.glmspark.kernel.x86.FloatKernels.GROUP_QUERIES;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.glmspark.kernel.x86.FloatKernels;
import org.jspecify.annotations.Nullable;

/// The unfinished softmax of many queries: the largest score so far, the sum of the exponentials
/// relative to it, and the sum of the values weighted with them.
///
/// Source: Milakov and Gimelshein 2018, <https://arxiv.org/abs/1805.02867>, algorithm 3.
public final class SoftmaxStates {
  private static final int STRIDE_MULTIPLE =
      2 * KeyValuePages.BLOCK_TOKENS; // the value kernel writes pairs of registers

  final float[] max;
  final float[] sum;

  /// `[states][stride]`, of which the first `headSize` elements of a row count.
  final float[] weighted;

  final int stride;

  /// @param states how many there is room for
  /// @param headSize elements of a head
  public SoftmaxStates(int states, int headSize) {
    stride = Math.ceilDiv(headSize, STRIDE_MULTIPLE) * STRIDE_MULTIPLE;
    max = new float[states];
    sum = new float[states];
    weighted = new float[Math.multiplyExact(states, stride)];
  }

  /// States that a group of queries takes: a whole number of register blocks.
  public static int required(int queries) {
    return Math.ceilDiv(queries, GROUP_QUERIES) * GROUP_QUERIES;
  }

  /// How many states there is room for.
  public int capacity() {
    return max.length;
  }

  void clear(int first, int states) {
    Arrays.fill(max, first, first + states, Float.NEGATIVE_INFINITY);
    Arrays.fill(sum, first, first + states, 0);
    Arrays.fill(weighted, first * stride, (first + states) * stride, 0);
  }

  /// Takes the keys of another state, which come after those of this one, into state `state`.
  void merge(int state, SoftmaxStates other, int otherState, @Nullable FloatKernels assembled) {
    float newMax = Math.max(max[state], other.max[otherState]);
    float mine = Exponential.of(max[state] - newMax);
    float theirs = Exponential.of(other.max[otherState] - newMax);
    max[state] = newMax;
    sum[state] = Math.fma(other.sum[otherState], theirs, sum[state] * mine);
    int to = state * stride;
    int from = otherState * stride;
    int i =
        assembled == null
            ? 0
            : assembled.merge(weighted, to, mine, other.weighted, from, theirs, stride);
    for (; i < stride; i += Lanes.COUNT) {
      FloatVector scale = FloatVector.broadcast(Lanes.FLOATS, theirs);
      FloatVector.fromArray(Lanes.FLOATS, other.weighted, from + i)
          .fma(scale, FloatVector.fromArray(Lanes.FLOATS, weighted, to + i).mul(mine))
          .intoArray(weighted, to + i);
    }
  }

  /// Writes the weighted mean of the values.
  void normalise(
      int state, float[] out, int target, int headSize, @Nullable FloatKernels assembled) {
    int from = state * stride;
    int i =
        assembled == null ? 0 : assembled.divide(out, target, weighted, from, sum[state], headSize);
    for (; i < headSize; i += Lanes.COUNT) {
      FloatVector.fromArray(Lanes.FLOATS, weighted, from + i)
          .div(sum[state])
          .intoArray(out, target + i);
    }
  }
}
