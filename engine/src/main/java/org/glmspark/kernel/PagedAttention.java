package org.glmspark.kernel;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.glmspark.tensor.FloatMatrix;

/// Causal attention of some query tokens over the paged keys and values of their sequence, for the
/// query heads of one key-value head.
///
/// ```
/// score[key] = (Σ q[d] · k[key][d]) / sqrt(headSize)        d ascending, one fused multiply-add each
/// out = Σ softmax(score)[key] · v[key]                      key ascending
/// ```
///
/// The softmax is computed online, over tiles of 64 keys within spans of 1,024 keys, both counted
/// from position 0; spans are independent of each other and merged in ascending order. A query's
/// result depends on its keys alone, not on which queries share the call or how a prompt was cut
/// into chunks. Keys after the query are skipped.
///
/// Sources: Milakov and Gimelshein 2018, <https://arxiv.org/abs/1805.02867> (online softmax); Kwon
/// et al. 2023, <https://arxiv.org/abs/2309.06180> (pages); Ainslie et al. 2023,
/// <https://arxiv.org/abs/2305.13245> (grouped queries).
public final class PagedAttention {
  private static final int BLOCK = KeyValuePages.BLOCK_TOKENS;
  private static final int TILE_BLOCKS = 4;
  static final int TILE = TILE_BLOCKS * BLOCK;
  static final int SPAN = 1024;

  /// Query tokens that share a widened tile; a good unit to hand to a thread.
  public static final int QUERY_ROWS = 8;

  private PagedAttention() {}

  /// What one thread needs besides its inputs.
  public static final class Scratch {
    private final float[] keys;
    private final float[] values;
    private final float[] scores = new float[TILE];
    private final float[] lanes = new float[BLOCK];
    private final SoftmaxState span;
    private final SoftmaxState total;

    /// @param heads query heads of one key-value head
    /// @param headSize elements of a head, a multiple of 16
    public Scratch(int heads, int headSize) {
      if (headSize % BLOCK != 0) {
        throw new IllegalArgumentException(
            "heads of %d elements, expected a multiple of %d".formatted(headSize, BLOCK));
      }
      keys = new float[TILE * headSize];
      values = new float[TILE * headSize];
      span = new SoftmaxState(QUERY_ROWS * heads, headSize);
      total = new SoftmaxState(QUERY_ROWS * heads, headSize);
    }
  }

  /// Largest score so far, sum of exponentials relative to it, and the sum of values weighted with
  /// them.
  private static final class SoftmaxState {
    private final int headSize;
    private final float[] max;
    private final float[] sum;
    private final float[] weighted;

    SoftmaxState(int queries, int headSize) {
      this.headSize = headSize;
      max = new float[queries];
      sum = new float[queries];
      weighted = new float[queries * headSize];
    }

    void clear(int queries) {
      Arrays.fill(max, 0, queries, Float.NEGATIVE_INFINITY);
      Arrays.fill(sum, 0, queries, 0);
      Arrays.fill(weighted, 0, queries * headSize, 0);
    }

    void merge(SoftmaxState other, int query) {
      float newMax = Math.max(max[query], other.max[query]);
      float mine = Exponential.of(max[query] - newMax);
      float theirs = Exponential.of(other.max[query] - newMax);
      max[query] = newMax;
      sum[query] = Math.fma(other.sum[query], theirs, sum[query] * mine);
      for (int i = query * headSize; i < (query + 1) * headSize; i++) {
        weighted[i] = Math.fma(other.weighted[i], theirs, weighted[i] * mine);
      }
    }
  }

