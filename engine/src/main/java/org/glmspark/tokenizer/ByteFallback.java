package org.glmspark.tokenizer;

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

  /// Adds the tokens of the character that begins here and returns its end.
  int addCharacter(byte[] utf8, int start, TokenBuffer buffer) {
    int end = start + Utf8.width(utf8, start);
    for (int i = start; i < end; i++) {
      buffer.add(tokens[utf8[i] & 0xFF]);
    }
    return end;
  }
}
