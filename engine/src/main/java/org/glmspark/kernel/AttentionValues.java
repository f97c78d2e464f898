package org.glmspark.kernel;

import static org.glmspark.kernel.x86.FloatKernels.GROUP_QUERIES;
import static org.glmspark.kernel.x86.FloatKernels.TILE_KEYS;

import jdk.incubator.vector.FloatVector;
import org.glmspark.kernel.x86.FloatKernels;
import org.jspecify.annotations.Nullable;

/// The values of a tile of keys, weighted: `weighted[query] = weighted[query] · correction[query] +
/// Σ p[query][key] · v[key]`, keys ascending, one fused multiply-add each.
///
/// Elements of the head are the lanes; the blocking is that of [AttentionScores].
final class AttentionValues {
  private static final int PANEL = KeyValuePages.VALUE_ELEMENTS;
  private static final boolean EIGHT_QUERIES = Lanes.COUNT == KeyValuePages.BLOCK_TOKENS;

  /// Elements of a head that are widened together.
  static final int ELEMENTS = 2 * PANEL;

  private AttentionValues() {}

  /// Adds the first `keys` keys to two registers of elements of a group of queries.
  ///
  /// @param states of the queries
  /// @param firstState of query 0
  /// @param firstQuery of the group, a multiple of 8
  /// @param used queries of the group that count, 1 to 8
  /// @param corrections by query
  /// @param probabilities `[queries][64]`
  /// @param values `[2][64][16]`
  /// @param element of the head, with which `values` begin
  /// @param lane first element, relative to `element`
  /// @param assembled or null if there is none
  static void apply(
      SoftmaxStates states,
      int firstState,
      int firstQuery,
      int used,
      float[] corrections,
      float[] probabilities,
      float[] values,
      int element,
      int lane,
      int keys,
      @Nullable FloatKernels assembled) {
    float[] weighted = states.weighted;
    int stride = states.stride;
    int target = (firstState + firstQuery) * stride + element + lane;
    int first = index(lane);
    int second = index(lane + PagedAttention.lanes(assembled));
    if (assembled != null && keys == 0) {
      correct(states, target, used, corrections, firstQuery, 2 * assembled.lanes());
      return;
    }
    if (assembled != null) {
      assembled.values(
          weighted,
          target,
          stride,
          firstQuery,
          used,
          corrections,
          probabilities,
          values,
          first,
          second,
          keys);
      return;
    }
    if (EIGHT_QUERIES && used > GROUP_QUERIES / 2) {
      eight(
          weighted,
          target,
          stride,
          corrections,
          firstQuery,
          probabilities,
          values,
          first,
          second,
          keys);
      return;
    }
    four(
        weighted,
        target,
        stride,
        corrections,
        firstQuery,
        probabilities,
        values,
        first,
        second,
        keys);
    if (used > GROUP_QUERIES / 2) {
      int query = firstQuery + GROUP_QUERIES / 2;
      target += GROUP_QUERIES / 2 * stride;
      four(
          weighted, target, stride, corrections, query, probabilities, values, first, second, keys);
    }
  }

  /// What is left to do where the first query of a group sees no key, but others do.
  private static void correct(
      SoftmaxStates states,
      int target,
      int used,
      float[] corrections,
      int firstQuery,
      int elements) {
    for (int query = 0; query < used; query++) {
      int first = target + query * states.stride;
      for (int i = first; i < first + elements; i++) {
        states.weighted[i] *= corrections[firstQuery + query];
      }
    }
  }

