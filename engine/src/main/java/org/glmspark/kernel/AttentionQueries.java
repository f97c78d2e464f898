package org.glmspark.kernel;

import org.glmspark.tensor.FloatMatrix;

/// Consecutive tokens of one sequence that attend together, and the query heads of one key-value
/// head. Queries are numbered `row · heads + head`.
///
/// @param out `[tokens, at least all heads · headSize]`; written at the rows and heads that are
///   read from `queries`
/// @param queries `[tokens, at least all heads · headSize]`, rotated
/// @param firstRow row of the first token in both matrices
/// @param rows tokens, at most [#MAX_ROWS]
/// @param firstPosition position of the first token; it attends to keys 0 to `firstPosition`, the
///   next to one more
/// @param firstHead first query head of the key-value head
/// @param heads query heads of the key-value head
/// @param headSize elements of a head
public record AttentionQueries(
    FloatMatrix out,
    FloatMatrix queries,
    int firstRow,
    int rows,
    int firstPosition,
    int firstHead,
    int heads,
    int headSize) {
  /// Tokens that share a widened tile of keys and values; a good unit to hand to a thread.
  public static final int MAX_ROWS = 8;

  public AttentionQueries {
    if (rows < 1 || rows > MAX_ROWS) {
      throw new IllegalArgumentException(
          "%d query rows, expected 1 to %d".formatted(rows, MAX_ROWS));
    }
  }

  /// Queries: tokens times heads.
  public int count() {
    return rows * heads;
  }

  /// Keys that the last token sees.
  public int keys() {
    return firstPosition + rows;
  }

  /// Spans of keys that the last token sees.
  public int spans() {
    return Math.ceilDiv(keys(), PagedAttention.SPAN);
  }

  /// How many of the keys from `firstKey` on a query sees, at most `most`; 0 if it sees none.
  int visible(int query, int firstKey, int most) {
    return Math.clamp(firstPosition + query / heads + 1L - firstKey, 0, most);
  }

  /// The first query that sees key `key`; all after it do too.
  int firstSeeing(int key) {
    return Math.max(0, key - firstPosition) * heads;
  }

  /// Index in the values of `queries` of a query's first element.
  int source(int query) {
    return queries.offset(firstRow + query / heads) + (firstHead + query % heads) * headSize;
  }

  /// Index in the values of `out` of a query's first element.
  int target(int query) {
    return out.offset(firstRow + query / heads) + (firstHead + query % heads) * headSize;
  }
}
