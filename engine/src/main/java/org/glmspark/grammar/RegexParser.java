package org.glmspark.grammar;

import java.util.ArrayList;
import java.util.List;
import org.glmspark.format.Excerpt;

/// Reads regular expressions of a subset of what `java.util.regex` takes, with its meaning:
///
/// | | |
/// |---|---|
/// | `a`, `你` | a character that has no other meaning; those that have one follow a `\` |
/// | `.` | any character that ends no line |
/// | `[a-z_]`, `[^"]` | one of these characters; none of them |
/// | `\d \w \s`, `\D \W \S` | an ASCII digit, letter or `_`, blank; anything else |
/// | `\t \n \r \f` | a character by its name |
/// | `\x` and two hexadecimal digits, the same with `u` and four | a character by its code |
/// | `(…)`, `(?:…)`, `(?<name>…)` | a group |
/// | `a\|b` | one or the other |
/// | `? * + {m} {m,} {m,n}` | a repetition; a `?` after it changes nothing |
/// | `^`, `$` | at the beginning and the end of the pattern or of an alternative of all of it |
///
/// Everything else is refused: look-around, back references, `\b`, `\p`, possessive quantifiers,
/// flags, intersections of classes.
final class RegexParser {
  private static final int MAX_CHARACTERS = 1 << 16;
  private static final int MAX_DEPTH = 100;
  private static final int MAX_REPETITIONS = 100_000;

  private static final CodePoints DIGITS = CodePoints.of('0', '9');
  private static final CodePoints WORD =
      DIGITS.or(CodePoints.of('A', 'Z')).or(CodePoints.of('a', 'z')).or(CodePoints.of('_', '_'));
  private static final CodePoints BLANKS = CodePoints.of(' ', ' ').or(CodePoints.of('\t', '\r'));

  /// A pattern's alternatives.
  private record Branch(RegexNode node, boolean fromStart, boolean toEnd) {}

  private final String pattern;
  private int index;
  private int depth;

  private RegexParser(String pattern) {
    this.pattern = pattern;
  }

  /// The texts that the pattern matches from their beginning to their end.
  ///
  /// @throws IllegalArgumentException for what is malformed or not supported, with its index
  static RegexNode whole(String pattern) {
    List<RegexNode> branches = new ArrayList<>();
    for (Branch branch : branches(pattern)) {
      branches.add(branch.node());
    }
    return new RegexNode.Alternatives(branches);
  }

  /// The texts in which the pattern is found somewhere, as JSON schemas mean theirs.
  ///
  /// @throws IllegalArgumentException as [#whole]
  static RegexNode somewhere(String pattern) {
    RegexNode anything = RegexNode.anyTimes(new RegexNode.OneOf(CodePoints.ALL));
    List<RegexNode> branches = new ArrayList<>();
    for (Branch branch : branches(pattern)) {
      List<RegexNode> parts = new ArrayList<>();
      if (!branch.fromStart()) {
        parts.add(anything);
      }
      parts.add(branch.node());
      if (!branch.toEnd()) {
        parts.add(anything);
      }
      branches.add(new RegexNode.Sequence(parts));
    }
    return new RegexNode.Alternatives(branches);
  }

  private static List<Branch> branches(String pattern) {
    if (pattern.length() > MAX_CHARACTERS) {
      throw new IllegalArgumentException(
          "the pattern has %d characters, expected at most %d"
              .formatted(pattern.length(), MAX_CHARACTERS));
    }
    return new RegexParser(pattern).branches();
  }

  private List<Branch> branches() {
    List<Branch> branches = new ArrayList<>();
    do {
      boolean fromStart = accept('^');
      RegexNode node = sequence();
      boolean toEnd = accept('$');
      branches.add(new Branch(node, fromStart, toEnd));
    } while (accept('|'));
    if (index < pattern.length()) {
      throw problem(
          index,
          peek() == ')'
              ? "')' closes no group"
              : "'%s' is supported at the beginning and the end of a pattern only"
                  .formatted(Character.toString(peek())));
    }
    return branches;
  }

  private RegexNode alternatives() {
    List<RegexNode> branches = new ArrayList<>();
    do {
      branches.add(sequence());
    } while (accept('|'));
    return branches.size() == 1 ? branches.getFirst() : new RegexNode.Alternatives(branches);
  }

  private RegexNode sequence() {
    List<RegexNode> parts = new ArrayList<>();
    while (index < pattern.length() && "|)^$".indexOf(peek()) < 0) {
      parts.add(repeated(atom()));
    }
    return parts.size() == 1 ? parts.getFirst() : new RegexNode.Sequence(parts);
  }

  private RegexNode atom() {
    int start = index;
    int c = next();
    return switch (c) {
      case '(' -> group(start);
      case '[' -> new RegexNode.OneOf(characterClass(start));
      case '.' -> new RegexNode.OneOf(CodePoints.NO_LINE_ENDS);
      case '\\' -> new RegexNode.OneOf(escape(start));
      case '*', '+', '?', '{' ->
          throw problem(
              start, "'%s' repeats nothing; write '\\%<s'".formatted(Character.toString(c)));
      default -> new RegexNode.OneOf(single(start, c));
    };
  }

