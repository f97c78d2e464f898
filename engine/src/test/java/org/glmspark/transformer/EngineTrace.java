package org.glmspark.transformer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.glmspark.cache.BlockTable;
import org.glmspark.cache.KvCacheType;
import org.glmspark.cache.PagedKvCache;
import org.glmspark.kernel.KernelChoice;
import org.glmspark.kernel.MatMul;
import org.glmspark.kernel.RotaryEmbedding;
import org.glmspark.model.LayerWeights;
import org.glmspark.model.Model;
import org.glmspark.model.ModelConfig;
import org.glmspark.parallel.WorkerPool;
import org.glmspark.tensor.FloatMatrix;
import org.jspecify.annotations.Nullable;

/// What the engine multiplied with each matrix while it computed the logits after one prompt: the
/// steps of [Transformer] and [DecoderLayer], with a look at the activations between them.
///
/// @param inputs by product and token: of each layer those of the query-key-value, attention
///   output, gate-up and down projections; at last of the output matrix, for the last token alone
/// @param logits after the last token
record EngineTrace(List<float[][]> inputs, float[] logits) {
  /// Products of one layer.
  static final int LAYER_PRODUCTS = 4;

  static EngineTrace of(Model model, int[] tokens) {
    ModelConfig config = model.config();
    int blocks = Math.ceilDiv(tokens.length, PagedKvCache.BLOCK_TOKENS);
    try (var workers = new WorkerPool("trace", 1);
        var cache =
            new PagedKvCache(
                KvCacheType.FLOAT32,
                config.layers(),
                config.keyValueHeads(),
                config.headSize(),
                blocks)) {
      ForwardBatch batch = new ForwardBatch(tokens.length);
      batch.add(tokens, 0, tokens.length, BlockTable.reserve(cache.pool(), tokens.length));
      return new Steps(model, cache, workers, tokens.length).run(batch, tokens);
    }
  }

  private static final class Steps {
    private final Model model;
    private final ModelConfig config;
    private final RotaryEmbedding rope;
    private final PagedKvCache cache;
    private final Compute compute;
    private final Activations a;
    private final List<float[][]> inputs = new ArrayList<>();

    Steps(Model model, PagedKvCache cache, WorkerPool workers, int tokens) {
      this.model = model;
      this.config = model.config();
      this.rope = new RotaryEmbedding(config.rope().frequencies(), config.rope().amplitude());
      this.cache = cache;
      int widest =
          Math.max(
              config.feedForwardSize(),
              Math.max(config.hiddenSize(), config.heads() * config.headSize()));
      MatMul matMul = MatMul.of(KernelChoice.AUTO);
      var products = new ParallelMatMul(workers, matMul, tokens, widest);
      this.compute = new Compute(workers, products, matMul.floats());
      this.a = new Activations(config, tokens, 1, workers.threads(), matMul.floats());
      a.useRows(tokens, 1);
    }

    EngineTrace run(ForwardBatch batch, int[] tokens) {
      for (int i = 0; i < tokens.length; i++) {
        long element = (long) tokens[i] * config.hiddenSize();
        model
            .weights()
            .embedding()
            .decode(element, config.hiddenSize(), a.hidden.values(), a.hidden.offset(i));
        rope.angles(i, a.angles, i);
      }
      for (int i = 0; i < config.layers(); i++) {
        layer(i, batch);
      }
      float[] norm = model.weights().finalNorm();
      compute.normalise(a.last, 0, a.hidden, tokens.length - 1, norm, config.normEpsilon());
      inputs.add(rows(a.last));
      compute.multiply(a.logits, model.weights().output(), a.last);
      return new EngineTrace(inputs, rows(a.logits)[0]);
    }

    private void layer(int number, ForwardBatch batch) {
      LayerWeights layer = model.weights().layers().get(number);
      compute.normalise(a.normed, a.hidden, layer.attentionNorm(), config.normEpsilon());
      inputs.add(rows(a.normed));
      new Attention(layer, config, number, rope, cache, compute).forward(a, batch);
      inputs.add(rows(a.attended));
      addBranch(layer.attentionPostNorm());
      compute.normalise(a.normed, a.hidden, layer.feedForwardNorm(), config.normEpsilon());
      inputs.add(rows(a.normed));
      new FeedForward(layer, compute).forward(a);
      inputs.add(rows(a.gated));
      addBranch(layer.feedForwardPostNorm());
    }

    private void addBranch(float @Nullable [] postNorm) {
      if (postNorm != null) {
        compute.normalise(a.branch, a.branch, postNorm, config.normEpsilon());
      }
      compute.add(a.hidden, a.branch);
    }

    private static float[][] rows(FloatMatrix matrix) {
      float[][] rows = new float[matrix.rows()][];
      for (int i = 0; i < rows.length; i++) {
        int offset = matrix.offset(i);
        rows[i] = Arrays.copyOfRange(matrix.values(), offset, offset + matrix.columns());
      }
      return rows;
    }
  }
}
