package org.glmspark.transformer;

import java.util.ArrayList;
import java.util.List;
import org.glmspark.cache.PagedKvCache;
import org.glmspark.kernel.MatMul;
import org.glmspark.kernel.RotaryEmbedding;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.ModelWeights;
import org.glmspark.parallel.WorkerPool;
import org.glmspark.tensor.FloatMatrix;
import org.glmspark.tensor.Tensor;

/// A GLM decoder. One thread at a time may call.
///
/// Source of the graph: the published modelling code of GLM-4-9B-Chat (block with two norms) and
/// `Glm4ForCausalLM` of transformers (block with four).
public final class Transformer {
  /// Goes up whenever a change of the arithmetic changes the bits of any result.
  public static final int NUMERICS_VERSION = 1;

  private final ModelConfig config;
  private final ModelWeights weights;
  private final RotaryEmbedding rope;
  private final Activations activations;
  private final Compute compute;
  private final List<DecoderLayer> layers = new ArrayList<>();
  private final int maxTokens;

  /// @param matMul the kernels for the products
  /// @param maxTokens most tokens of one step
  /// @param maxLogitRows most rows of logits of one step
  public Transformer(
      ModelConfig config,
      ModelWeights weights,
      PagedKvCache cache,
      WorkerPool workers,
      MatMul matMul,
      int maxTokens,
      int maxLogitRows) {
    this.config = config;
    this.weights = weights;
    this.maxTokens = maxTokens;
    this.rope = new RotaryEmbedding(config.rope().frequencies(), config.rope().amplitude());
    this.activations =
        new Activations(config, maxTokens, maxLogitRows, workers.threads(), matMul.floats());
    int widest =
        Math.max(
            config.feedForwardSize(),
            Math.max(config.hiddenSize(), config.heads() * config.headSize()));
    this.compute =
        new Compute(
            workers,
            new ParallelMatMul(workers, matMul, Math.max(maxTokens, maxLogitRows), widest),
            matMul.floats());
    for (int i = 0; i < config.layers(); i++) {
      var layer = weights.layers().get(i);
      layers.add(
          new DecoderLayer(
              layer,
              config.normEpsilon(),
              new Attention(layer, config, i, rope, cache, compute),
              new FeedForward(layer, compute),
              compute));
    }
  }

  /// An empty step.
  public ForwardBatch newBatch() {
    return new ForwardBatch(maxTokens);
  }

  /// Runs one step: stores the keys and values of all its tokens and computes the logits and hidden
  /// states that were asked for.
  ///
  /// @return `[logit rows, vocabulary]`, valid until the next call
  public FloatMatrix forward(ForwardBatch batch) {
    activations.useRows(batch.rows(), batch.logitRows().size());
    embed(batch);
    for (DecoderLayer layer : layers) {
      layer.forward(activations, batch);
    }
    if (!batch.logitRows().isEmpty()) {
      for (int i = 0; i < batch.logitRows().size(); i++) {
        compute.normalise(
            activations.last,
            i,
            activations.hidden,
            batch.logitRows().get(i),
            weights.finalNorm(),
            config.normEpsilon());
      }
      compute.multiply(activations.logits, weights.output(), activations.last);
    }
    compute.forRows(
        batch.hiddenRows().size(),
        i -> {
          int row = batch.hiddenRows().get(i);
          compute.normalise(
              activations.normed,
              row,
              activations.hidden,
              row,
              weights.finalNorm(),
              config.normEpsilon());
        });
    return activations.logits;
  }

  /// Time spent in matrix products by all steps so far.
  public long productNanos() {
    return compute.productNanos();
  }

  /// Time spent in attention by all steps so far, its products left out.
  public long attentionNanos() {
    return compute.attentionNanos();
  }

  /// The hidden states after the final norm, of the tokens of the last step that they were asked
  /// for.
  ///
  /// @return `[tokens of the step, hidden]`, valid until the next call; other rows have no meaning
  public FloatMatrix hiddenStates() {
    return activations.normed;
  }

  private void embed(ForwardBatch batch) {
    Tensor embedding = weights.embedding();
    int hidden = config.hiddenSize();
    for (ForwardBatch.Segment segment : batch.segments()) {
      for (int i = 0; i < segment.count(); i++) {
        int position = segment.firstPosition() + i;
        int row = segment.firstRow() + i;
        embedding.decode(
            (long) segment.tokens()[position] * hidden,
            hidden,
            activations.hidden.values(),
            activations.hidden.offset(row));
        rope.angles(position, activations.angles, row);
      }
    }
  }
}