  /// Attends from `rows` consecutive tokens of one sequence.
  ///
  /// @param out `[tokens, heads · headSize]`; written at the same rows and heads that are read from
  ///   `queries`
  /// @param queries `[tokens, at least heads · headSize]`, rotated
  /// @param firstRow row of the first query token
  /// @param rows query tokens, at most [#QUERY_ROWS]
  /// @param firstPosition position of the first query token; it attends to keys 0 to
  ///   `firstPosition`, the next to one more
  /// @param firstHead first query head of the key-value head
  /// @param heads query heads of the key-value head
  /// @param headSize elements of a head
  /// @param pages keys and values, those of the query tokens included
  /// @param scratch for `heads` and `headSize`; no other thread uses it
  public static void apply(
      FloatMatrix out,
      FloatMatrix queries,
      int firstRow,
      int rows,
      int firstPosition,
      int firstHead,
      int heads,
      int headSize,
      KeyValuePages pages,
      Scratch scratch) {
    if (rows < 1 || rows > QUERY_ROWS) {
      throw new IllegalArgumentException(
          "%d query rows, expected 1 to %d".formatted(rows, QUERY_ROWS));
    }
    int keys = firstPosition + rows;
    scratch.total.clear(rows * heads);
    for (int spanStart = 0; spanStart < keys; spanStart += SPAN) {
      scratch.span.clear(rows * heads);
      int spanEnd = Math.min(keys, spanStart + SPAN);
      for (int tile = spanStart; tile < spanEnd; tile += TILE) {
        widen(pages, tile, Math.min(spanEnd, tile + TILE), headSize, scratch);
        for (int row = 0; row < rows; row++) {
          int visible = Math.min(TILE, firstPosition + row + 1 - tile);
          if (visible > 0) {
            int query = queries.offset(firstRow + row) + firstHead * headSize;
            for (int head = 0; head < heads; head++) {
              tile(
                  queries.values(),
                  query + head * headSize,
                  visible,
                  headSize,
                  scratch,
                  row * heads + head);
            }
          }
        }
      }
      for (int row = 0; row < rows; row++) {
        if (firstPosition + row >= spanStart) {
          for (int head = 0; head < heads; head++) {
            scratch.total.merge(scratch.span, row * heads + head);
          }
        }
      }
    }
    for (int row = 0; row < rows; row++) {
      for (int head = 0; head < heads; head++) {
        int target = out.offset(firstRow + row) + (firstHead + head) * headSize;
        normalise(scratch.total, row * heads + head, out.values(), target, headSize);
      }
    }
  }

  private static void widen(KeyValuePages pages, int from, int to, int headSize, Scratch scratch) {
    for (int key = from; key < to; key += BLOCK) {
      int offset = (key - from) * headSize;
      pages.keys(key / BLOCK, headSize, scratch.keys, offset);
      pages.values(key / BLOCK, headSize, scratch.values, offset);
    }
  }

  /// Takes the first `visible` keys of the widened tile into the state of one query head.
  private static void tile(
      float[] queries, int query, int visible, int headSize, Scratch scratch, int stateIndex) {
    float[] scores = scratch.scores;
    float scale = (float) (1 / Math.sqrt(headSize));
    int blocks = (visible + BLOCK - 1) / BLOCK;
    for (int lane = 0; lane < BLOCK; lane += Lanes.COUNT) {
      if (blocks == TILE_BLOCKS) {
        fourBlocks(queries, query, headSize, scratch.keys, lane, scale, scores);
      } else {
        for (int block = 0; block < blocks; block++) {
          oneBlock(queries, query, headSize, scratch.keys, block, lane, scale, scores);
        }
      }
    }
    Arrays.fill(scores, visible, blocks * BLOCK, Float.NEGATIVE_INFINITY); // exp gives exactly 0

    SoftmaxState state = scratch.span;
    float oldMax = state.max[stateIndex];
    float max = oldMax;
    for (int key = 0; key < visible; key++) {
      max = Math.max(max, scores[key]);
    }
    float correction = Exponential.of(oldMax - max);
    float tileSum = exponentials(scores, blocks, max, scratch.lanes);
    state.max[stateIndex] = max;
    state.sum[stateIndex] = Math.fma(state.sum[stateIndex], correction, tileSum);
    int weighted = stateIndex * headSize;
    int element = 0;
    for (; element + 4 * Lanes.COUNT <= headSize; element += 4 * Lanes.COUNT) {
      fourRegisters(
          state.weighted,
          weighted + element,
          correction,
          scores,
          visible,
          scratch.values,
          element,
          headSize);
    }
    for (; element < headSize; element += Lanes.COUNT) {
      oneRegister(
          state.weighted,
          weighted + element,
          correction,
          scores,
          visible,
          scratch.values,
          element,
          headSize);
    }
  }

