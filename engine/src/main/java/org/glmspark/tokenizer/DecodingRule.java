package org.glmspark.tokenizer;

import java.util.BitSet;

/// How tokens become text, apart from their bytes.
///
/// @param blankLed tokens that lose their first byte, a blank, where they begin a text
/// @param illFormed what U+FFFD stands for
record DecodingRule(BitSet blankLed, IllFormed illFormed) {
  enum IllFormed {
    /// One for the bytes that could have become a character with others after them.
    PART,
    /// One for each byte that is no part of a character.
    BYTE
  }

  /// The text is what the bytes say.
  static final DecodingRule PLAIN = new DecodingRule(new BitSet(), IllFormed.PART);
}
