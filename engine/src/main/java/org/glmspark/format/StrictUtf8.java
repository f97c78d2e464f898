package org.glmspark.format;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Text in UTF-8 that is refused, not repaired, where it is wrong. Unlike a decoder this allocates
/// nothing but the text.
public final class StrictUtf8 {
  /// What Java puts in the place of bytes that are no UTF-8.
  private static final char REPLACEMENT = '\uFFFD';

  private StrictUtf8() {}

  /// The text of some bytes, or null if they are not UTF-8.
  public static @Nullable String text(byte[] bytes, int start, int length) {
    var text = new String(bytes, start, length, StandardCharsets.UTF_8);
    return text.indexOf(REPLACEMENT) < 0 || isWritten(text, bytes, start, length) ? text : null;
  }

  /// Whether some bytes are UTF-8.
  static boolean isText(byte[] bytes, int start, int length) {
    int i = start;
    while (i < start + length && bytes[i] >= 0) {
      i++;
    }
    return i == start + length || text(bytes, start, length) != null;
  }

  /// Whether the bytes are those of the text, with all its replacement characters.
  private static boolean isWritten(String text, byte[] bytes, int start, int length) {
    byte[] written = text.getBytes(StandardCharsets.UTF_8);
    return Arrays.equals(written, 0, written.length, bytes, start, start + length);
  }
}
