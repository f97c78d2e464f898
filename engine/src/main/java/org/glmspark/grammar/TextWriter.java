package org.glmspark.grammar;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.HashMap;
import java.util.Map;

/// Writes regular expressions over characters into a graph over bytes: in UTF-8, and inside a JSON
/// string with the escapes that JSON demands and no others.
///
/// A range of code points becomes ranges of the bytes of their UTF-8, as Ken Thompson's grep did
/// it; source: Cox 2010, <https://swtch.com/~rsc/regexp/regexp3.html>, section UTF-8.
final class TextWriter {
  private static final int[] LAST_OF_WIDTH = {0x7F, 0x7FF, 0xFFFF, Character.MAX_CODE_POINT};
  private static final CodePoints ESCAPED =
      CodePoints.of(0, ' ' - 1).or(CodePoints.of('"', '"')).or(CodePoints.of('\\', '\\'));
  private static final CodePoints UNESCAPED = ESCAPED.complement();
  private static final String SHORT_ESCAPES = "\"\\\b\f\n\r\t";
  private static final String SHORT_ESCAPE_LETTERS = "\"\\bfnrt";
  private static final String HEX = "0123456789abcdef";

  private static final int MOST_EMPTY_COPIES = 1000;

  private final Graph graph;
  private final boolean inJson;
  private int emptyCopies;

  private TextWriter(Graph graph, boolean inJson) {
    this.graph = graph;
    this.inJson = inJson;
  }

  /// For a text that stands for itself.
  static TextWriter plain(Graph graph) {
    return new TextWriter(graph, false);
  }

  /// For what stands between the quotes of a JSON string.
  static TextWriter inJsonString(Graph graph) {
    return new TextWriter(graph, true);
  }

  /// Lets the texts of an expression lead from one node to another. No edge is added that leads to
  /// `from` or starts at `to`, unless they are one node.
  void write(RegexNode node, int from, int to) {
    switch (node) {
      case RegexNode.OneOf(CodePoints characters) -> write(characters, from, to);
      case RegexNode.Sequence(var parts) -> {
        int at = from;
        for (int i = 0; i < parts.size() - 1; i++) {
          int next = graph.node();
          write(parts.get(i), at, next);
          at = next;
        }
        if (parts.isEmpty()) {
          graph.skip(from, to);
        } else {
          write(parts.getLast(), at, to);
        }
      }
      case RegexNode.Alternatives(var branches) ->
          branches.forEach(branch -> write(branch, from, to));
      case RegexNode.Repeated repeated -> write(repeated, from, to);
    }
  }

  private void write(RegexNode.Repeated repeated, int from, int to) {
    RegexNode part = repeated.part();
    if (mayBeEmpty(part)) {
      requireFewWays(repeated);
    }
    boolean text =
        part instanceof RegexNode.OneOf(CodePoints set) && set.containsAll(CodePoints.PLAIN);
    int at = graph.node();
    graph.skip(from, at);
    for (int count = 0; count < repeated.least(); count++) {
      at = once(part, at, text ? repeated.most() - count : 0);
    }
    if (repeated.most() == RegexNode.UNBOUNDED) {
      int loop = graph.node();
      graph.skip(at, loop);
      write(part, loop, loop);
      graph.textCapacity(loop, text ? Graph.ANY_LENGTH : 0);
      at = loop;
    } else {
      for (int count = repeated.least(); count < repeated.most(); count++) {
        graph.skip(at, to);
        at = once(part, at, text ? repeated.most() - count : 0);
      }
    }
    graph.skip(at, to);
  }

  /// Copies of a part that may be empty are ways that are open at once: each costs time with every
  /// byte.
  private void requireFewWays(RegexNode.Repeated repeated) {
    int copies = repeated.most() == RegexNode.UNBOUNDED ? repeated.least() + 1 : repeated.most();
    emptyCopies += copies;
    if (emptyCopies > MOST_EMPTY_COPIES) {
      throw new IllegalArgumentException(
          "a pattern repeats a part that may be empty more than %d times, expected fewer"
              .formatted(MOST_EMPTY_COPIES));
    }
  }

