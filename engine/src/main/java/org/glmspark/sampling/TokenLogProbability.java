package org.glmspark.sampling;

import java.util.ArrayList;
import java.util.List;
import org.glmspark.kernel.LogSumExp;

/// How probable the model found a token that was chosen, before any option of sampling.
///
/// @param token the chosen one
/// @param logProbability of the chosen token, natural logarithm
/// @param mostProbable as many tokens as were asked for, most probable first, equal ones by id; the
///   chosen one may be among them
public record TokenLogProbability(
    int token, double logProbability, List<Alternative> mostProbable) {

  /// A token that could have been chosen.
  public record Alternative(int token, double logProbability) {}

  public TokenLogProbability {
    mostProbable = List.copyOf(mostProbable);
  }

  /// A row of logits with finite values, summed up before it is changed.
  record Row(double logSum, List<Alternative> mostProbable) {

    static Row of(float[] logits, int offset, int size, int alternatives) {
      double logSum = LogSumExp.of(logits, offset, size);
      List<Alternative> mostProbable = new ArrayList<>();
      for (int id : largest(logits, offset, size, Math.min(alternatives, size))) {
        mostProbable.add(new Alternative(id, logits[offset + id] - logSum));
      }
      return new Row(logSum, mostProbable);
    }

    /// Ids of the largest elements, in descending order, equal ones by id.
    private static int[] largest(float[] logits, int offset, int size, int count) {
      int[] ids = new int[count];
      int found = 0;
      for (int id = 0; id < size && count > 0; id++) {
        float logit = logits[offset + id];
        if (found == count && logit <= logits[offset + ids[count - 1]]) {
          continue;
        }
        int place = found == count ? count - 1 : found++;
        for (; place > 0 && logit > logits[offset + ids[place - 1]]; place--) {
          ids[place] = ids[place - 1];
        }
        ids[place] = id;
      }
      return ids;
    }

    TokenLogProbability of(int token, float logit) {
      return new TokenLogProbability(token, logit - logSum, mostProbable);
    }
  }
}
