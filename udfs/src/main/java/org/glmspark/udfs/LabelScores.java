package org.glmspark.udfs;

import java.util.List;
import org.glmspark.generation.RowError;
import org.glmspark.generation.ScoringResult;
import org.jspecify.annotations.Nullable;

/// How probable a model finds some answers.
///
/// @param logProbabilities of each, in the order they were given; empty if there is an error
/// @param error why there are none, or null
public record LabelScores(List<Double> logProbabilities, @Nullable RowError error) {
  public LabelScores {
    logProbabilities = List.copyOf(logProbabilities);
  }

  static LabelScores of(List<ScoringResult> results) {
    for (ScoringResult result : results) {
      if (result.error() != null) {
        return new LabelScores(List.of(), result.error());
      }
    }
    return new LabelScores(results.stream().map(ScoringResult::sum).toList(), null);
  }

  /// The index of the most probable answer; of several, the first.
  public int best() {
    int best = 0;
    for (int i = 1; i < logProbabilities.size(); i++) {
      if (logProbabilities.get(i) > logProbabilities.get(best)) {
        best = i;
      }
    }
    return best;
  }
}
