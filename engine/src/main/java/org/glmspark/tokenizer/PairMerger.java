package org.glmspark.tokenizer;

import java.util.Arrays;

/// Joins the pairs of a word as the rule of [BytePairEncoding] says, with any ranks.
///
/// The parts are a linked list and the pairs a heap, so a word of n bytes takes O(n log n). Holds
/// the memory of its longest word.
final class PairMerger {
  private final TokenTable table;
  private final int[] rank;
  private final BytePairEncoding.Unit unit;
  private final ByteFallback fallback;

  // One entry for each byte of the word; only those where a part begins mean something.
  private int[] next = {};
  private int[] previous = {};

  /// The token that the part here and the next one make, or NONE.
  private int[] joined = {};

  /// A binary min-heap of pairs, `rank << 32 | beginning`: ordered by rank, then by place. A pair
  /// whose parts have changed stays until it comes up.
  private long[] heap = {};

  private int heapSize;

  /// Where the parts that were joined last met, from the word's start.
  private int lastBorder;

  /// @param rank of each token that a pair can make
  PairMerger(TokenTable table, int[] rank, BytePairEncoding.Unit unit, ByteFallback fallback) {
    this.table = table;
    this.rank = rank;
    this.unit = unit;
    this.fallback = fallback;
  }

  /// Adds the tokens of the word `start` to `end` (exclusive), which has at least one byte.
  void encode(byte[] utf8, int start, int end, TokenBuffer tokens) {
    int length = end - start;
    reserve(length);
    cut(utf8, start, length);
    for (int part = 0; part < length; part = next[part]) {
      pair(utf8, start, length, part);
    }
    while (heapSize > 0) {
      long least = pop();
      int left = (int) least;
      if (joined[left] != TokenTable.NONE && rank[joined[left]] == (int) (least >>> 32)) {
        join(utf8, start, length, left);
      }
    }
    for (int part = 0; part < length; part = next[part]) {
      int token = table.find(utf8, start + part, start + next[part]);
      if (token == TokenTable.NONE) {
        fallback.addCharacter(utf8, start + part, tokens); // a unit: others come from a look-up
      } else {
        tokens.add(token);
      }
    }
  }

  /// If the last word became one token from a pair: how many bytes the left one of the pair has.
  int lastBorder() {
    return lastBorder;
  }

  private void reserve(int length) {
    if (next.length < length) {
      int capacity = Math.max(length, 2 * next.length);
      next = new int[capacity];
      previous = new int[capacity];
      joined = new int[capacity];
    }
  }

  private void cut(byte[] utf8, int start, int length) {
    int before = -1;
    for (int part = 0; part < length; part = next[part]) {
      next[part] = part + unit.width(utf8, start + part);
      previous[part] = before;
      before = part;
    }
  }

  private void join(byte[] utf8, int start, int length, int left) {
    int right = next[left];
    lastBorder = right;
    int after = next[right];
    next[left] = after;
    if (after < length) {
      previous[after] = left;
    }
    joined[right] = TokenTable.NONE; // it begins no part any more
    pair(utf8, start, length, left);
    if (left > 0) {
      pair(utf8, start, length, previous[left]);
    }
  }

  /// Looks up what the part and the next one make together.
  private void pair(byte[] utf8, int start, int length, int part) {
    int second = next[part];
    joined[part] =
        second < length ? table.find(utf8, start + part, start + next[second]) : TokenTable.NONE;
    if (joined[part] != TokenTable.NONE) {
      push(((long) rank[joined[part]] << 32) | part);
    }
  }

  private void push(long pair) {
    if (heapSize == heap.length) {
      heap = Arrays.copyOf(heap, Math.max(64, 2 * heapSize));
    }
    int i = heapSize++;
    for (int parent = (i - 1) / 2; i > 0 && pair < heap[parent]; parent = (i - 1) / 2) {
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = pair;
  }

  private long pop() {
    long least = heap[0];
    long last = heap[--heapSize];
    int i = 0;
    for (int child = 1; child < heapSize; child = 2 * i + 1) {
      if (child + 1 < heapSize && heap[child + 1] < heap[child]) {
        child++;
      }
      if (last <= heap[child]) {
        break;
      }
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = last;
    return least;
  }
}
