package org.glmspark.sampling;

import java.util.Arrays;
import java.util.BitSet;

/// Picks a token: the largest logit, or a draw from `softmax(logits / temperature)` cut to its
/// top-p nucleus.
///
/// Source of top-p: Holtzman et al. 2019, <https://arxiv.org/abs/1904.09751>, section 3.1.
public final class Sampler {
  /// Returned where a logit is NaN or infinite: such a row has no next token.
  public static final int NOT_FINITE = -1;

  /// Tokens whose scaled logit is further below the largest are never drawn: all of them together
  /// weigh less than 2^-40 for any vocabulary below a million, and the others need not be sorted
  /// with them.
  private static final double NEGLIGIBLE = 42;

  private Sampler() {}

  /// Makes tokens that a sequence has already less probable, in place.
  ///
  /// Source: Keskar et al. 2019, <https://arxiv.org/abs/1909.05858>, section 4.1, with the sign
  /// taken into account as transformers does.
  ///
  /// @param logits a row of them starts at `offset`
  /// @param present ids of the sequence's tokens
  /// @param penalty above 1 to discourage
  public static void penalise(float[] logits, int offset, BitSet present, double penalty) {
    for (int id = present.nextSetBit(0); id >= 0; id = present.nextSetBit(id + 1)) {
      float logit = logits[offset + id];
      logits[offset + id] = (float) (logit > 0 ? logit / penalty : logit * penalty);
    }
  }

  /// Picks the next token.
  ///
  /// @param logits a row of them starts at `offset`
  /// @param size of the vocabulary
  /// @param uniform the draw, in `[0, 1)`; greedy sampling ignores it
  /// @return the token id, or [#NOT_FINITE]
  public static int next(
      float[] logits, int offset, int size, SamplingParameters parameters, double uniform) {
    int best = argMax(logits, offset, size);
    if (best == NOT_FINITE || parameters.temperature() == 0) {
      return best;
    }
    return draw(logits, offset, size, parameters, logits[offset + best], uniform);
  }

  /// The lowest id among those with the largest logit, or [#NOT_FINITE].
  private static int argMax(float[] logits, int offset, int size) {
    int best = 0;
    boolean finite = true;
    for (int id = 0; id < size; id++) {
      float logit = logits[offset + id];
      finite &= Math.abs(logit) <= Float.MAX_VALUE;
      if (logit > logits[offset + best]) {
        best = id;
      }
    }
    return finite ? best : NOT_FINITE;
  }

  private static int draw(
      float[] logits,
      int offset,
      int size,
      SamplingParameters parameters,
      float largest,
      double uniform) {
    double temperature = parameters.temperature();
    long[] candidates = new long[64];
    int count = 0;
    double total = 0;
    for (int id = 0; id < size; id++) {
      float logit = logits[offset + id];
      if ((largest - (double) logit) / temperature <= NEGLIGIBLE) {
        if (count == candidates.length) {
          candidates = Arrays.copyOf(candidates, 2 * count);
        }
        candidates[count++] = sortKey(logit, id);
      }
    }
    Arrays.sort(candidates, 0, count); // logit descending, then id ascending
    double[] weights = new double[count];
    for (int i = 0; i < count; i++) {
      float logit = logits[offset + (int) candidates[i]];
      weights[i] = StrictMath.exp(((double) logit - largest) / temperature);
      total += weights[i];
    }
    double nucleus = 0;
    int kept = 0;
    while (kept < count && (kept == 0 || nucleus < parameters.topP() * total)) {
      nucleus += weights[kept++];
    }
    double point = uniform * nucleus;
    double sum = 0;
    for (int i = 0; i < kept - 1; i++) {
      sum += weights[i];
      if (point < sum) {
        return (int) candidates[i];
      }
    }
    return (int) candidates[kept - 1];
  }

  /// Ascending order of the keys is descending order of the logits and, for equal ones, ascending
  /// order of the ids.
  private static long sortKey(float logit, int id) {
    int bits = Float.floatToRawIntBits(logit + 0f); // -0 becomes +0: they are equal logits
    int ascending = bits ^ (bits >> 31 & Integer.MAX_VALUE);
    return ((long) ~ascending << 32) | id;
  }
}
