package org.glmspark.job;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.RowError;
import org.glmspark.generation.ScoringRequest;
import org.glmspark.generation.ScoringResult;
import org.glmspark.job.options.RefusedException;

/// How well a model predicts a text.
///
/// The text is cut into windows. Each begins with the model's prefix and is read on its own; every
/// token of the text is scored once, after those before it in its window.
///
/// @param tokens of the text
/// @param windows it was cut into
/// @param logProbability of all its tokens, natural logarithm
record Perplexity(int tokens, int windows, double logProbability) {

  /// Measures a text.
  ///
  /// @param prefix the tokens that every window begins with, at least one
  /// @param tokens the text's, at least one
  /// @param window tokens of a window, prefix included, more than the prefix has
  /// @throws RefusedException if the engine cannot take a window
  static Perplexity of(GenerationEngine engine, int[] prefix, int[] tokens, int window)
      throws InterruptedException {
    List<CompletableFuture<ScoringResult>> results = new ArrayList<>();
    int step = window - prefix.length;
    for (int start = 0; start < tokens.length; start += step) {
      int count = Math.min(step, tokens.length - start);
      int[] text = new int[prefix.length + count];
      System.arraycopy(prefix, 0, text, 0, prefix.length);
      System.arraycopy(tokens, start, text, prefix.length, count);
      results.add(engine.submit(new ScoringRequest(text, prefix.length)));
    }
    double sum = 0;
    for (CompletableFuture<ScoringResult> result : results) {
      sum += logProbability(result);
    }
    return new Perplexity(tokens.length, results.size(), sum);
  }

  private static double logProbability(CompletableFuture<ScoringResult> future)
      throws InterruptedException {
    try {
      ScoringResult result = future.get();
      RowError error = result.error();
      if (error != null) {
        throw new RefusedException(error.sentence());
      }
      return result.sum();
    } catch (ExecutionException e) {
      throw new IllegalStateException("the engine failed", e);
    }
  }

  /// Mean negative log-likelihood of a token, in nats.
  double meanNegativeLogLikelihood() {
    return -logProbability / tokens;
  }

  /// Among how many equally probable tokens the model would be as uncertain.
  double perplexity() {
    return Math.exp(meanNegativeLogLikelihood());
  }
}
