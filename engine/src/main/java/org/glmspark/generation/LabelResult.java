package org.glmspark.generation;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// How probable a model finds each label after a prompt. All but `usage.cached` is a function of
/// the request alone.
///
/// @param logProbabilities for each label the sum over its tokens, natural logarithm; empty if
///   there is an error
/// @param error why there are none, or null
/// @param usage token counts; nothing is generated
public record LabelResult(
    List<Double> logProbabilities, @Nullable RowError error, GenerationResult.Usage usage) {
  public LabelResult {
    logProbabilities = List.copyOf(logProbabilities);
  }

  /// The index of the most probable label; of equally probable ones the first.
  ///
  /// @throws IllegalStateException if there is an error instead
  public int best() {
    if (error != null) {
      throw new IllegalStateException(error.sentence());
    }
    int best = 0;
    for (int i = 1; i < logProbabilities.size(); i++) {
      if (logProbabilities.get(i) > logProbabilities.get(best)) {
        best = i;
      }
    }
    return best;
  }
}
