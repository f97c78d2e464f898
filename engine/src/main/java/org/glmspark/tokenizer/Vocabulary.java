package org.glmspark.tokenizer;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// The tokens of a model: those that stand for bytes, and the special ones, which stand for none.
///
/// Special tokens of GLM-4 have higher ids than those with bytes, not necessarily without gaps;
/// ChatGLM has some before them too. Models pad their embedding matrix beyond [#size]; such ids
/// have no bytes either.
public final class Vocabulary {
  private static final byte[] NO_BYTES = {};

  private final byte[][] bytes;
  private final Map<String, Integer> specialTokens;
  private final DecodingRule decodingRule;
  private final int size;
  private final int tokensWithBytes;

  /// @param bytes of each id from 0; none for special tokens
  /// @param specialTokens text to id; none has bytes
  Vocabulary(byte[][] bytes, Map<String, Integer> specialTokens, DecodingRule decodingRule) {
    this.bytes = bytes;
    this.decodingRule = decodingRule;
    this.specialTokens = Collections.unmodifiableMap(new LinkedHashMap<>(specialTokens));
    size = specialTokens.values().stream().mapToInt(id -> id + 1).reduce(bytes.length, Math::max);
    tokensWithBytes = (int) Arrays.stream(bytes).filter(token -> token.length > 0).count();
  }

  /// One more than the highest id of a token, special ones included.
  public int size() {
    return size;
  }

  /// How many tokens have bytes.
  public int tokensWithBytes() {
    return tokensWithBytes;
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

  /// Whether a text is written with a blank before it, which decoding takes away again.
  public boolean dropsLeadingBlank() {
    return !decodingRule.blankLed().isEmpty();
  }

  DecodingRule decodingRule() {
    return decodingRule;
  }

  /// As [#bytes], but not to be changed.
  byte[] sharedBytes(int id) {
    if (id < 0) {
      throw new IllegalArgumentException("token id %d, expected at least 0".formatted(id));
    }
    return id < bytes.length ? bytes[id] : NO_BYTES;
  }
}