  private static void eight(
      float[] weighted,
      int target,
      int stride,
      float[] corrections,
      int query,
      float[] probabilities,
      float[] values,
      int first,
      int second,
      int keys) {
    FloatVector a0 = FloatVector.fromArray(Lanes.FLOATS, weighted, target).mul(corrections[query]);
    FloatVector a1 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + stride).mul(corrections[query + 1]);
    FloatVector a2 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + 2 * stride)
            .mul(corrections[query + 2]);
    FloatVector a3 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + 3 * stride)
            .mul(corrections[query + 3]);
    FloatVector a4 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + 4 * stride)
            .mul(corrections[query + 4]);
    FloatVector a5 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + 5 * stride)
            .mul(corrections[query + 5]);
    FloatVector a6 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + 6 * stride)
            .mul(corrections[query + 6]);
    FloatVector a7 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + 7 * stride)
            .mul(corrections[query + 7]);
    FloatVector b0 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + Lanes.COUNT).mul(corrections[query]);
    FloatVector b1 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + stride + Lanes.COUNT)
            .mul(corrections[query + 1]);
    FloatVector b2 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + 2 * stride + Lanes.COUNT)
            .mul(corrections[query + 2]);
    FloatVector b3 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + 3 * stride + Lanes.COUNT)
            .mul(corrections[query + 3]);
    FloatVector b4 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + 4 * stride + Lanes.COUNT)
            .mul(corrections[query + 4]);
    FloatVector b5 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + 5 * stride + Lanes.COUNT)
            .mul(corrections[query + 5]);
    FloatVector b6 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + 6 * stride + Lanes.COUNT)
            .mul(corrections[query + 6]);
    FloatVector b7 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + 7 * stride + Lanes.COUNT)
            .mul(corrections[query + 7]);
    for (int key = 0; key < keys; key++) {
      FloatVector a = FloatVector.fromArray(Lanes.FLOATS, values, first + key * PANEL);
      FloatVector b = FloatVector.fromArray(Lanes.FLOATS, values, second + key * PANEL);
      int i = query * TILE_KEYS + key;
      FloatVector p = FloatVector.broadcast(Lanes.FLOATS, probabilities[i]);
      a0 = a.fma(p, a0);
      b0 = b.fma(p, b0);
      p = FloatVector.broadcast(Lanes.FLOATS, probabilities[i + TILE_KEYS]);
      a1 = a.fma(p, a1);
      b1 = b.fma(p, b1);
      p = FloatVector.broadcast(Lanes.FLOATS, probabilities[i + 2 * TILE_KEYS]);
      a2 = a.fma(p, a2);
      b2 = b.fma(p, b2);
      p = FloatVector.broadcast(Lanes.FLOATS, probabilities[i + 3 * TILE_KEYS]);
      a3 = a.fma(p, a3);
      b3 = b.fma(p, b3);
      p = FloatVector.broadcast(Lanes.FLOATS, probabilities[i + 4 * TILE_KEYS]);
      a4 = a.fma(p, a4);
      b4 = b.fma(p, b4);
      p = FloatVector.broadcast(Lanes.FLOATS, probabilities[i + 5 * TILE_KEYS]);
      a5 = a.fma(p, a5);
      b5 = b.fma(p, b5);
      p = FloatVector.broadcast(Lanes.FLOATS, probabilities[i + 6 * TILE_KEYS]);
      a6 = a.fma(p, a6);
      b6 = b.fma(p, b6);
      p = FloatVector.broadcast(Lanes.FLOATS, probabilities[i + 7 * TILE_KEYS]);
      a7 = a.fma(p, a7);
      b7 = b.fma(p, b7);
    }
    a0.intoArray(weighted, target);
    b0.intoArray(weighted, target + Lanes.COUNT);
    a1.intoArray(weighted, target + stride);
    b1.intoArray(weighted, target + stride + Lanes.COUNT);
    a2.intoArray(weighted, target + 2 * stride);
    b2.intoArray(weighted, target + 2 * stride + Lanes.COUNT);
    a3.intoArray(weighted, target + 3 * stride);
    b3.intoArray(weighted, target + 3 * stride + Lanes.COUNT);
    a4.intoArray(weighted, target + 4 * stride);
    b4.intoArray(weighted, target + 4 * stride + Lanes.COUNT);
    a5.intoArray(weighted, target + 5 * stride);
    b5.intoArray(weighted, target + 5 * stride + Lanes.COUNT);
    a6.intoArray(weighted, target + 6 * stride);
    b6.intoArray(weighted, target + 6 * stride + Lanes.COUNT);
    a7.intoArray(weighted, target + 7 * stride);
    b7.intoArray(weighted, target + 7 * stride + Lanes.COUNT);
  }

  private static void four(
      float[] weighted,
      int target,
      int stride,
      float[] corrections,
      int query,
      float[] probabilities,
      float[] values,
      int first,
      int second,
      int keys) {
    FloatVector a0 = FloatVector.fromArray(Lanes.FLOATS, weighted, target).mul(corrections[query]);
    FloatVector a1 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + stride).mul(corrections[query + 1]);
    FloatVector a2 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + 2 * stride)
            .mul(corrections[query + 2]);
    FloatVector a3 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + 3 * stride)
            .mul(corrections[query + 3]);
    FloatVector b0 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + Lanes.COUNT).mul(corrections[query]);
    FloatVector b1 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + stride + Lanes.COUNT)
            .mul(corrections[query + 1]);
    FloatVector b2 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + 2 * stride + Lanes.COUNT)
            .mul(corrections[query + 2]);
    FloatVector b3 =
        FloatVector.fromArray(Lanes.FLOATS, weighted, target + 3 * stride + Lanes.COUNT)
            .mul(corrections[query + 3]);
    for (int key = 0; key < keys; key++) {
      FloatVector a = FloatVector.fromArray(Lanes.FLOATS, values, first + key * PANEL);
      FloatVector b = FloatVector.fromArray(Lanes.FLOATS, values, second + key * PANEL);
      int i = query * TILE_KEYS + key;
      FloatVector p = FloatVector.broadcast(Lanes.FLOATS, probabilities[i]);
      a0 = a.fma(p, a0);
      b0 = b.fma(p, b0);
      p = FloatVector.broadcast(Lanes.FLOATS, probabilities[i + TILE_KEYS]);
      a1 = a.fma(p, a1);
      b1 = b.fma(p, b1);
      p = FloatVector.broadcast(Lanes.FLOATS, probabilities[i + 2 * TILE_KEYS]);
      a2 = a.fma(p, a2);
      b2 = b.fma(p, b2);
      p = FloatVector.broadcast(Lanes.FLOATS, probabilities[i + 3 * TILE_KEYS]);
      a3 = a.fma(p, a3);
      b3 = b.fma(p, b3);
    }
    a0.intoArray(weighted, target);
    b0.intoArray(weighted, target + Lanes.COUNT);
    a1.intoArray(weighted, target + stride);
    b1.intoArray(weighted, target + stride + Lanes.COUNT);
    a2.intoArray(weighted, target + 2 * stride);
    b2.intoArray(weighted, target + 2 * stride + Lanes.COUNT);
    a3.intoArray(weighted, target + 3 * stride);
    b3.intoArray(weighted, target + 3 * stride + Lanes.COUNT);
  }

  /// Adds the keys from `firstKey` to before `endKey` to one query.
  static void rest(
      SoftmaxStates states,
      int firstState,
      int query,
      float[] probabilities,
      float[] values,
      int element,
      int firstKey,
      int endKey) {
    float[] weighted = states.weighted;
    int target = (firstState + query) * states.stride + element;
    for (int lane = 0; lane < ELEMENTS; lane += Lanes.COUNT) {
      FloatVector sum = FloatVector.fromArray(Lanes.FLOATS, weighted, target + lane);
      for (int key = firstKey; key < endKey; key++) {
        FloatVector p = FloatVector.broadcast(Lanes.FLOATS, probabilities[query * TILE_KEYS + key]);
        FloatVector value = FloatVector.fromArray(Lanes.FLOATS, values, index(lane) + key * PANEL);
        sum = value.fma(p, sum);
      }
      sum.intoArray(weighted, target + lane);
    }
  }

  /// Where the first key's element `lane` lies among the values.
  private static int index(int lane) {
    return lane / PANEL * TILE_KEYS * PANEL + lane % PANEL;
  }
}
