package org.glmspark.generation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TokenDraftTest {
  private static final int LIMIT = 2_000;

  /// As if nothing else cost anything.
  private static DraftBudget alone() {
    return new DraftBudget(1, 100);
  }

  private static int[] sequence(int... tokens) {
    return Arrays.copyOf(tokens, LIMIT);
  }

  @Test
  void guessesWhatFollowedTheLastTwoTokensTheLastTimeBefore() {
    int[] tokens = sequence(0, 2, 3, 7, 8, 1, 2, 3, 4, 5, 6, 9, 1, 2, 3);
    int guesses = new TokenDraft(LIMIT).propose(tokens, 15, 10, alone());
    assertThat(guesses).isPositive();
    assertThat(Arrays.copyOfRange(tokens, 15, 15 + guesses))
        .isEqualTo(Arrays.copyOfRange(new int[] {4, 5, 6, 9}, 0, guesses));
  }

  @Test
  void guessesNothingAfterTokensThatAreNew() {
    TokenDraft draft = new TokenDraft(LIMIT);
    for (int length = 0; length <= 6; length++) {
      assertThat(draft.propose(sequence(1, 2, 3, 4, 1, 3), length, 10, alone())).isZero();
    }
  }

  /// A sequence that goes round in circles of one token is guessed beyond its end.
  @Test
  void guessesMoreTheMoreOftenItWasRight() {
    int[] tokens = sequence();
    Arrays.fill(tokens, 5);
    TokenDraft draft = new TokenDraft(LIMIT);
    int length = 5;
    int last = 0;
    for (int i = 0; i < 20; i++) {
      int guesses = draft.propose(tokens, length, LIMIT, alone());
      assertThat(guesses).isBetween(last, TokenDraft.MOST);
      length += guesses + 1;
      last = guesses;
    }
    assertThat(last).isGreaterThan(7);
    assertThat(draft.propose(tokens, length, 3, alone())).isEqualTo(3);
    assertThat(draft.propose(tokens, length, 3, new DraftBudget(1, 2))).isEqualTo(2);
  }

  /// Few words in random order: any two stood before, and say nothing of the third.
  @Test
  void stopsGuessingWhereItIsWrongAndBeginsAgainWhereItIsRight() {
    Random random = new Random(1);
    int[] tokens = random.ints(LIMIT, 0, 12).toArray();
    int[] copied = Arrays.copyOf(tokens, 60);
    System.arraycopy(copied, 0, tokens, 1_000, 60);
    System.arraycopy(copied, 0, tokens, 1_060, 60);
    TokenDraft draft = new TokenDraft(LIMIT);
    int wasted = 0;
    int[] text = tokens.clone();
    for (int length = 3; length < 1_000; length++) {
      wasted += draft.propose(text, length, 10, alone());
      System.arraycopy(tokens, length, text, length, 20);
    }
    assertThat(wasted).isLessThan(150); // of a thousand that could have been

    int guesses = 0;
    for (int length = 1_063; length < 1_120; length++) {
      guesses += draft.propose(text, length, 10, alone());
      System.arraycopy(tokens, length, text, length, 20);
    }
    assertThat(guesses).isGreaterThan(50);
  }

  @Test
  void aGuessPaysTheLessTheMoreTokensAStepHas() {
    assertThat(alone().take(0.17)).isTrue();
    assertThat(alone().take(0.16)).isFalse();
    assertThat(new DraftBudget(16, 100).take(0.7)).isFalse();
    assertThat(new DraftBudget(16, 100).take(0.8)).isTrue();
    assertThat(new DraftBudget(1, 0).take(1)).isFalse();
  }
}