  private static void fourBlocks(
      float[] queries,
      int query,
      int headSize,
      float[] keys,
      int lane,
      float scale,
      float[] scores) {
    FloatVector s0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    int blockFloats = headSize * BLOCK;
    for (int d = 0; d < headSize; d++) {
      FloatVector q = FloatVector.broadcast(Lanes.FLOATS, queries[query + d]);
      int key = d * BLOCK + lane;
      s0 = FloatVector.fromArray(Lanes.FLOATS, keys, key).fma(q, s0);
      s1 = FloatVector.fromArray(Lanes.FLOATS, keys, key + blockFloats).fma(q, s1);
      s2 = FloatVector.fromArray(Lanes.FLOATS, keys, key + 2 * blockFloats).fma(q, s2);
      s3 = FloatVector.fromArray(Lanes.FLOATS, keys, key + 3 * blockFloats).fma(q, s3);
    }
    s0.mul(scale).intoArray(scores, lane);
    s1.mul(scale).intoArray(scores, BLOCK + lane);
    s2.mul(scale).intoArray(scores, 2 * BLOCK + lane);
    s3.mul(scale).intoArray(scores, 3 * BLOCK + lane);
  }

  private static void oneBlock(
      float[] queries,
      int query,
      int headSize,
      float[] keys,
      int block,
      int lane,
      float scale,
      float[] scores) {
    FloatVector sum = FloatVector.zero(Lanes.FLOATS);
    for (int d = 0; d < headSize; d++) {
      FloatVector q = FloatVector.broadcast(Lanes.FLOATS, queries[query + d]);
      sum =
          FloatVector.fromArray(Lanes.FLOATS, keys, (block * headSize + d) * BLOCK + lane)
              .fma(q, sum);
    }
    sum.mul(scale).intoArray(scores, block * BLOCK + lane);
  }

  /// Replaces scores by `exp(score - max)` and returns their sum: key `i` to lane `i mod 16`, then
  /// the tree.
  private static float exponentials(float[] scores, int blocks, float max, float[] lanes) {
    for (int lane = 0; lane < BLOCK; lane += Lanes.COUNT) {
      FloatVector sum = FloatVector.zero(Lanes.FLOATS);
      for (int i = lane; i < blocks * BLOCK; i += BLOCK) {
        FloatVector p = Exponential.of(FloatVector.fromArray(Lanes.FLOATS, scores, i).sub(max));
        p.intoArray(scores, i);
        sum = sum.add(p);
      }
      sum.intoArray(lanes, lane);
    }
    return LaneSum.tree(lanes, 0);
  }

  private static void fourRegisters(
      float[] weighted,
      int target,
      float correction,
      float[] probabilities,
      int keys,
      float[] values,
      int element,
      int headSize) {
    int lanes = Lanes.COUNT;
    FloatVector o0 = FloatVector.fromArray(Lanes.FLOATS, weighted, target).mul(correction);
    FloatVector o1 = FloatVector.fromArray(Lanes.FLOATS, weighted, target + lanes).mul(correction);
    FloatVector o2 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + 2 * lanes).mul(correction);
    FloatVector o3 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + 3 * lanes).mul(correction);
    for (int key = 0; key < keys; key++) {
      FloatVector p = FloatVector.broadcast(Lanes.FLOATS, probabilities[key]);
      int value = key * headSize + element;
      o0 = FloatVector.fromArray(Lanes.FLOATS, values, value).fma(p, o0);
      o1 = FloatVector.fromArray(Lanes.FLOATS, values, value + lanes).fma(p, o1);
      o2 = FloatVector.fromArray(Lanes.FLOATS, values, value + 2 * lanes).fma(p, o2);
      o3 = FloatVector.fromArray(Lanes.FLOATS, values, value + 3 * lanes).fma(p, o3);
    }
    o0.intoArray(weighted, target);
    o1.intoArray(weighted, target + lanes);
    o2.intoArray(weighted, target + 2 * lanes);
    o3.intoArray(weighted, target + 3 * lanes);
  }

  private static void oneRegister(
      float[] weighted,
      int target,
      float correction,
      float[] probabilities,
      int keys,
      float[] values,
      int element,
      int headSize) {
    FloatVector sum = FloatVector.fromArray(Lanes.FLOATS, weighted, target).mul(correction);
    for (int key = 0; key < keys; key++) {
      FloatVector p = FloatVector.broadcast(Lanes.FLOATS, probabilities[key]);
      sum = FloatVector.fromArray(Lanes.FLOATS, values, key * headSize + element).fma(p, sum);
    }
    sum.intoArray(weighted, target);
  }

  private static void normalise(
      SoftmaxState state, int query, float[] out, int target, int headSize) {
    float sum = state.sum[query];
    for (int i = 0; i < headSize; i++) {
      out[target + i] = state.weighted[query * headSize + i] / sum;
    }
  }
}
