package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

/// Characters in UTF-8.
final class Utf8 {
  private static final int REPLACEMENT = 0xFFFD;

  private Utf8() {}

  /// A text in UTF-8. Unpaired surrogates become U+FFFD; Java's encoder would turn them into '?', a
  /// character that documents use.
  static byte[] of(String text) {
    return wellFormed(text).getBytes(UTF_8);
  }

  /// How many bytes the character here has; well-formed UTF-8.
  static int width(byte[] utf8, int i) {
    // as many ones lead its first byte, none in ASCII
    return utf8[i] >= 0 ? 1 : Integer.numberOfLeadingZeros(~(utf8[i] << 24));
  }

  private static String wellFormed(String text) {
    if (!hasUnpairedSurrogates(text)) {
      return text;
    }
    int[] codePoints = text.codePoints().map(c -> isUnpaired(c) ? REPLACEMENT : c).toArray();
    return new String(codePoints, 0, codePoints.length);
  }

  private static boolean hasUnpairedSurrogates(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        int codePoint = text.codePointAt(i);
        if (isUnpaired(codePoint)) {
          return true;
        }
        i++; // the other half of the pair
      }
    }
    return false;
  }

  /// A pair is one code point beyond these.
  private static boolean isUnpaired(int codePoint) {
    return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
  }
}
