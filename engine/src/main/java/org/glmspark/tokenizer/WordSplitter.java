package org.glmspark.tokenizer;

/// Splits text into the words that GLM-4 encodes one by one.
///
/// It finds the matches of
///
/// ```
/// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*
/// |\s*[\r\n]+|\s+(?!\S)|\s+
/// ```
///
/// where white space, letters, numbers and case are Unicode's. Every character belongs to a match.
/// Time is linear in the text, also for white space or a letter repeated without end.
///
/// Source: `tokenization_chatglm.py` of GLM-4-9B-Chat.
final class WordSplitter {
  /// The expression in the syntax of the `regex` package that published tokenizers name it in.
  static final String REGULAR_EXPRESSION =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  /// What the alternatives tell apart; END is the end of the text.
  private enum Kind {
    LETTER,
    NUMBER,
    NEWLINE,
    OTHER_SPACE,
    SYMBOL,
    END
  }

  private static final int NEXT_LINE = 0x85;

  private static final Kind[] ASCII = new Kind[128];

  static {
    for (int c = 0; c < ASCII.length; c++) {
      ASCII[c] = kind(c);
    }
  }

  private WordSplitter() {}

  /// The end, exclusive, of the word that begins at `start`.
  ///
  /// @param utf8 well-formed UTF-8
  /// @param start the beginning of a character
  static int end(byte[] utf8, int start) {
    int contraction = contractionEnd(utf8, start);
    if (contraction > start) {
      return contraction;
    }
    Kind kind = kind(utf8, start);
    int second = start + width(utf8, start);
    Kind secondKind = kind(utf8, second);
    return switch (kind) {
      case LETTER -> runEnd(utf8, second, Kind.LETTER);
      case NUMBER -> numberEnd(utf8, start);
      case NEWLINE -> whiteSpaceEnd(utf8, start);
      case OTHER_SPACE -> {
        if (secondKind == Kind.LETTER) {
          yield runEnd(utf8, second, Kind.LETTER);
        }
        boolean leads = utf8[start] == ' ' && secondKind == Kind.SYMBOL;
        yield leads ? symbolsEnd(utf8, second) : whiteSpaceEnd(utf8, start);
      }
      case SYMBOL ->
          secondKind == Kind.LETTER ? runEnd(utf8, second, Kind.LETTER) : symbolsEnd(utf8, second);
      case END -> throw new IllegalArgumentException("no word at %d".formatted(start));
    };
  }

  /// The end of 's, 't, 're, 've, 'm, 'll or 'd in any case, or `start` if there is none.
  private static int contractionEnd(byte[] utf8, int start) {
    if (utf8[start] != '\'') {
      return start;
    }
    int first = start + 1;
    int second = start + 2;
    return switch (lowerCase(utf8, first)) {
      case 's', 't', 'm', 'd' -> second;
      case 'r', 'v' -> lowerCase(utf8, second) == 'e' ? second + 1 : start;
      case 'l' -> lowerCase(utf8, second) == 'l' ? second + 1 : start;
      default -> isLongS(utf8, first) ? second + 1 : start;
    };
  }

  /// The ASCII letter here as a small one; other bytes become no ASCII letter.
  private static int lowerCase(byte[] utf8, int i) {
    return i < utf8.length ? utf8[i] | 0x20 : -1;
  }

  /// Whether U+017F is here, the one character beyond ASCII that folds to one of these letters.
  private static boolean isLongS(byte[] utf8, int i) {
    return i + 1 < utf8.length && utf8[i] == (byte) 0xC5 && utf8[i + 1] == (byte) 0xBF;
  }

  private static int numberEnd(byte[] utf8, int start) {
    int end = start;
    for (int digits = 0; digits < 3 && kind(utf8, end) == Kind.NUMBER; digits++) {
      end += width(utf8, end);
    }
    return end;
  }

  /// The end of the symbols from here and of the line breaks after them.
  private static int symbolsEnd(byte[] utf8, int from) {
    return runEnd(utf8, runEnd(utf8, from, Kind.SYMBOL), Kind.NEWLINE);
  }

  private static int runEnd(byte[] utf8, int from, Kind kind) {
    int end = from;
    while (kind(utf8, end) == kind) {
      end += width(utf8, end);
    }
    return end;
  }

  /// The end of white space that begins here: after its last line break; without one, before its
  /// last character, which then leads the next word; at the end of the text, all of it.
  private static int whiteSpaceEnd(byte[] utf8, int start) {
    int afterNewline = start;
    int last = start;
    int end = start;
    for (Kind kind = kind(utf8, end);
        kind == Kind.NEWLINE || kind == Kind.OTHER_SPACE;
        kind = kind(utf8, end)) {
      last = end;
      end += width(utf8, end);
      if (kind == Kind.NEWLINE) {
        afterNewline = end;
      }
    }
    if (afterNewline > start) {
      return afterNewline;
    }
    return end == utf8.length || last == start ? end : last;
  }

  private static Kind kind(byte[] utf8, int i) {
    if (i >= utf8.length) {
      return Kind.END;
    }
    return utf8[i] >= 0 ? ASCII[utf8[i]] : kind(codePoint(utf8, i));
  }

  private static Kind kind(int codePoint) {
    if (codePoint == '\n' || codePoint == '\r') {
      return Kind.NEWLINE;
    }
    if ((codePoint >= '\t' && codePoint <= '\r') || codePoint == NEXT_LINE) {
      return Kind.OTHER_SPACE;
    }
    return switch (Character.getType(codePoint)) {
      case Character.UPPERCASE_LETTER,
          Character.LOWERCASE_LETTER,
          Character.TITLECASE_LETTER,
          Character.MODIFIER_LETTER,
          Character.OTHER_LETTER ->
          Kind.LETTER;
      case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER ->
          Kind.NUMBER;
      case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR ->
          Kind.OTHER_SPACE;
      default -> Kind.SYMBOL;
    };
  }

  /// How many bytes the character here has.
  private static int width(byte[] utf8, int i) {
    if (i >= utf8.length || utf8[i] >= 0) {
      return 1;
    }
    return Integer.numberOfLeadingZeros(~(utf8[i] << 24)); // as many ones lead its first byte
  }

  private static int codePoint(byte[] utf8, int i) {
    int width = width(utf8, i);
    int codePoint = utf8[i] & (0x7F >> width);
    for (int rest = 1; rest < width; rest++) {
      codePoint = (codePoint << 6) | (utf8[i + rest] & 0x3F);
    }
    return codePoint;
  }
}
