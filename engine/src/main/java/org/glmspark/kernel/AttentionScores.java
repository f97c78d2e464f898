package org.glmspark.kernel;

import static org.glmspark.kernel.x86.FloatKernels.GROUP_QUERIES;
import static org.glmspark.kernel.x86.FloatKernels.TILE_KEYS;

import jdk.incubator.vector.FloatVector;
import org.glmspark.kernel.x86.FloatKernels;
import org.jspecify.annotations.Nullable;

/// Scores of a group of queries against a tile of keys, `score[query][key] = (Σ q[query][d] ·
/// k[key][d]) · scale`, `d` ascending, one fused multiply-add each.
///
/// Keys are the lanes. Two registers of keys meet 8 queries (4 where there are but 16 registers):
/// every key that is loaded and every element that is broadcast is used several times, and there
/// are enough independent sums to hide the latency of the multiply-add. A sum is a local variable:
/// an array of them, or a method of ours that the JIT might not inline, would move it to the heap.
final class AttentionScores {
  private static final int BLOCK = KeyValuePages.BLOCK_TOKENS;
  private static final boolean EIGHT_QUERIES = Lanes.COUNT == BLOCK;

  private AttentionScores() {}

  /// Computes two registers of scores, of the keys from `key` on.
  ///
  /// @param scores `[queries][64]`
  /// @param column of the first score that is written
  /// @param firstQuery of the group, a multiple of 8
  /// @param used queries of the group whose scores are wanted, 1 to 8
  /// @param queries `[groups][headSize][8]`
  /// @param keys `[2][headSize][16]`
  /// @param key first of the keys
  /// @param assembled or null if there is none
  static void apply(
      float[] scores,
      int column,
      int firstQuery,
      int used,
      float[] queries,
      float[] keys,
      int key,
      int headSize,
      float scale,
      @Nullable FloatKernels assembled) {
    int lanes = PagedAttention.lanes(assembled);
    int query = firstQuery * headSize;
    int first = key / BLOCK * headSize * BLOCK + key % BLOCK;
    int next = key + lanes;
    int second = next / BLOCK * headSize * BLOCK + next % BLOCK;
    int target = firstQuery * TILE_KEYS + column;
    if (assembled != null) {
      assembled.scores(scores, target, used, queries, query, keys, first, second, headSize, scale);
      return;
    }
    if (EIGHT_QUERIES && used > GROUP_QUERIES / 2) {
      eight(scores, target, queries, query, keys, first, second, headSize, scale);
      return;
    }
    four(scores, target, queries, query, keys, first, second, headSize, scale);
    if (used > GROUP_QUERIES / 2) {
      target += GROUP_QUERIES / 2 * TILE_KEYS;
      query += GROUP_QUERIES / 2;
      four(scores, target, queries, query, keys, first, second, headSize, scale);
    }
  }

