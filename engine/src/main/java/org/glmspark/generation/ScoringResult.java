package org.glmspark.generation;

import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/// How probable a model finds the tokens of a text; a function of the request alone.
///
/// @param logProbabilities of each scored token after all tokens before it, natural logarithm;
///   empty if there is an error
/// @param error why there are none, or null
public record ScoringResult(double[] logProbabilities, @Nullable RowError error) {

  static ScoringResult refused(RowError error) {
    return new ScoringResult(new double[0], error);
  }

  /// The logarithm of the probability of all scored tokens together.
  public double sum() {
    return DoubleStream.of(logProbabilities).sum();
  }
}
