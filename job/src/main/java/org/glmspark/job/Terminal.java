package org.glmspark.job;

import java.io.Console;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Where the program's words are shown.
///
/// @param interactive whether somebody watches, so that a line may be drawn again
/// @param columns the width of a line
record Terminal(boolean interactive, int columns) {
  private static final int DEFAULT_COLUMNS = 120;
  private static final Pattern ROWS_AND_COLUMNS = Pattern.compile("\\d+ (\\d+)\\s*");

  /// What this process was started in.
  static Terminal current() {
    boolean interactive =
        Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
    return new Terminal(interactive, interactive ? askColumns() : DEFAULT_COLUMNS);
  }

  /// Asks the terminal behind standard input, which POSIX systems answer through `stty`.
  private static int askColumns() {
    try {
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(Redirect.INHERIT)
              .redirectError(Redirect.DISCARD)
              .start();
      try (var answer = stty.getInputStream()) {
        String size = new String(answer.readAllBytes(), StandardCharsets.US_ASCII);
        Matcher matcher = ROWS_AND_COLUMNS.matcher(size);
        int columns = matcher.matches() ? Integer.parseInt(matcher.group(1)) : 0;
        return columns > 0 ? columns : DEFAULT_COLUMNS;
      }
    } catch (IOException _) { // a system without stty: any width will do
      return DEFAULT_COLUMNS;
    }
  }
}
