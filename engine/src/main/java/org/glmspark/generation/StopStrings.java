package org.glmspark.generation;

import java.util.Arrays;
import java.util.Collection;
import org.glmspark.tokenizer.StreamingDecoder;
import org.glmspark.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/// Looks for the texts that end a completion while its tokens come, wherever their borders are.
///
/// Of several, the one whose last character comes first counts, and of those that end together the
/// longest: so it does not matter which characters a token brings at once. A stop string that lies
/// in the white space before the first word, which is no part of a completion, is none.
///
/// Each string is followed by the automaton of Knuth, Morris and Pratt 1977,
/// <https://doi.org/10.1137/0206024>, so a character is looked at once, however long the text.
final class StopStrings {
  private final StreamingDecoder decoder;
  private final String[] strings;

  /// For each string and each of its prefixes, by length: how long the longest border of the prefix
  /// is, a proper prefix that is also its end.
  private final int[][] borders;

  /// How much of the beginning of each string the text ends with.
  private final int[] matched;

  private final StringBuilder text = new StringBuilder();
  private boolean begun;
  private int end = -1;

  /// @param strings none is empty
  StopStrings(Tokenizer tokenizer, Collection<String> strings) {
    this.decoder = new StreamingDecoder(tokenizer);
    this.strings = strings.toArray(String[]::new);
    this.borders = Arrays.stream(this.strings).map(StopStrings::borders).toArray(int[][]::new);
    this.matched = new int[this.strings.length];
  }

  private static int[] borders(String string) {
    int[] borders = new int[string.length() + 1];
    int border = 0;
    for (int i = 1; i < string.length(); i++) {
      while (border > 0 && string.charAt(border) != string.charAt(i)) {
        border = borders[border];
      }
      if (string.charAt(border) == string.charAt(i)) {
        border++;
      }
      borders[i + 1] = border;
    }
    return borders;
  }

  /// Reads the completion's next token without ending at it: a stop string that it completes is
  /// text like any other.
  void pass(int token) {
    String next = decoder.next(token);
    for (int i = 0; i < next.length(); i++) {
      int _ = longestEndingWith(next.charAt(i));
    }
    text.append(next);
  }

  /// Reads the completion's next token.
  ///
  /// @return whether it completes a stop string
  boolean completedBy(int token) {
    String next = decoder.next(token);
    for (int i = 0; i < next.length(); i++) {
      int length = longestEndingWith(next.charAt(i));
      if (length > 0) {
        end = text.length() + i + 1 - length;
        break;
      }
    }
    text.append(next);
    return end >= 0;
  }

  /// The text before the stop string, or null if none was completed.
  @Nullable String textBefore() {
    return end < 0 ? null : text.substring(0, end);
  }

  /// The length of the longest string that ends with the text's next character; 0 if none does.
  private int longestEndingWith(char next) {
    begun |= !Character.isWhitespace(next);
    int longest = 0;
    for (int i = 0; i < strings.length; i++) {
      String string = strings[i];
      int[] border = borders[i];
      int length = matched[i];
      while (length > 0 && (length == string.length() || string.charAt(length) != next)) {
        length = border[length];
      }
      if (string.charAt(length) == next) {
        length++;
      }
      matched[i] = length;
      if (length == string.length()) {
        longest = Math.max(longest, length);
      }
    }
    return begun ? longest : 0;
  }
}
