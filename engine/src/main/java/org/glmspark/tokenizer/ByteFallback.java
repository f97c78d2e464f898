package org.glmspark.tokenizer;

import org.glmspark.format.MalformedModelException;

/// Encodes characters that no token has, byte by byte.
///
/// @param tokens the token of each byte, 256 of them
record ByteFallback(int[] tokens) {
  /// The bytes are tokens of the table themselves.
  static ByteFallback singleBytes(TokenTable table) {
    int[] tokens = new int[1 << Byte.SIZE];
    for (int b = 0; b < tokens.length; b++) {
      tokens[b] = table.find(new byte[] {(byte) b}, 0, 1);
    }
    return new ByteFallback(tokens);
  }

  /// Requires every byte to be a token of the table, so that every text can be encoded.
  static void requireSingleBytes(String file, TokenTable table) {
    int[] tokens = singleBytes(table).tokens();
    for (int b = 0; b < tokens.length; b++) {
      if (tokens[b] == TokenTable.NONE) {
        throw new MalformedModelException(
            file,
            "%d tokens".formatted(table.size()),
            "none is the single byte 0x%02X, expected all 256 bytes".formatted(b));
      }
    }
  }

  /// Adds the tokens of the character that begins here and returns its end.
  int addCharacter(byte[] utf8, int start, TokenBuffer buffer) {
    int end = start + Utf8.width(utf8, start);
    for (int i = start; i < end; i++) {
      buffer.add(tokens[utf8[i] & 0xFF]);
    }
    return end;
  }
}
