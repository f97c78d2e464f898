package org.glmspark.tokenizer;

import java.util.Arrays;
import java.util.stream.IntStream;

/// Byte-pair encoding of one word that is no token itself: from single bytes, the adjacent pair
/// whose concatenation has the lowest rank is joined, the leftmost of equals, until no pair is a
/// token.
///
/// The parts are a linked list and the pairs a heap, so a word of n bytes takes O(n log n). Holds
/// the memory of its longest word; serves one thread.
///
/// Source: Sennrich, Haddow and Birch 2016, <https://arxiv.org/abs/1508.07909>, on bytes.
final class PairMerger {
  private final TokenTable table;

  // One entry for each byte of the word; only those where a part begins mean something.
  private int[] next = {};
  private int[] previous = {};

  /// The token that the part here and the next one make, or NONE.
  private int[] joined = {};

  /// A binary min-heap of pairs, `joined << 32 | beginning`: ordered by rank, then by place. A pair
  /// whose parts have changed stays until it comes up.
  private long[] heap = {};

  private int heapSize;

  PairMerger(TokenTable table) {
    this.table = table;
  }

  /// Adds the tokens of the word `start` to `end` (exclusive), which has at least one byte.
  void merge(byte[] utf8, int start, int end, IntStream.Builder tokens) {
    int length = end - start;
    reset(length);
    for (int part = 0; part < length; part++) {
      pair(utf8, start, length, part);
    }
    while (heapSize > 0) {
      long least = pop();
      int left = (int) least;
      if (joined[left] == (int) (least >>> 32)) {
        join(utf8, start, length, left);
      }
    }
    for (int part = 0; part < length; part = next[part]) {
      tokens.add(table.find(utf8, start + part, start + next[part]));
    }
  }

  private void reset(int length) {
    if (next.length < length) {
      int capacity = Math.max(length, 2 * next.length);
      next = new int[capacity];
      previous = new int[capacity];
      joined = new int[capacity];
    }
    for (int part = 0; part < length; part++) {
      next[part] = part + 1;
      previous[part] = part - 1;
    }
  }

  private void join(byte[] utf8, int start, int length, int left) {
    int right = next[left];
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
      push(((long) joined[part] << 32) | part);
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
