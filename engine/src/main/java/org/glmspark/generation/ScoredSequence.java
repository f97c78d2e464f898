package org.glmspark.generation;

import java.util.concurrent.CompletableFuture;
import org.glmspark.kernel.LogSumExp;
import org.glmspark.tensor.FloatMatrix;

/// A text that is scored: all its tokens are known, none is drawn.
final class ScoredSequence extends Sequence {
  private final ScoringRequest request;
  private final CompletableFuture<ScoringResult> future = new CompletableFuture<>();
  private final double[] logProbabilities;

  /// How many of them are known.
  private int read;

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
  int length() {
    return limit();
  }

  /// The one before the first token whose probability is not known.
  @Override
  int firstUnread() {
    return request.firstScored() - 1 + read;
  }

  /// Reads a row of logits. Several rows may be read at once.
  ///
  /// @param position of the token after which they stand
  void read(FloatMatrix logits, int row, int position) {
    int next = position + 1;
    int offset = logits.offset(row);
    double logSum = LogSumExp.of(logits.values(), offset, logits.columns());
    logProbabilities[next - request.firstScored()] =
        logits.values()[offset + request.tokens()[next]] - logSum;
  }

  /// Takes what the last step read, which is not read again.
  ///
  /// @param count rows of logits of the step
  /// @return whether all of them were finite
  boolean take(int count) {
    boolean finite = true;
    for (int end = read + count; read < end; read++) {
      finite &= !Double.isNaN(logProbabilities[read]);
    }
    return finite;
  }

  void complete() {
    future.complete(new ScoringResult(logProbabilities, null));
  }

  void fail(RowError error) {
    future.complete(ScoringResult.refused(error));
  }
}
