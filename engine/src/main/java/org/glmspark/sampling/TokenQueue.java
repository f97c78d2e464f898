package org.glmspark.sampling;

import java.util.Arrays;

/// Tokens in descending order of their logits, equal ones in ascending order of their ids.
///
/// A binary heap: mostly a few of very many are polled, so sorting all would be a waste.
final class TokenQueue {
  /// Ascending order of the keys is the order of the tokens, which are their lower halves.
  private long[] keys;

  private int count;
  private boolean heap;

  TokenQueue() {
    this(new long[64], 0);
  }

  private TokenQueue(long[] keys, int count) {
    this.keys = keys;
    this.count = count;
  }

  /// Adds a token; not after one was polled.
  void add(float logit, int token) {
    if (count == keys.length) {
      keys = Arrays.copyOf(keys, 2 * count);
    }
    keys[count++] = key(logit, token);
  }

  private static long key(float logit, int token) {
    int bits = Float.floatToRawIntBits(logit + 0f); // -0 becomes +0: they are equal logits
    int ascending = bits ^ (bits >> 31 & Integer.MAX_VALUE);
    return ((long) ~ascending << 32) | token;
  }

  int count() {
    return count;
  }

  /// The tokens in no particular order.
  ///
  /// @param i 0 to count - 1
  int token(int i) {
    return (int) keys[i];
  }

  TokenQueue copy() {
    TokenQueue copy = new TokenQueue(Arrays.copyOf(keys, count), count);
    copy.heap = heap;
    return copy;
  }

  /// Drops all but the first `most` tokens.
  void keepFirst(int most) {
    if (most >= count) {
      return;
    }
    long[] first = new long[most];
    for (int i = 0; i < most; i++) {
      first[i] = pollKey();
    }
    keys = first; // ascending keys are a heap
    count = most;
  }

  /// Removes the first token. There is one.
  int poll() {
    return (int) pollKey();
  }

  private long pollKey() {
    if (!heap) {
      for (int i = count / 2 - 1; i >= 0; i--) {
        sink(keys[i], i);
      }
      heap = true;
    }
    long first = keys[0];
    count--;
    sink(keys[count], 0);
    return first;
  }

  /// Puts a key in the place of the one at `i`, or below.
  private void sink(long key, int i) {
    int place = i;
    for (int child = 2 * place + 1; child < count; child = 2 * place + 1) {
      if (child + 1 < count && keys[child + 1] < keys[child]) {
        child++;
      }
      if (key <= keys[child]) {
        break;
      }
      keys[place] = keys[child];
      place = child;
    }
    keys[place] = key;
  }
}
