package org.glmspark.generation;

/// Whether one more guessed token is worth its place in a step.
///
/// A step costs about as much as its tokens and a fixed part, what reading the weights takes, that
/// is worth [#FIXED_COST] tokens. A guess is worth taking if it yields more for its cost than the
/// step without it does. So a sequence that runs alone gains by a guess that is right one time in
/// six; one of many, where the arithmetic is what takes the time, by hardly any.
final class DraftBudget {
  /// With `glm bench --shape glm-4-9b --weights q4`, steps of 1, 4, 16 and 32 tokens take 1, 1.2,
  /// 3.6 and 6.2 times as long as one of 1 token.
  private static final double FIXED_COST = 5;

  private int room;
  private int tokens;

  /// How many of them are expected to be kept.
  private double expected;

  /// @param tokens of the step without any guess
  /// @param room most guesses
  DraftBudget(int tokens, int room) {
    this.tokens = tokens;
    this.expected = tokens;
    this.room = room;
  }

  /// Takes a place for a guess if that pays.
  ///
  /// @param probability that the guess is right
  boolean take(double probability) {
    if (room == 0 || probability * (FIXED_COST + tokens) <= expected) {
      return false;
    }
    room--;
    tokens++;
    expected += probability;
    return true;
  }
}
