package org.glmspark.transformer;

import org.glmspark.model.LayerWeights;
import org.jspecify.annotations.Nullable;

/// One layer of the decoder: attention and feed-forward network, each with its norm in front and
/// its result, in models of sandwich norms normed as well, added to the un-normed input.
final class DecoderLayer {
  private final LayerWeights weights;
  private final float epsilon;
  private final Attention attention;
  private final FeedForward feedForward;
  private final Compute compute;

  DecoderLayer(
      LayerWeights weights,
      float epsilon,
      Attention attention,
      FeedForward feedForward,
      Compute compute) {
    this.weights = weights;
    this.epsilon = epsilon;
    this.attention = attention;
    this.feedForward = feedForward;
    this.compute = compute;
  }

  void forward(Activations a, ForwardBatch batch) {
    compute.normalise(a.normed, a.hidden, weights.attentionNorm(), epsilon);
    attention.forward(a, batch);
    addBranch(a, weights.attentionPostNorm());
    compute.normalise(a.normed, a.hidden, weights.feedForwardNorm(), epsilon);
    feedForward.forward(a);
    addBranch(a, weights.feedForwardPostNorm());
  }

  private void addBranch(Activations a, float @Nullable [] postNorm) {
    if (postNorm != null) {
      compute.normalise(a.branch, a.branch, postNorm, epsilon);
    }
    compute.add(a.hidden, a.branch);
  }
}
