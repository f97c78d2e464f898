package org.glmspark.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.glmspark.cache.BlockTable;
import org.glmspark.cache.KvCacheType;
import org.glmspark.cache.PagedKvCache;
import org.glmspark.kernel.MatMul;
import org.glmspark.model.Model;
import org.glmspark.model.ModelConfig;
import org.glmspark.parallel.WorkerPool;
import org.glmspark.transformer.ForwardBatch;
import org.glmspark.transformer.Transformer;

/// Times prompts and completions of a whole model.
public final class ModelBenchmark implements AutoCloseable {
  private static final int LEAST_SIZE = 16;

  private final ModelConfig config;
  private final PagedKvCache cache;
  private final Transformer transformer;
  private final int stepTokens;
  private final long weightBytes;
  private final SplittableRandom random = new SplittableRandom(1);

  /// A model of one layer with the same attention, and next to nothing else.
  public static ModelConfig attentionOf(ModelConfig config) {
    return new ModelConfig(
        config.blockType(),
        LEAST_SIZE,
        1,
        config.heads(),
        config.keyValueHeads(),
        config.headSize(),
        LEAST_SIZE,
        LEAST_SIZE,
        config.normEpsilon(),
        config.rope(),
        config.contextTokens(),
        config.queryKeyValueBias(),
        config.tiedEmbeddings(),
        List.of());
  }

  /// @param model stays the caller's
  /// @param workers stay the caller's
  /// @param stepTokens most tokens of one step
  /// @param maxBatch most sequences at once
  /// @param cacheTokens keys and values to have memory for
  public ModelBenchmark(
      Model model,
      KvCacheType cacheType,
      MatMul matMul,
      WorkerPool workers,
      int stepTokens,
      int maxBatch,
      int cacheTokens) {
    this.config = model.config();
    this.stepTokens = stepTokens;
    this.cache =
        new PagedKvCache(
            cacheType,
            config.layers(),
            config.keyValueHeads(),
            config.headSize(),
            BlockTable.blocksFor(cacheTokens) + maxBatch);
    this.transformer =
        new Transformer(config, model.weights(), cache, workers, matMul, stepTokens, maxBatch);
    this.weightBytes = model.weights().matrixBytes();
  }

  /// Computes a prompt and the logits after it.
  public Phase prefill(int promptTokens) {
    return Phase.best(() -> prefillOnce(0, promptTokens));
  }

  /// Computes the part of a prompt that comes after a context.
  public Phase prefillAfter(int contextTokens, int tokens) {
    return Phase.best(() -> prefillOnce(contextTokens, contextTokens + tokens));
  }

  /// Draws tokens for several sequences at once, each after a context of the same length.
  ///
  /// @param newTokens of each sequence
  public Phase decode(int batch, int contextTokens, int newTokens) {
    return Phase.best(() -> decodeOnce(batch, contextTokens, newTokens));
  }

  private Phase prefillOnce(int from, int end) {
    int[] tokens = tokens(end);
    int steps = 0;
    long start;
    long stop;
    try (BlockTable blocks = BlockTable.reserve(cache.pool(), end)) {
      start = System.nanoTime();
      for (int position = from; position < end; position += stepTokens) {
        ForwardBatch step = transformer.newBatch();
        int count = Math.min(stepTokens, end - position);
        step.add(tokens, position, count, blocks);
        step.wantLogits(position + count == end ? 1 : 0);
        transformer.forward(step);
        steps++;
      }
      stop = System.nanoTime();
    }
    double operations =
        layerOperations() * (end - from) + outputOperations() + attentionOperations(from, end);
    return new Phase(end - from, (stop - start) / 1e9, operations, (double) weightBytes * steps);
  }

  private Phase decodeOnce(int batch, int contextTokens, int newTokens) {
    int length = contextTokens + newTokens;
    List<BlockTable> tables = new ArrayList<>();
    int[] tokens = tokens(length);
    try {
      for (int i = 0; i < batch; i++) {
        tables.add(BlockTable.reserve(cache.pool(), length));
      }
      long start = System.nanoTime();
      for (int position = contextTokens; position < length; position++) {
        ForwardBatch step = transformer.newBatch();
        for (BlockTable blocks : tables) {
          step.add(tokens, position, 1, blocks);
          step.wantLogits(1);
        }
        transformer.forward(step);
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      double operations =
          batch
              * (newTokens * (layerOperations() + outputOperations())
                  + attentionOperations(contextTokens, length));
      double cacheBytes =
          (double) cache.blockBytes()
              / PagedKvCache.BLOCK_TOKENS
              * positions(contextTokens, length);
      return new Phase(
          (long) batch * newTokens,
          seconds,
          operations,
          (double) weightBytes * newTokens + batch * cacheBytes);
    } finally {
      tables.forEach(BlockTable::close);
    }
  }

  private int[] tokens(int count) {
    return random.ints(count, 0, config.vocabularySize()).toArray();
  }

  /// Of the products of one token in all layers.
  private double layerOperations() {
    double hidden = config.hiddenSize();
    double attention = hidden * (config.queryKeyValueRows() + config.heads() * config.headSize());
    return 2 * config.layers() * (attention + 3 * hidden * config.feedForwardSize());
  }

  private double outputOperations() {
    return 2.0 * config.hiddenSize() * config.vocabularySize();
  }

  /// Of the scores and the weighted sums of queries at positions `from` to `end`.
  private double attentionOperations(int from, int end) {
    return 4.0 * config.layers() * config.heads() * config.headSize() * positions(from, end);
  }

  /// Keys that queries at positions `from` to `end` see, all together.
  private static double positions(int from, int end) {
    return (end - from) * (from + 1.0 + end) / 2;
  }

  @Override
  public void close() {
    cache.close();
  }
}