  private static boolean mayBeEmpty(RegexNode node) {
    return switch (node) {
      case RegexNode.OneOf _ -> false;
      case RegexNode.Sequence(var parts) -> parts.stream().allMatch(TextWriter::mayBeEmpty);
      case RegexNode.Alternatives(var branches) ->
          branches.stream().anyMatch(TextWriter::mayBeEmpty);
      case RegexNode.Repeated(var part, int least, int _) -> least == 0 || mayBeEmpty(part);
    };
  }

  private int once(RegexNode part, int from, int textCapacity) {
    int next = graph.node();
    write(part, from, next);
    graph.textCapacity(from, textCapacity);
    return next;
  }

  private void write(CodePoints characters, int from, int to) {
    if (inJson) {
      writeUtf8(characters.and(UNESCAPED), from, to);
      writeEscapes(characters.and(ESCAPED), from, to);
    } else {
      writeUtf8(characters, from, to);
    }
  }

  private void writeUtf8(CodePoints characters, int from, int to) {
    Map<Long, Integer> shared = new HashMap<>();
    for (CodePoints.Range range : characters.ranges()) {
      int first = range.first();
      for (int last : LAST_OF_WIDTH) {
        if (first <= last && first <= range.last()) {
          split(first, Math.min(last, range.last()), from, to, shared);
          first = last + 1;
        }
      }
    }
  }

  /// Splits a range of characters of one width until the bytes of all in a part form ranges that do
  /// not depend on each other.
  private void split(int first, int last, int from, int to, Map<Long, Integer> shared) {
    byte[] least = Character.toString(first).getBytes(UTF_8);
    for (int i = 1; i < least.length; i++) {
      int low = (1 << (6 * i)) - 1;
      if ((first | low) != (last | low)) {
        if ((first & low) != 0) {
          split(first, first | low, from, to, shared);
          split((first | low) + 1, last, from, to, shared);
          return;
        }
        if ((last & low) != low) {
          split(first, (last & ~low) - 1, from, to, shared);
          split(last & ~low, last, from, to, shared);
          return;
        }
      }
    }
    byte[] most = Character.toString(last).getBytes(UTF_8);
    int at = to;
    for (int i = least.length - 1; i > 0; i--) {
      at = before(at, least[i] & 0xFF, most[i] & 0xFF, shared);
    }
    graph.read(from, least[0] & 0xFF, most[0] & 0xFF, at);
  }

  /// The node from which these bytes lead to the next.
  private int before(int next, int first, int last, Map<Long, Integer> shared) {
    return shared.computeIfAbsent(
        (long) next << 16 | first << 8 | last,
        _ -> {
          int node = graph.node();
          graph.read(node, first, last, next);
          return node;
        });
  }

  private void writeEscapes(CodePoints characters, int from, int to) {
    if (characters.ranges().isEmpty()) {
      return;
    }
    int escape = graph.node();
    graph.read(from, '\\', '\\', escape);
    for (CodePoints.Range range : characters.ranges()) {
      for (int c = range.first(); c <= range.last(); c++) {
        int named = SHORT_ESCAPES.indexOf(c);
        if (named >= 0) {
          int letter = SHORT_ESCAPE_LETTERS.charAt(named);
          graph.read(escape, letter, letter, to);
        }
      }
    }
    writeCodes(characters, escape, to);
  }

  /// `u0000` to `u001f`, as far as there is no shorter escape.
  private void writeCodes(CodePoints characters, int escape, int to) {
    int digits = Graph.NO_EDGE;
    for (int high = 0; high < 2; high++) {
      int lastDigit = Graph.NO_EDGE;
      for (int low = 0; low < 16; low++) {
        int c = high << 4 | low;
        if (characters.contains(c) && SHORT_ESCAPES.indexOf(c) < 0) {
          if (digits < 0) {
            digits = graph.node();
            graph.literal(escape, "u00".getBytes(UTF_8), digits);
          }
          if (lastDigit < 0) {
            lastDigit = graph.node();
            graph.read(digits, HEX.charAt(high), HEX.charAt(high), lastDigit);
          }
          graph.read(lastDigit, HEX.charAt(low), HEX.charAt(low), to);
        }
      }
    }
  }
}
