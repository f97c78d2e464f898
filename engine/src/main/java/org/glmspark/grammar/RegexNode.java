package org.glmspark.grammar;

import java.util.List;

/// A regular expression as a tree.
sealed interface RegexNode {
  /// How often a repetition without an upper bound may occur.
  int UNBOUNDED = Integer.MAX_VALUE;

  /// One character of a set.
  record OneOf(CodePoints characters) implements RegexNode {}

  /// One after the other; the empty text if there is none.
  record Sequence(List<RegexNode> parts) implements RegexNode {}

  /// Any of them.
  record Alternatives(List<RegexNode> branches) implements RegexNode {}

  /// The same several times.
  ///
  /// @param most [#UNBOUNDED] for any number
  record Repeated(RegexNode part, int least, int most) implements RegexNode {}

  static RegexNode anyTimes(RegexNode part) {
    return new Repeated(part, 0, UNBOUNDED);
  }
}
