package org.glmspark.tokenizer;

import org.jspecify.annotations.Nullable;

/// An entry of a SentencePiece vocabulary.
///
/// @param text as the file has it: `▁` for a blank, `<0x0A>` for a byte
/// @param score pieces of higher score are joined first
record Piece(String text, float score, Type type) {
  /// What an entry stands for, by the numbers of `sentencepiece_model.proto`.
  enum Type {
    NORMAL(1),
    UNKNOWN(2),
    CONTROL(3),
    USER_DEFINED(4),
    UNUSED(5),
    BYTE(6);

    private final int number;

    Type(int number) {
      this.number = number;
    }

    /// The type with this number, or null if there is none.
    static @Nullable Type of(long number) {
      for (Type type : values()) {
        if (type.number == number) {
          return type;
        }
      }
      return null;
    }
  }
}
