package org.glmspark.generation;

/// Guesses the next tokens of a sequence: those that came after its last two tokens where they
/// stood the last time before, in prompt or completion.
///
/// How often the guesses are right is learned from all of them, also from those that were not
/// computed, so finding out costs nothing. Belongs to one thread at a time.
///
/// Source: Saxena 2023, <https://github.com/apoorvumang/prompt-lookup-decoding>; the verification
/// is that of Leviathan et al. 2023, <https://arxiv.org/abs/2211.17192>, with draws that are the
/// sequence's own, so that not the distribution but every token is that of plain decoding.
final class TokenDraft {
  private static final int GRAM = 2;

  /// Most tokens guessed at a time.
  static final int MOST = 15;

  /// What is known counts for so much when one more guess is known: some twelve guesses in all.
  private static final double MEMORY = 0.92;

  private static final int NONE = -1;
  private static final int HASH = 0x9e3779b1;

  /// Where two tokens ended the last time, by their hash; 0 for nowhere. Others with the same
  /// hash take their place: whoever looks compares the tokens.
  private final int[] ends;

  private final int shift;

  /// Places before which all ends are known.
  private int known = GRAM;

  /// Where the tokens stand that were guessed last, and the length of the sequence at that time.
  private int source = NONE;

  private int sourceLength;

  // As if one of two guesses had been right.
  private double right = 1;
  private double all = 2;

  /// @param limit most tokens of the sequence
  TokenDraft(int limit) {
    int bits = Math.clamp(33 - Integer.numberOfLeadingZeros(limit), 4, 30);
    ends = new int[1 << bits];
    shift = Integer.SIZE - bits;
  }

  /// Guesses what comes next, as far as that pays.
  ///
  /// @param tokens of the sequence; the guesses are written after them
  /// @param length of the sequence
  /// @param most guesses
  /// @return how many there are
  int propose(int[] tokens, int length, int most, DraftBudget budget) {
    learn(tokens, length);
    source = find(tokens, length);
    sourceLength = length;
    if (source == NONE) {
      return 0;
    }
    int count = 0;
    double probability = right / all;
    for (double chain = probability; count < Math.min(most, MOST); chain *= probability) {
      if (!budget.take(chain)) {
        break;
      }
      tokens[length + count] = tokens[source + count];
      count++;
    }
    return count;
  }

  /// Compares the last guesses with what came.
  private void learn(int[] tokens, int length) {
    if (source == NONE) {
      return;
    }
    for (int i = sourceLength; i < length; i++) {
      boolean hit = tokens[i] == tokens[source + i - sourceLength];
      right = right * MEMORY + (hit ? 1 : 0);
      all = all * MEMORY + 1;
      if (!hit) {
        return; // what was guessed after it means nothing
      }
    }
  }

  /// The place after the last two tokens, where they stood before; or [#NONE].
  private int find(int[] tokens, int length) {
    for (; known < length; known++) {
      ends[slot(tokens, known)] = known;
    }
    if (length < GRAM) {
      return NONE;
    }
    int end = ends[slot(tokens, length)];
    if (end == 0) {
      return NONE;
    }
    for (int i = 1; i <= GRAM; i++) {
      if (tokens[end - i] != tokens[length - i]) {
        return NONE;
      }
    }
    return end;
  }

  /// Of the two tokens that end before `end`.
  private int slot(int[] tokens, int end) {
    int hash = 0;
    for (int i = end - GRAM; i < end; i++) {
      hash = (hash + tokens[i]) * HASH;
    }
    return hash >>> shift;
  }
}
