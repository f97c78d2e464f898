package org.glmspark.grammar;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// A set of characters: disjoint ranges of code points in ascending order, without surrogates.
record CodePoints(List<Range> ranges) {
  /// @param last the last one, not the one after it
  record Range(int first, int last) {}

  private static final int LAST = Character.MAX_CODE_POINT;

  /// All that text can have.
  static final CodePoints ALL =
      new CodePoints(
          List.of(
              new Range(0, Character.MIN_SURROGATE - 1),
              new Range(Character.MAX_SURROGATE + 1, LAST)));

  static final CodePoints NONE = new CodePoints(List.of());

  /// What ends a line, and so is not what a full stop stands for in `java.util.regex`.
  private static final CodePoints LINE_ENDS =
      of('\n', '\n').or(of('\r', '\r')).or(of(0x85, 0x85)).or(of(0x2028, 0x2029));

  static final CodePoints NO_LINE_ENDS = LINE_ENDS.complement();

  /// What stands for itself in a JSON string, is no control character and ends no line: a token of
  /// these alone can go on in nearly every text.
  static final CodePoints PLAIN =
      of(0, ' ' - 1).or(of('"', '"')).or(of('\\', '\\')).or(LINE_ENDS).complement();

  CodePoints {
    ranges = List.copyOf(ranges);
  }

  static CodePoints of(int first, int last) {
    return new CodePoints(List.of(new Range(first, last))).and(ALL);
  }

  CodePoints or(CodePoints other) {
    List<Range> all = new ArrayList<>(ranges);
    all.addAll(other.ranges);
    all.sort(Comparator.comparingInt(Range::first));
    List<Range> joined = new ArrayList<>();
    for (Range range : all) {
      if (!joined.isEmpty() && range.first() <= joined.getLast().last() + 1) {
        Range before = joined.removeLast();
        joined.add(new Range(before.first(), Math.max(before.last(), range.last())));
      } else {
        joined.add(range);
      }
    }
    return new CodePoints(joined);
  }

  CodePoints and(CodePoints other) {
    List<Range> common = new ArrayList<>();
    int i = 0;
    int j = 0;
    while (i < ranges.size() && j < other.ranges.size()) {
      Range a = ranges.get(i);
      Range b = other.ranges.get(j);
      int first = Math.max(a.first(), b.first());
      int last = Math.min(a.last(), b.last());
      if (first <= last) {
        common.add(new Range(first, last));
      }
      if (a.last() < b.last()) {
        i++;
      } else {
        j++;
      }
    }
    return new CodePoints(common);
  }

  CodePoints complement() {
    List<Range> gaps = new ArrayList<>();
    int next = 0;
    for (Range range : ranges) {
      if (range.first() > next) {
        gaps.add(new Range(next, range.first() - 1));
      }
      next = range.last() + 1;
    }
    if (next <= LAST) {
      gaps.add(new Range(next, LAST));
    }
    return new CodePoints(gaps).and(ALL);
  }

  boolean contains(int codePoint) {
    return ranges.stream().anyMatch(r -> r.first() <= codePoint && codePoint <= r.last());
  }

  boolean containsAll(CodePoints others) {
    return and(others).equals(others);
  }
}