  private static void eight(
      float[] scores,
      int target,
      float[] queries,
      int query,
      float[] keys,
      int first,
      int second,
      int headSize,
      float scale) {
    FloatVector a0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector a4 = a0;
    FloatVector a5 = a0;
    FloatVector a6 = a0;
    FloatVector a7 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    FloatVector b3 = a0;
    FloatVector b4 = a0;
    FloatVector b5 = a0;
    FloatVector b6 = a0;
    FloatVector b7 = a0;
    for (int d = 0; d < headSize; d++) {
      FloatVector a = FloatVector.fromArray(Lanes.FLOATS, keys, first + d * BLOCK);
      FloatVector b = FloatVector.fromArray(Lanes.FLOATS, keys, second + d * BLOCK);
      int i = query + d * GROUP_QUERIES;
      FloatVector q = FloatVector.broadcast(Lanes.FLOATS, queries[i]);
      a0 = a.fma(q, a0);
      b0 = b.fma(q, b0);
      q = FloatVector.broadcast(Lanes.FLOATS, queries[i + 1]);
      a1 = a.fma(q, a1);
      b1 = b.fma(q, b1);
      q = FloatVector.broadcast(Lanes.FLOATS, queries[i + 2]);
      a2 = a.fma(q, a2);
      b2 = b.fma(q, b2);
      q = FloatVector.broadcast(Lanes.FLOATS, queries[i + 3]);
      a3 = a.fma(q, a3);
      b3 = b.fma(q, b3);
      q = FloatVector.broadcast(Lanes.FLOATS, queries[i + 4]);
      a4 = a.fma(q, a4);
      b4 = b.fma(q, b4);
      q = FloatVector.broadcast(Lanes.FLOATS, queries[i + 5]);
      a5 = a.fma(q, a5);
      b5 = b.fma(q, b5);
      q = FloatVector.broadcast(Lanes.FLOATS, queries[i + 6]);
      a6 = a.fma(q, a6);
      b6 = b.fma(q, b6);
      q = FloatVector.broadcast(Lanes.FLOATS, queries[i + 7]);
      a7 = a.fma(q, a7);
      b7 = b.fma(q, b7);
    }
    a0.mul(scale).intoArray(scores, target);
    b0.mul(scale).intoArray(scores, target + Lanes.COUNT);
    a1.mul(scale).intoArray(scores, target + TILE_KEYS);
    b1.mul(scale).intoArray(scores, target + TILE_KEYS + Lanes.COUNT);
    a2.mul(scale).intoArray(scores, target + 2 * TILE_KEYS);
    b2.mul(scale).intoArray(scores, target + 2 * TILE_KEYS + Lanes.COUNT);
    a3.mul(scale).intoArray(scores, target + 3 * TILE_KEYS);
    b3.mul(scale).intoArray(scores, target + 3 * TILE_KEYS + Lanes.COUNT);
    a4.mul(scale).intoArray(scores, target + 4 * TILE_KEYS);
    b4.mul(scale).intoArray(scores, target + 4 * TILE_KEYS + Lanes.COUNT);
    a5.mul(scale).intoArray(scores, target + 5 * TILE_KEYS);
    b5.mul(scale).intoArray(scores, target + 5 * TILE_KEYS + Lanes.COUNT);
    a6.mul(scale).intoArray(scores, target + 6 * TILE_KEYS);
    b6.mul(scale).intoArray(scores, target + 6 * TILE_KEYS + Lanes.COUNT);
    a7.mul(scale).intoArray(scores, target + 7 * TILE_KEYS);
    b7.mul(scale).intoArray(scores, target + 7 * TILE_KEYS + Lanes.COUNT);
  }

  private static void four(
      float[] scores,
      int target,
      float[] queries,
      int query,
      float[] keys,
      int first,
      int second,
      int headSize,
      float scale) {
    FloatVector a0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    FloatVector b3 = a0;
    for (int d = 0; d < headSize; d++) {
      FloatVector a = FloatVector.fromArray(Lanes.FLOATS, keys, first + d * BLOCK);
      FloatVector b = FloatVector.fromArray(Lanes.FLOATS, keys, second + d * BLOCK);
      int i = query + d * GROUP_QUERIES;
      FloatVector q = FloatVector.broadcast(Lanes.FLOATS, queries[i]);
      a0 = a.fma(q, a0);
      b0 = b.fma(q, b0);
      q = FloatVector.broadcast(Lanes.FLOATS, queries[i + 1]);
      a1 = a.fma(q, a1);
      b1 = b.fma(q, b1);
      q = FloatVector.broadcast(Lanes.FLOATS, queries[i + 2]);
      a2 = a.fma(q, a2);
      b2 = b.fma(q, b2);
      q = FloatVector.broadcast(Lanes.FLOATS, queries[i + 3]);
      a3 = a.fma(q, a3);
      b3 = b.fma(q, b3);
    }
    a0.mul(scale).intoArray(scores, target);
    b0.mul(scale).intoArray(scores, target + Lanes.COUNT);
    a1.mul(scale).intoArray(scores, target + TILE_KEYS);
    b1.mul(scale).intoArray(scores, target + TILE_KEYS + Lanes.COUNT);
    a2.mul(scale).intoArray(scores, target + 2 * TILE_KEYS);
    b2.mul(scale).intoArray(scores, target + 2 * TILE_KEYS + Lanes.COUNT);
    a3.mul(scale).intoArray(scores, target + 3 * TILE_KEYS);
    b3.mul(scale).intoArray(scores, target + 3 * TILE_KEYS + Lanes.COUNT);
  }
}
