package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Arrays;
import java.util.Base64;
import org.glmspark.format.Excerpt;
import org.glmspark.format.MalformedModelException;

/// Reads the text format of tiktoken, which is that of GLM-4's `tokenizer.model`: a token a line,
/// `base64 rank`.
///
/// The rank is both the token's id and its priority when pairs are joined. Ranks are 0 to the
/// number of tokens less one, in any order, and every single byte is a token, so that every text
/// can be encoded. Blank lines do not count.
final class RankFile {
  /// A byte in base64, a blank and a digit.
  private static final int LEAST_LINE_BYTES = 6;

  private final WholeFile file;
  private final TokenTable table;

  /// The line of each rank, from 1; 0 while the rank has not been seen.
  private final int[] lines;

  private RankFile(WholeFile file) {
    this.file = file;
    int tokens = tokenLines();
    table = new TokenTable(tokens);
    lines = new int[tokens];
  }

  /// @throws MalformedModelException naming the line, what was found and what was expected
  static TokenTable parse(WholeFile file) {
    var ranks = new RankFile(file);
    ranks.readLines();
    ByteFallback.requireSingleBytes(file.name(), ranks.table);
    return ranks.table;
  }

  /// The number of lines long enough for a token: tables are made for all of them. Others are
  /// refused when they are read.
  private int tokenLines() {
    byte[] bytes = file.bytes();
    int count = 0;
    int end;
    for (int start = 0; start < bytes.length; start = end + 1) {
      end = lineEnd(bytes, start);
      if (textEnd(bytes, start, end) - start >= LEAST_LINE_BYTES) {
        count++;
      }
    }
    TokenTable.requireCount(file.name(), count);
    return count;
  }

  private void readLines() {
    byte[] bytes = file.bytes();
    int line = 0;
    int end;
    for (int start = 0; start < bytes.length; start = end + 1) {
      end = lineEnd(bytes, start);
      line++;
      int textEnd = textEnd(bytes, start, end);
      if (textEnd > start) {
        readLine(line, start, textEnd);
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

  /// The end of what a line says, without a carriage return.
  private static int textEnd(byte[] bytes, int start, int end) {
    return end > start && bytes[end - 1] == '\r' ? end - 1 : end;
  }

  private void readLine(int line, int start, int end) {
    int blank = start;
    while (blank < end && file.bytes()[blank] != ' ') {
      blank++;
    }
    if (blank == end) {
      throw malformed(
          line, shown(start, end) + ", expected a token in base64, a space and its rank");
    }
    byte[] token = token(line, start, blank);
    int rank = rank(line, blank + 1, end);
    if (lines[rank] != 0) {
      throw malformed(
          line, "rank %d again, line %d has it; expected another".formatted(rank, lines[rank]));
    }
    int holder = table.put(rank, token);
    if (holder != rank) {
      throw malformed(
          line,
          "token %s again, line %d has it; expected another"
              .formatted(shown(start, blank), lines[holder]));
    }
    lines[rank] = line;
  }

  private byte[] token(int line, int start, int end) {
    byte[] token;
    try {
      token = Base64.getDecoder().decode(Arrays.copyOfRange(file.bytes(), start, end));
    } catch (IllegalArgumentException e) {
      throw new MalformedModelException(
          file.name(),
          "line " + line,
          "%s is no base64: %s".formatted(shown(start, end), e.getMessage()),
          e);
    }
    if (token.length == 0) {
      throw malformed(line, "the token is empty, expected at least one byte");
    }
    return token;
  }

  private int rank(int line, int start, int end) {
    int tokens = lines.length;
    boolean valid = end > start;
    int rank = 0;
    for (int i = start; i < end && valid; i++) {
      int digit = file.bytes()[i] - '0';
      rank = 10 * rank + digit; // no overflow: there are far fewer tokens than 2^31 / 10
      valid = digit >= 0 && digit <= 9 && rank < tokens;
    }
    if (!valid) {
      throw malformed(
          line,
          "rank %s, expected a number from 0 to %d: %d tokens have ranks without gaps"
              .formatted(shown(start, end), tokens - 1, tokens));
    }
    return rank;
  }

  private MalformedModelException malformed(int line, String problem) {
    return new MalformedModelException(file.name(), "line " + line, problem);
  }

  private String shown(int start, int end) {
    return Excerpt.quoted(new String(file.bytes(), start, end - start, ISO_8859_1));
  }
}
