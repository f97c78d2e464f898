package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Base64;
import org.glmspark.format.MalformedModelException;

/// Reads the text format of tiktoken, as in GLM-4's `tokenizer.model`: a token a line, `base64 rank`.
///
/// The rank is both the token's id and its priority when pairs are joined. Ranks are 0 to the number
/// of tokens less one, in any order, and every single byte is a token, so that every text can be
/// encoded. Blank lines do not count.
final class RankFile {
  private static final int SINGLE_BYTES = 256;

  private final WholeFile file;
  private final TokenTable table;

  /// The line of each rank, from 1; 0 while the rank has not been seen.
  private final int[] lines;

  private RankFile(WholeFile file) {
    this.file = file;
    int tokens = tokenLines(file.bytes());
    table = new TokenTable(tokens);
    lines = new int[tokens];
  }

  /// @throws MalformedModelException naming the line, what was found and what was expected
  static TokenTable parse(WholeFile file) {
    var ranks = new RankFile(file);
    ranks.readLines();
    ranks.requireSingleBytes();
    return ranks.table;
  }

  private static int tokenLines(byte[] bytes) {
    int count = 0;
    for (int start = 0; start < bytes.length; start = lineEnd(bytes, start) + 1) {
      if (textEnd(bytes, start) > start) {
        count++;
      }
    }
    return count;
  }

  private void readLines() {
    byte[] bytes = file.bytes();
    int line = 0;
    for (int start = 0; start < bytes.length; start = lineEnd(bytes, start) + 1) {
      line++;
      int end = textEnd(bytes, start);
      if (end > start) {
        readLine(line, new String(bytes, start, end - start, ISO_8859_1));
      }
    }
  }

  /// The end of the line that starts here, at its line feed or at the end of the file.
  private static int lineEnd(byte[] bytes, int start) {
    int end = start;
    while (end < bytes.length && bytes[end] != '\n') {
      end++;
    }
    return end;
  }

  /// The end of what this line says, without a carriage return.
  private static int textEnd(byte[] bytes, int start) {
    int end = lineEnd(bytes, start);
    return end > start && bytes[end - 1] == '\r' ? end - 1 : end;
  }

  private void readLine(int line, String text) {
    int blank = text.indexOf(' ');
    if (blank < 0) {
      throw malformed(line, "%s, expected a token in base64, a space and its rank", WholeFile.shown(text));
    }
    byte[] token = token(line, text.substring(0, blank));
    int rank = rank(line, text.substring(blank + 1));
    if (lines[rank] != 0) {
      throw malformed(line, "rank %d again, line %d has it; expected another", rank, lines[rank]);
    }
    int holder = table.put(rank, token);
    if (holder != rank) {
      throw malformed(
          line,
          "token %s again, line %d has it; expected another",
          WholeFile.shown(text.substring(0, blank)),
          lines[holder]);
    }
    lines[rank] = line;
  }

  private byte[] token(int line, String base64) {
    byte[] token;
    try {
      token = Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      String problem = "%s is no base64: %s".formatted(WholeFile.shown(base64), e.getMessage());
      throw new MalformedModelException(file.name(), "line " + line, problem, e);
    }
    if (token.length == 0) {
      throw malformed(line, "the token is empty, expected at least one byte");
    }
    return token;
  }

  private int rank(int line, String digits) {
    int rank = -1;
    if (digits.chars().allMatch(c -> c >= '0' && c <= '9')
        && !digits.isEmpty()
        && digits.length() < 10) { // so it fits an int
      rank = Integer.parseInt(digits);
    }
    if (rank < 0 || rank >= lines.length) {
      throw malformed(
          line,
          "rank %s, expected a number from 0 to %d: %d tokens have ranks without gaps",
          WholeFile.shown(digits),
          lines.length - 1,
          lines.length);
    }
    return rank;
  }

  private void requireSingleBytes() {
    for (int b = 0; b < SINGLE_BYTES; b++) {
      if (table.find(new byte[] {(byte) b}, 0, 1) == TokenTable.NONE) {
        throw new MalformedModelException(
            file.name(),
            "%d tokens".formatted(table.size()),
            "none is the single byte 0x%02X, expected all 256 bytes".formatted(b));
      }
    }
  }

  private MalformedModelException malformed(int line, String format, Object... values) {
    return new MalformedModelException(file.name(), "line " + line, format.formatted(values));
  }
}
