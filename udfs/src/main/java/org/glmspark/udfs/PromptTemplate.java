package org.glmspark.udfs;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.function.UnaryOperator;

/// A text with `{column}` in the places where a row's values go; `{{` and `}}` stand for braces.
final class PromptTemplate {
  private PromptTemplate() {}

  /// The columns a template names, each once, in the order of their first place.
  ///
  /// @throws IllegalArgumentException if a brace has no partner, naming its position
  static List<String> columns(String template) {
    var columns = new LinkedHashSet<String>();
    fill(
        template,
        column -> {
          columns.add(column);
          return "";
        });
    return List.copyOf(columns);
  }

  /// In how many places a template has a column.
  static int places(String template, String column) {
    var places = new ArrayList<String>();
    fill(
        template,
        named -> {
          if (named.equals(column)) {
            places.add(named);
          }
          return "";
        });
    return places.size();
  }

  /// Puts texts into their places. What they contain is never read as a place itself.
  ///
  /// @param textOf gives the text of a column
  static String fill(String template, UnaryOperator<String> textOf) {
    var filled = new StringBuilder();
    for (int i = 0; i < template.length(); i++) {
      char c = template.charAt(i);
      if ((c == '{' || c == '}') && template.startsWith(String.valueOf(c), i + 1)) {
        filled.append(c);
        i++;
      } else if (c == '{') {
        int end = closing(template, i);
        filled.append(textOf.apply(template.substring(i + 1, end)));
        i = end;
      } else if (c == '}') {
        throw broken(template, i, "'}' closes nothing; write '}}' for a brace");
      } else {
        filled.append(c);
      }
    }
    return filled.toString();
  }

  private static int closing(String template, int opening) {
    int end = opening + 1;
    while (end < template.length() && template.charAt(end) != '}' && template.charAt(end) != '{') {
      end++;
    }
    if (end == template.length() || template.charAt(end) == '{') {
      throw broken(template, opening, "'{' is not closed; write '{{' for a brace");
    }
    if (end == opening + 1) {
      throw broken(template, opening, "'{}' names no column");
    }
    return end;
  }

  private static IllegalArgumentException broken(String template, int index, String what) {
    return new IllegalArgumentException(
        "prompt template, character %d: %s: %s"
            .formatted(index + 1, what, around(template, index)));
  }

  /// The part of the template near a place, so that it can be found again.
  private static String around(String template, int index) {
    int start = Math.max(0, index - 20);
    int end = Math.min(template.length(), index + 20);
    return (start > 0 ? "..." : "")
        + template.substring(start, end)
        + (end < template.length() ? "..." : "");
  }
}
