package org.glmspark.udfs;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Cuts a text into parts of at most so many tokens, each as long as possible: between paragraphs,
/// where one is too long between its sentences, then between words, and only within a word that is
/// too long itself.
final class TextParts {
  /// Where a text may be cut, the best places first: after what these match.
  private static final List<Pattern> BORDERS =
      List.of(
          Pattern.compile("\\R[ \\t]*\\R\\s*"),
          Pattern.compile("\\R|[.!?]+[\"')\\]”’]*\\s+|[。！？；…]+[”’」』）]*\\s*"),
          Pattern.compile("\\s+|[，、]"));

  private final int mostTokens;
  private final ToIntFunction<String> tokens;
  private final List<String> parts = new ArrayList<>();

  private TextParts(int mostTokens, ToIntFunction<String> tokens) {
    this.mostTokens = mostTokens;
    this.tokens = tokens;
  }

  /// The parts in their order, without white space around them; nothing else is left out.
  ///
  /// @param mostTokens of a part, at least 8: no character has more
  /// @param tokens of a text
  static List<String> of(String text, int mostTokens, ToIntFunction<String> tokens) {
    if (mostTokens < 8) {
      throw new IllegalArgumentException(
          "parts of %d tokens, expected at least 8".formatted(mostTokens));
    }
    var cut = new TextParts(mostTokens, tokens);
    cut.add(text, 0);
    return cut.parts;
  }

  /// The longest start of a text that fits, without white space at its end. Cut between characters,
  /// wherever that is.
  ///
  /// @param tokens of a text
  static String start(String text, int mostTokens, ToIntFunction<String> tokens) {
    int characters = text.codePointCount(0, text.length());
    int fitting = 0;
    int beyond = Math.min(mostTokens, characters + 1); // most tokens have several characters
    while (beyond <= characters && tokens.applyAsInt(first(text, beyond)) <= mostTokens) {
      fitting = beyond;
      beyond = (int) Math.min(2L * beyond, characters + 1L);
    }
    while (beyond - fitting > 1) {
      int middle = (fitting + beyond) >>> 1;
      if (tokens.applyAsInt(first(text, middle)) <= mostTokens) {
        fitting = middle;
      } else {
        beyond = middle;
      }
    }
    return first(text, fitting).stripTrailing();
  }

  private static String first(String text, int characters) {
    return text.substring(0, text.offsetByCodePoints(0, characters));
  }

  /// @param level of the borders to cut at; beyond them all, any character ends a unit
  private void add(String text, int level) {
    if (fits(text)) {
      finish(text);
      return;
    }
    List<String> units =
        level == BORDERS.size() ? characters(text) : units(text, BORDERS.get(level));
    for (int start = 0; start < units.size(); ) {
      int end = longestRun(units, start);
      if (end > start) {
        finish(String.join("", units.subList(start, end)));
      } else {
        add(units.get(start), level + 1);
        end = start + 1;
      }
      start = end;
    }
  }

  /// The end of the longest run of units that fits, or `start` if the first alone does not. Few
  /// runs are tried, because each is tokenized.
  private int longestRun(List<String> units, int start) {
    int fitting = start;
    int step = 1;
    while (fitting + step <= units.size() && fits(units, start, fitting + step)) {
      fitting += step;
      step *= 2;
    }
    for (step = Math.min(step, units.size() - fitting); step > 0; step /= 2) {
      while (fitting + step <= units.size() && fits(units, start, fitting + step)) {
        fitting += step;
      }
    }
    return fitting;
  }

  private boolean fits(List<String> units, int start, int end) {
    return fits(String.join("", units.subList(start, end)));
  }

  private static List<String> characters(String text) {
    return text.codePoints().mapToObj(Character::toString).toList();
  }

  private boolean fits(String text) {
    return tokens.applyAsInt(text.strip()) <= mostTokens;
  }

  private void finish(String part) {
    if (!part.isBlank()) {
      parts.add(part.strip());
    }
  }

  /// The text up to and with each border, and what is left.
  private static List<String> units(String text, Pattern border) {
    List<String> units = new ArrayList<>();
    int start = 0;
    for (Matcher borders = border.matcher(text); borders.find(); start = borders.end()) {
      units.add(text.substring(start, borders.end()));
    }
    if (start < text.length()) {
      units.add(text.substring(start));
    }
    return units;
  }
}
