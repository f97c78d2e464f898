package org.glmspark.transformer;

import org.glmspark.model.LayerWeights;

/// One layer of the decoder: attention and feed-forward network, each with its norm in front and
/// its result added to the un-normed input.
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
    compute.add(a.hidden, a.branch);
    compute.normalise(a.normed, a.hidden, weights.feedForwardNorm(), epsilon);
    feedForward.forward(a);
    compute.add(a.hidden, a.branch);
  }
}
