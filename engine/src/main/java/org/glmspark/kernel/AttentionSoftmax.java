package org.glmspark.kernel;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// One step of the online softmax: the scores of a tile become exponentials relative to the largest
/// score so far, and what was summed before is to be corrected for the new one.
final class AttentionSoftmax {
  private static final int TILE = PagedAttention.TILE;
  private static final int BLOCK = KeyValuePages.BLOCK_TOKENS;
  private static final int MAGNITUDE = 0x7fff_ffff;

  private AttentionSoftmax() {}

  /// Takes the scores of queries `first` to before `end` into their states.
  ///
  /// @param scores `[queries][64]`, -infinity where a query sees no key; probabilities afterwards
  /// @param corrections by query, written: what sums and weighted values are to be multiplied by.
  ///   The weighted values are left to the caller
  /// @param lanes 16 floats to work in
  static void apply(
      float[] scores,
      int first,
      int end,
      SoftmaxStates states,
      int firstState,
      float[] corrections,
      float[] lanes) {
    for (int query = first; query < end; query++) {
      int state = firstState + query;
      float oldMax = states.max[state];
      float max = Math.max(oldMax, largest(scores, query * TILE));
      states.max[state] = max;
      corrections[query] = oldMax - max;
    }
    exponentials(corrections, first, end);
    for (int query = first; query < end; query++) {
      int state = firstState + query;
      float tileSum = exponentials(scores, query * TILE, states.max[state], lanes);
      states.sum[state] = Math.fma(states.sum[state], corrections[query], tileSum);
    }
  }

  /// Hides the keys of a tile from `visible` on: their exponential is exactly 0.
  static void hide(float[] scores, int query, int visible) {
    Arrays.fill(scores, query * TILE + visible, (query + 1) * TILE, Float.NEGATIVE_INFINITY);
  }

  /// The largest of the 64 scores; either zero where both signs of zero are the largest.
  private static float largest(float[] scores, int offset) {
    FloatVector max = FloatVector.fromArray(Lanes.FLOATS, scores, offset);
    for (int i = Lanes.COUNT; i < TILE; i += Lanes.COUNT) {
      FloatVector score = FloatVector.fromArray(Lanes.FLOATS, scores, offset + i);
      max = max.blend(score, score.compare(VectorOperators.GT, max));
    }
    // With the magnitude of negative numbers turned round, floats order as integers do, for which
    // the CPU has an instruction without special cases.
    IntVector bits = max.reinterpretAsInts();
    int largest =
        bits.lanewise(VectorOperators.XOR, bits.lanewise(VectorOperators.ASHR, 31).and(MAGNITUDE))
            .reduceLanes(VectorOperators.MAX);
    return Float.intBitsToFloat(largest ^ (largest >> 31 & MAGNITUDE));
  }

  private static void exponentials(float[] x, int first, int end) {
    int i = first;
    for (; i + Lanes.COUNT <= end; i += Lanes.COUNT) {
      Exponential.of(FloatVector.fromArray(Lanes.FLOATS, x, i)).intoArray(x, i);
    }
    for (; i < end; i++) {
      x[i] = Exponential.of(x[i]);
    }
  }

  /// Replaces the 64 scores by `exp(score - max)` and returns their sum: key `i` to lane `i mod
  /// 16`, then the tree.
  private static float exponentials(float[] scores, int offset, float max, float[] lanes) {
    for (int lane = 0; lane < BLOCK; lane += Lanes.COUNT) {
      int at = offset + lane;
      FloatVector p0 = exponential(scores, at, max);
      FloatVector p1 = exponential(scores, at + BLOCK, max);
      FloatVector p2 = exponential(scores, at + 2 * BLOCK, max);
      FloatVector p3 = exponential(scores, at + 3 * BLOCK, max);
      p0.intoArray(scores, at);
      p1.intoArray(scores, at + BLOCK);
      p2.intoArray(scores, at + 2 * BLOCK);
      p3.intoArray(scores, at + 3 * BLOCK);
      p0.add(p1).add(p2).add(p3).intoArray(lanes, lane);
    }
    return LaneSum.tree(lanes, 0);
  }

  private static FloatVector exponential(float[] scores, int index, float max) {
    return Exponential.of(FloatVector.fromArray(Lanes.FLOATS, scores, index).sub(max));
  }
}
