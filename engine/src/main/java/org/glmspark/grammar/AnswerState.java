package org.glmspark.grammar;

import java.util.Arrays;

/// How far an answer has come: a value, so that tokens that are only proposed can be tried.
///
/// Whatever of the allowed tokens are chosen, the answer is whole before its tokens are used up:
/// only those are allowed after which what is left is enough.
public final class AnswerState {
  /// Rules that wait for each other, three for two levels of JSON at most. From this depth on an
  /// answer takes the shortest way, until it is back: readers refuse what is nested without end.
  private static final int MOST_DEPTH = 200;

  private final AnswerGrammar grammar;
  private final Automaton.State state;

  /// Tokens that the answer may still have.
  private final int left;

  private final int[] stopTokens;

  AnswerState(AnswerGrammar grammar, Automaton.State state, int left, int[] stopTokens) {
    this.grammar = grammar;
    this.state = state;
    this.left = left;
    this.stopTokens = stopTokens;
  }

  /// Whether the answer is whole and nothing can follow it.
  public boolean isComplete() {
    return state.accepting() && !state.choice(grammar.vocabulary()).any(leftAfterNext());
  }

  /// Tokens that may be needed after the next one.
  private int leftAfterNext() {
    return state.depth() < MOST_DEPTH ? left - 1 : Math.min(left, state.cost()) - 1;
  }

  /// Whether a token may come next. Slower than a look at what [#mask] leaves, if all are asked.
  public boolean allows(int token) {
    long[] bits = allowed();
    return token >= 0 && token >> 6 < bits.length && (bits[token >> 6] >>> token & 1) != 0;
  }

  /// The answer with one more token.
  ///
  /// @param token one that is allowed, and no stop token
  /// @throws IllegalArgumentException if no answer goes on with it
  public AnswerState after(int token) {
    byte[] bytes = grammar.vocabulary().bytes(token);
    Automaton.State next = state.next(bytes);
    if (bytes.length == 0 || next.isDead()) {
      throw new IllegalArgumentException("no answer goes on with token %d".formatted(token));
    }
    return new AnswerState(grammar, next, left - 1, stopTokens);
  }

  /// Sets the logits of all tokens that cannot come next to -infinity.
  ///
  /// @param logits a row of them starts at `offset`
  /// @param size of the vocabulary
  public void mask(float[] logits, int offset, int size) {
    long[] bits = allowed();
    float[] kept = new float[Long.SIZE];
    for (int word = 0; word << 6 < size; word++) {
      int from = offset + (word << 6);
      int to = offset + Math.min(size, (word + 1) << 6);
      long allowed = word < bits.length ? bits[word] : 0;
      if (Long.bitCount(allowed) <= Integer.SIZE) {
        keepOnly(allowed, logits, from, to, kept);
      } else {
        long forbidden = ~allowed & -1L >>> (Long.SIZE - (to - from));
        for (; forbidden != 0; forbidden &= forbidden - 1) {
          logits[from + Long.numberOfTrailingZeros(forbidden)] = Float.NEGATIVE_INFINITY;
        }
      }
    }
  }

  /// Masks up to 64 logits but those whose bits are set. Faster than to look at each of them.
  private static void keepOnly(long allowed, float[] logits, int from, int to, float[] kept) {
    int count = 0;
    for (long rest = allowed; rest != 0; rest &= rest - 1) {
      kept[count++] = logits[from + Long.numberOfTrailingZeros(rest)];
    }
    Arrays.fill(logits, from, to, Float.NEGATIVE_INFINITY);
    count = 0;
    for (long rest = allowed; rest != 0; rest &= rest - 1) {
      logits[from + Long.numberOfTrailingZeros(rest)] = kept[count++];
    }
  }

  private long[] allowed() {
    AnswerVocabulary vocabulary = grammar.vocabulary();
    long[] bits = new long[TokenSet.words(vocabulary.size())];
    state.choice(vocabulary).addTo(bits, leftAfterNext());
    if (state.accepting()) {
      for (int token : stopTokens) {
        if (token < vocabulary.size()) { // files name stop tokens that the model has no row for
          bits[token >> 6] |= 1L << token;
        }
      }
    }
    return bits;
  }
}
