package org.glmspark.grammar;

import java.util.List;

/// Some of a model's tokens: their ids if they are few, otherwise a bit for each token.
sealed interface TokenSet {
  record Few(int[] ids) implements TokenSet {}

  /// @param words 64 tokens each, from the lowest bit
  record Many(long[] words) implements TokenSet {}

  /// @param size of the vocabulary
  static TokenSet of(List<Integer> ids, int size) {
    if (ids.size() <= size / Integer.SIZE) {
      return new Few(ids.stream().mapToInt(id -> id).toArray());
    }
    long[] words = new long[words(size)];
    for (int id : ids) {
      words[id >> 6] |= 1L << id;
    }
    return new Many(words);
  }

  /// How many words have a bit for each token.
  static int words(int size) {
    return (size + Long.SIZE - 1) / Long.SIZE;
  }

  /// Sets the bits of these tokens.
  default void addTo(long[] bits) {
    switch (this) {
      case Few(int[] ids) -> {
        for (int id : ids) {
          bits[id >> 6] |= 1L << id;
        }
      }
      case Many(long[] words) -> {
        for (int i = 0; i < words.length; i++) {
          bits[i] |= words[i];
        }
      }
    }
  }
}
