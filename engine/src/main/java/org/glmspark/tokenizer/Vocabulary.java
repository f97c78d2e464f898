package org.glmspark.tokenizer;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// The tokens of a model: those that stand for bytes, and the special ones, which stand for none.
///
/// Ids 0 to `rankedTokens() - 1` have bytes. Special tokens have higher ids, not necessarily
/// without gaps. Models pad their embedding matrix beyond [#size]; such ids have no bytes either.
public final class Vocabulary {
  private static final byte[] NO_BYTES = {};

  private final TokenTable table;
  private final Map<String, Integer> specialTokens;
  private final int size;

  /// @param specialTokens text to id; each id is its own and at least `table.size()`
  Vocabulary(TokenTable table, Map<String, Integer> specialTokens) {
    this.table = table;
    this.specialTokens = Collections.unmodifiableMap(new LinkedHashMap<>(specialTokens));
    size = specialTokens.values().stream().mapToInt(id -> id + 1).reduce(table.size(), Math::max);
  }

  /// One more than the highest id of a token, special ones included.
  public int size() {
    return size;
  }

  /// How many tokens have bytes; their ids are the numbers below.
  public int rankedTokens() {
    return table.size();
  }

  /// The special tokens, text to id, in the order of their file.
  public Map<String, Integer> specialTokens() {
    return specialTokens;
  }

  /// A copy of the bytes that a token stands for, which need not be whole characters. Empty for
  /// special tokens and for ids beyond the vocabulary.
  ///
  /// @throws IllegalArgumentException if the id is negative
  public byte[] bytes(int id) {
    return sharedBytes(id).clone();
  }

  /// As [#bytes], but not to be changed.
  byte[] sharedBytes(int id) {
    if (id < 0) {
      throw new IllegalArgumentException("token id %d, expected at least 0".formatted(id));
    }
    return id < table.size() ? table.token(id) : NO_BYTES;
  }

  TokenTable table() {
    return table;
  }
}
