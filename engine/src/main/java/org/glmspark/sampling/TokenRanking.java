package org.glmspark.sampling;

import java.util.Arrays;
import org.glmspark.kernel.LogSumExp;

/// The tokens of a row in descending order of their logits, equal ones in ascending order of their
/// ids, each with its weight `exp((logit - largest) / temperature)`.
///
/// Sorted as far as somebody asks: mostly a few of very many are drawn from.
final class TokenRanking {
  /// How far below the largest a scaled logit may be to be in the first band of the row that is
  /// sorted, in the second, and so on. What is below the last is never drawn: all of it together
  /// weighs less than 2^-40 for any vocabulary below a million.
  private static final double[] BANDS = {3, 9, 20, 42};

  /// Scaled logits are not taken further below the largest than this, where `exp` is exactly 0.
  private static final float VANISHED = -100;

  private static final int RUN = 1024;

  private final float[] logits;
  private final int offset;
  private final int size;
  private final float largest;
  private final double temperature;

  /// Those of the first [#sorted] tokens are ascending. The lower half of a key is its token.
  private long[] keys = new long[64];

  private int sorted;
  private int bands;

  /// @param logits a row of them starts at `offset`; finite, or -infinity for tokens without weight
  /// @param size of the vocabulary
  /// @param largest of the row; finite
  /// @param temperature above 0
  TokenRanking(float[] logits, int offset, int size, float largest, double temperature) {
    this.logits = logits;
    this.offset = offset;
    this.size = size;
    this.largest = largest;
    this.temperature = temperature;
  }

  /// Whether so many tokens and one more have a weight. [#token] and [#weight] may only be asked
  /// where this was found to be so.
  ///
  /// @param rank from 0
  boolean has(int rank) {
    while (rank >= sorted && bands < BANDS.length) {
      sortBand();
    }
    return rank < sorted;
  }

  int token(int rank) {
    return (int) keys[rank];
  }

  double weight(int rank) {
    return StrictMath.exp(((double) logits[offset + token(rank)] - largest) / temperature);
  }

  private void sortBand() {
    double above = bands == 0 ? Double.POSITIVE_INFINITY : edge(bands - 1);
    double least = edge(bands);
    bands++;
    int count = sorted;
    for (int id = 0; id < size; id++) {
      float logit = logits[offset + id];
      if (logit >= least && logit < above) {
        if (count == keys.length) {
          keys = Arrays.copyOf(keys, 2 * count);
        }
        keys[count++] = key(logit, id);
      }
    }
    Arrays.sort(keys, sorted, count);
    sorted = count;
  }

  /// The least logit of a band.
  private double edge(int band) {
    return largest - BANDS[band] * temperature;
  }

  private static long key(float logit, int token) {
    int bits = Float.floatToRawIntBits(logit + 0f); // -0 becomes +0: they are equal logits
    int ascending = bits ^ (bits >> 31 & Integer.MAX_VALUE);
    return ((long) ~ascending << 32) | token;
  }

  /// The weight of all tokens, from exponentials in float32: exact to some 2^-20.
  double totalWeight() {
    float[] scaled = new float[Math.min(RUN, size)];
    double total = 0;
    for (int start = 0; start < size; start += RUN) {
      int count = Math.min(RUN, size - start);
      for (int i = 0; i < count; i++) {
        double below = ((double) logits[offset + start + i] - largest) / temperature;
        scaled[i] = Math.max((float) below, VANISHED);
      }
      total += StrictMath.exp(LogSumExp.of(scaled, 0, count));
    }
    return total;
  }
}
