package org.glmspark.generation;

import java.util.concurrent.CompletableFuture;
import org.glmspark.kernel.MeanPooling;
import org.glmspark.tensor.FloatMatrix;

/// A text whose hidden states are pooled: all its tokens are known, none is drawn.
final class PooledSequence extends Sequence {
  private final PoolingRequest request;
  private final CompletableFuture<PoolingResult> future = new CompletableFuture<>();
  private final MeanPooling pooling;

  /// @param hiddenSize elements of a hidden state
  PooledSequence(PoolingRequest request, int hiddenSize) {
    super(request.endPooled()); // no token depends on those after it
    this.request = request;
    this.pooling = new MeanPooling(hiddenSize);
  }

  @Override
  CompletableFuture<PoolingResult> future() {
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

  @Override
  int firstUnread() {
    return request.firstPooled() + pooling.rows();
  }

  /// Takes the hidden states of its next tokens.
  void read(FloatMatrix hiddenStates, int firstRow, int count) {
    pooling.add(hiddenStates, firstRow, count);
  }

  /// The mean of the hidden states, after the last of them was read.
  float[] mean() {
    return pooling.mean();
  }

  void complete(float[] mean) {
    future.complete(new PoolingResult(mean, null));
  }

  void fail(RowError error) {
    future.complete(PoolingResult.refused(error));
  }
}
