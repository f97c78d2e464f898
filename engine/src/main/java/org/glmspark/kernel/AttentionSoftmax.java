package org.glmspark.kernel;

import static org.glmspark.kernel.x86.FloatKernels.TILE_KEYS;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import org.glmspark.kernel.x86.FloatKernels;
import org.jspecify.annotations.Nullable;

/// One step of the online softmax: the scores of a tile become exponentials relative to the largest
/// score so far, and what was summed before is to be corrected for the new one.
final class AttentionSoftmax {
  private static final int BLOCK = KeyValuePages.BLOCK_TOKENS;
  private static final int MAGNITUDE = 0x7fff_ffff;

  private AttentionSoftmax() {}

  /// Takes the scores of queries `first` to before `end` into their states.
  ///
  /// @param scores `[queries][64]`, -infinity where a query sees no key; probabilities afterwards
  /// @param corrections by query, written: what sums and weighted values are to be multiplied by.
  ///   The weighted values are left to the caller
  /// @param lanes 16 floats to work in
  /// @param assembled or null if there is none
  static void apply(
      float[] scores,
      int first,
      int end,
      SoftmaxStates states,
      int firstState,
      float[] corrections,
      float[] lanes,
      @Nullable FloatKernels assembled) {
    if (assembled != null) {
      int state = firstState + first;
      assembled.softmax(scores, first, end - first, states.max, states.sum, state, corrections);
      return;
    }
    for (int query = first; query < end; query++) {
      int state = firstState + query;
      float oldMax = states.max[state];
      float max = Math.max(oldMax, largest(scores, query * TILE_KEYS));
      states.max[state] = max;
      corrections[query] = Exponential.of(oldMax - max);
    }
    probabilities(scores, first, end, states.max, firstState);
    for (int query = first; query < end; query++) {
      int state = firstState + query;
      float tileSum = sum(scores, query * TILE_KEYS, lanes);
      states.sum[state] = Math.fma(states.sum[state], corrections[query], tileSum);
    }
  }

  /// Hides the keys of a tile from `visible` on: their exponential is exactly 0.
  static void hide(float[] scores, int query, int visible) {
    Arrays.fill(
        scores, query * TILE_KEYS + visible, (query + 1) * TILE_KEYS, Float.NEGATIVE_INFINITY);
  }

  /// The largest of the 64 scores; either zero where both signs of zero are the largest.
  private static float largest(float[] scores, int offset) {
    FloatVector max = FloatVector.fromArray(Lanes.FLOATS, scores, offset);
    for (int i = Lanes.COUNT; i < TILE_KEYS; i += Lanes.COUNT) {
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

  /// Replaces scores by `exp(score - max)`. One exponential in the source: the JIT stops inlining
  /// in methods that have grown large.
  private static void probabilities(
      float[] scores, int first, int end, float[] max, int firstState) {
    for (int i = first * TILE_KEYS; i < end * TILE_KEYS; i += Lanes.COUNT) {
      FloatVector score = FloatVector.fromArray(Lanes.FLOATS, scores, i);
      Exponential.of(score.sub(max[firstState + i / TILE_KEYS])).intoArray(scores, i);
    }
  }

  /// The sum of 64 probabilities: key `i` to lane `i mod 16`, then the tree.
  private static float sum(float[] probabilities, int offset, float[] lanes) {
    for (int lane = 0; lane < BLOCK; lane += Lanes.COUNT) {
      int at = offset + lane;
      FloatVector.fromArray(Lanes.FLOATS, probabilities, at)
          .add(FloatVector.fromArray(Lanes.FLOATS, probabilities, at + BLOCK))
          .add(FloatVector.fromArray(Lanes.FLOATS, probabilities, at + 2 * BLOCK))
          .add(FloatVector.fromArray(Lanes.FLOATS, probabilities, at + 3 * BLOCK))
          .intoArray(lanes, lane);
    }
    return LaneSum.tree(lanes, 0);
  }
}
