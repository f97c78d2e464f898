package org.glmspark.tokenizer;

/// Encodes words by joining pairs, each word by itself. Holds memory between words; serves one
/// thread.
interface WordEncoder {
  /// Adds the tokens of a word, which are exactly those of [BytePairEncoding]'s rule.
  ///
  /// @param start inclusive, the beginning of a character
  /// @param end exclusive, the end of one; greater than `start`
  void encode(byte[] utf8, int start, int end, TokenBuffer tokens);
}
