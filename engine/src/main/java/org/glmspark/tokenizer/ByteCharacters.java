package org.glmspark.tokenizer;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The characters by which `tokenizer.json` and GGUF write the bytes of a token: printable Latin-1
/// characters stand for themselves, the other bytes are U+0100 and what follows, in their order.
///
/// Source: `bytes_to_unicode` of GPT-2, <https://github.com/openai/gpt-2>.
final class ByteCharacters {
  private static final int FIRST_SUBSTITUTE = 0x100;
  private static final int NO_BYTE = -1;

  /// The byte of each character, or NO_BYTE.
  private static final int[] BYTES = bytes();

  private ByteCharacters() {}

  /// The bytes that a text stands for, or null if one of its characters stands for none.
  static byte @Nullable [] decode(String text) {
    byte[] bytes = new byte[text.length()];
    for (int i = 0; i < bytes.length; i++) {
      char c = text.charAt(i);
      int b = c < BYTES.length ? BYTES[c] : NO_BYTE;
      if (b == NO_BYTE) {
        return null;
      }
      bytes[i] = (byte) b;
    }
    return bytes;
  }

  private static int[] bytes() {
    int[] bytes = new int[2 * FIRST_SUBSTITUTE];
    Arrays.fill(bytes, NO_BYTE);
    int substitute = FIRST_SUBSTITUTE;
    for (int b = 0; b < FIRST_SUBSTITUTE; b++) {
      bytes[standsForItself(b) ? b : substitute++] = b;
    }
    return bytes;
  }

  private static boolean standsForItself(int b) {
    return (b >= '!' && b <= '~') || (b >= 0xA1 && b != 0xAD);
  }
}
