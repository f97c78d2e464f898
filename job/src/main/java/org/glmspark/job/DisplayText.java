package org.glmspark.job;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Text as a terminal shows it, in columns: wide characters take two, marks on others none.
///
/// Source for widths: Unicode Standard Annex 11, East Asian Width,
/// <https://www.unicode.org/reports/tr11/>: classes W and F are wide, all others narrow; emoji by
/// UTS 51 are wide.
final class DisplayText {
  private static final String ELLIPSIS = "…";

  /// What a reader takes for one character: an emoji of several code points, a letter with its
  /// marks.
  private static final Pattern CHARACTER = Pattern.compile("\\X");

  private static final Pattern BLANKS = Pattern.compile("[\\s\\p{IsWhite_Space}\\p{Cc}]+");

  /// Turns writing around, and whatever follows in the line with it.
  private static final Pattern DIRECTIONS = Pattern.compile("[\\u202a-\\u202e\\u2066-\\u2069]");

  private DisplayText() {}

  /// The text in one line: line breaks, tabs and control characters, which a terminal would obey,
  /// become single blanks.
  static String singleLine(String text) {
    String undirected = DIRECTIONS.matcher(text).replaceAll("");
    return BLANKS.matcher(undirected).replaceAll(" ").strip();
  }

  /// The columns that a line takes.
  static int width(String line) {
    Matcher characters = CHARACTER.matcher(line);
    int width = 0;
    while (characters.find()) {
      width += characterWidth(characters.group());
    }
    return width;
  }

  /// The line, or as much of its beginning as fits beside an ellipsis.
  ///
  /// @param columns at least 1
  static String cut(String line, int columns) {
    if (width(line) <= columns) {
      return line;
    }
    Matcher characters = CHARACTER.matcher(line);
    int width = 0;
    int end = 0;
    while (characters.find()) {
      width += characterWidth(characters.group());
      if (width > columns - 1) {
        break;
      }
      end = characters.end();
    }
    return line.substring(0, end).stripTrailing() + ELLIPSIS;
  }

  /// The line with blanks after it, up to a number of columns.
  static String pad(String line, int columns) {
    return line + " ".repeat(Math.max(0, columns - width(line)));
  }

  private static int characterWidth(String character) {
    return character.codePoints().map(DisplayText::codePointWidth).max().orElse(0);
  }

  private static int codePointWidth(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.FORMAT -> 0;
      default -> isWide(codePoint) ? 2 : 1;
    };
  }

  private static boolean isWide(int codePoint) {
    return Character.isIdeographic(codePoint)
        || Character.isEmojiPresentation(codePoint)
        || isBetween(codePoint, 0x1100, 0x115f) // Hangul initial consonants
        || isBetween(codePoint, 0x2e80, 0x303e) // radicals, CJK punctuation
        || isBetween(codePoint, 0x3041, 0x33ff) // kana, bopomofo, compatibility letters
        || isBetween(codePoint, 0xa000, 0xa4cf) // Yi
        || isBetween(codePoint, 0xa960, 0xa97f) // old Hangul
        || isBetween(codePoint, 0xac00, 0xd7a3) // Hangul syllables
        || isBetween(codePoint, 0xfe30, 0xfe6f) // vertical and small forms
        || isBetween(codePoint, 0xff01, 0xff60) // full-width forms
        || isBetween(codePoint, 0xffe0, 0xffe6);
  }

  private static boolean isBetween(int codePoint, int first, int last) {
    return codePoint >= first && codePoint <= last;
  }
}
