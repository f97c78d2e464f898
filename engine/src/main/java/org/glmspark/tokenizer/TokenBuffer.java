package org.glmspark.tokenizer;

import java.util.Arrays;

/// Tokens that an encoder adds one by one, and may take back.
final class TokenBuffer {
  private int[] tokens = new int[64];
  private int size;

  void add(int token) {
    if (size == tokens.length) {
      tokens = Arrays.copyOf(tokens, 2 * size);
    }
    tokens[size++] = token;
  }

  /// Takes the last token back.
  int removeLast() {
    return tokens[--size];
  }

  int last() {
    return tokens[size - 1];
  }

  int size() {
    return size;
  }

  int[] toArray() {
    return Arrays.copyOf(tokens, size);
  }
}
