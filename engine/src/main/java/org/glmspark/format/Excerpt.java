package org.glmspark.format;

import java.util.Locale;

/// The beginning of a text of any length and content, for a message. Characters that would rule a
/// terminal or turn round what stands beside them are written as escapes.
public final class Excerpt {
  static final int LENGTH = 120;

  private Excerpt() {}

  /// The first 120 characters, and `…` if there are more.
  public static String of(String text) {
    var excerpt = new StringBuilder();
    int end = Math.min(text.length(), LENGTH);
    for (int i = 0; i < end; ) {
      int character = text.codePointAt(i);
      if (isPlain(character)) {
        excerpt.appendCodePoint(character);
      } else {
        excerpt.append(String.format(Locale.ROOT, "\\u%04x", character));
      }
      i += Character.charCount(character);
    }
    return (text.length() > LENGTH ? excerpt.append('…') : excerpt).toString();
  }

  /// The same between single quotes.
  public static String quoted(String text) {
    return "'" + of(text) + "'";
  }

  private static boolean isPlain(int character) {
    return switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