  private CodePoints single(int start, int c) {
    if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
      throw problem(start, "half a character");
    }
    return CodePoints.of(c, c);
  }

  private RegexNode group(int start) {
    if (accept('?') && !accept(':')) {
      boolean named =
          accept('<') && index < pattern.length() && Character.isLetter(pattern.charAt(index));
      if (!named) {
        throw problem(
            start,
            "'%s' is not supported: of groups that begin with '(?' only '(?:' and '(?<name>'"
                .formatted(Excerpt.of(pattern.substring(start, Math.min(start + 4, end())))));
      }
      while (next() != '>') {
        requireMore(start, "the group's name has no end");
      }
    }
    if (++depth > MAX_DEPTH) {
      throw problem(start, "a group inside %d others, expected fewer".formatted(MAX_DEPTH));
    }
    RegexNode node = alternatives();
    if (!accept(')')) {
      requireMore(start, "the group has no end");
      throw problem(
          index,
          "'%s' is supported at the beginning and the end of a pattern only"
              .formatted(Character.toString(peek())));
    }
    depth--;
    return node;
  }

  private RegexNode repeated(RegexNode part) {
    int start = index;
    RegexNode node = part;
    if (accept('?')) {
      node = new RegexNode.Repeated(part, 0, 1);
    } else if (accept('*')) {
      node = RegexNode.anyTimes(part);
    } else if (accept('+')) {
      node = new RegexNode.Repeated(part, 1, RegexNode.UNBOUNDED);
    } else if (accept('{')) {
      node = counted(start, part);
    } else {
      return part;
    }
    boolean _ = accept('?'); // what is found first does not matter where all has to match
    if (index < end() && "*+?{".indexOf(peek()) >= 0) {
      throw problem(index, "a repetition of a repetition; put the first one into a group");
    }
    return node;
  }

  private RegexNode counted(int start, RegexNode part) {
    int least = number(start);
    int most = least;
    if (accept(',')) {
      most = index < end() && peek() == '}' ? RegexNode.UNBOUNDED : number(start);
    }
    if (!accept('}') || most < least) {
      throw problem(start, "expected a repetition like {2}, {2,} or {2,5}; write '\\{' for a '{'");
    }
    return new RegexNode.Repeated(part, least, most);
  }

  private int number(int start) {
    int from = index;
    while (index < end() && peek() >= '0' && peek() <= '9') {
      index++;
    }
    String digits = pattern.substring(from, index);
    if (digits.isEmpty() || digits.length() > 6 || Integer.parseInt(digits) > MAX_REPETITIONS) {
      throw problem(
          start,
          "expected a repetition like {2}, {2,} or {2,5}, up to %d times; write '\\{' for a '{'"
              .formatted(MAX_REPETITIONS));
    }
    return Integer.parseInt(digits);
  }

  /// After `[`.
  private CodePoints characterClass(int start) {
    boolean negated = accept('^');
    CodePoints characters = CodePoints.NONE;
    do {
      requireMore(start, "the class has no end");
      int from = index;
      CodePoints first = classMember();
      if (index + 1 < end() && peek() == '-' && pattern.charAt(index + 1) != ']') {
        index++;
        first = range(from, first, classMember());
      }
      characters = characters.or(first);
      requireMore(start, "the class has no end");
    } while (!accept(']'));
    CodePoints meant = negated ? characters.complement() : characters;
    if (meant.ranges().isEmpty()) {
      throw problem(start, "the class has no character");
    }
    return meant;
  }

  private CodePoints classMember() {
    int start = index;
    int c = next();
    if (c == '\\') {
      return escape(start);
    }
    if (c == '[' || (c == '&' && index < end() && peek() == '&')) {
      throw problem(
          start,
          "'%s' inside a class is not supported; write '\\%<s' for the character"
              .formatted(Character.toString(c)));
    }
    return single(start, c);
  }

  private CodePoints range(int start, CodePoints first, CodePoints last) {
    if (!isSingle(first) || !isSingle(last) || first(first) > first(last)) {
      throw problem(
          start,
          "'%s' is no range of characters".formatted(Excerpt.of(pattern.substring(start, index))));
    }
    return CodePoints.of(first(first), first(last));
  }

  private static boolean isSingle(CodePoints characters) {
    return characters.ranges().size() == 1
        && characters.ranges().getFirst().last() == first(characters);
  }

  private static int first(CodePoints characters) {
    return characters.ranges().getFirst().first();
  }

  /// After the backslash.
  private CodePoints escape(int start) {
    requireMore(start, "nothing follows the '\\'");
    int c = next();
    return switch (c) {
      case 'd' -> DIGITS;
      case 'D' -> DIGITS.complement();
      case 'w' -> WORD;
      case 'W' -> WORD.complement();
      case 's' -> BLANKS;
      case 'S' -> BLANKS.complement();
      case 't' -> CodePoints.of('\t', '\t');
      case 'n' -> CodePoints.of('\n', '\n');
      case 'r' -> CodePoints.of('\r', '\r');
      case 'f' -> CodePoints.of('\f', '\f');
      case 'x' -> code(start, 2);
      case 'u' -> code(start, 4);
      default -> {
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
          throw problem(start, "'\\%s' is not supported".formatted(Character.toString(c)));
        }
        yield single(start, c);
      }
    };
  }

  private CodePoints code(int start, int digits) {
    int to = Math.min(index + digits, end());
    String code = pattern.substring(index, to);
    if (!code.matches("[0-9a-fA-F]{%d}".formatted(digits))) {
      throw problem(start, "expected %d hexadecimal digits".formatted(digits));
    }
    index = to;
    return single(start, Integer.parseInt(code, 16));
  }

  private int end() {
    return pattern.length();
  }

  private int peek() {
    return pattern.codePointAt(index);
  }

  private int next() {
    int c = pattern.codePointAt(index);
    index += Character.charCount(c);
    return c;
  }

  private boolean accept(char c) {
    if (index < end() && pattern.charAt(index) == c) {
      index++;
      return true;
    }
    return false;
  }

  private void requireMore(int start, String sentence) {
    if (index >= end()) {
      throw problem(start, sentence);
    }
  }

  private IllegalArgumentException problem(int at, String sentence) {
    return new IllegalArgumentException(
        "pattern %s, index %d: %s".formatted(Excerpt.quoted(pattern), at, sentence));
  }
}
