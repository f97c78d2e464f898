package org.glmspark.generation;

import java.util.concurrent.CompletableFuture;
import org.glmspark.kernel.LogSumExp;
import org.glmspark.tensor.FloatMatrix;

/// A text that is scored: all its tokens are known, none is drawn.
final class ScoredSequence extends Sequence {
  private final ScoringRequest request;
  private final CompletableFuture<ScoringResult> future = new CompletableFuture<>();
  private final double[] logProbabilities;

  ScoredSequence(ScoringRequest request) {
    super(request.tokens().length - 1); // nothing follows the last one
    this.request = request;
    this.logProbabilities = new double[request.tokens().length - request.firstScored()];
  }

  @Override
  CompletableFuture<ScoringResult> future() {
    return future;
  }

  @Override
  int[] tokens() {
    return request.tokens();
  }

  @Override
  int pending() {
    return limit() - computed();
  }

  /// Those that stand before a scored token.
  @Override
  int logitsOf(int count) {
    int unscored = Math.max(0, request.firstScored() - 1 - computed());
    return Math.max(0, count - unscored);
  }

  @Override
  boolean decoding() {
    return false;
  }

  @Override
  void read(FloatMatrix logits, int row, int position) {
    int next = position + 1;
    int offset = logits.offset(row);
    double logSum = LogSumExp.of(logits.values(), offset, logits.columns());
    logProbabilities[next - request.firstScored()] =
        logits.values()[offset + request.tokens()[next]] - logSum;
  }

  /// Looks at what the last step read.
  ///
  /// @param count tokens of the step
  /// @return whether all its logits were finite
  boolean finite(int count) {
    for (int position = computed() - count; position < computed(); position++) {
      int scored = position + 1 - request.firstScored();
      if (scored >= 0 && Double.isNaN(logProbabilities[scored])) {
        return false;
      }
    }
    return true;
  }

  void complete() {
    future.complete(new ScoringResult(logProbabilities, null));
  }

  void fail(RowError error) {
    future.complete(ScoringResult.refused(error));
  }
}
