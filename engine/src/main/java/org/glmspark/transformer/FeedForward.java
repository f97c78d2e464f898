package org.glmspark.transformer;

import org.glmspark.model.LayerWeights;

/// The gated feed-forward network, `down · (silu(gate · x) ⊙ (up · x))`.
final class FeedForward {
  private final LayerWeights weights;
  private final Compute compute;

  FeedForward(LayerWeights weights, Compute compute) {
    this.weights = weights;
    this.compute = compute;
  }

  /// Reads `normed`, writes `branch`.
  void forward(Activations activations) {
    compute.multiply(activations.gateUp, weights.gateUp(), activations.normed);
    compute.activate(activations.gated, activations.gateUp);
    compute.multiply(activations.branch, weights.down(), activations.gated);
  }
}
