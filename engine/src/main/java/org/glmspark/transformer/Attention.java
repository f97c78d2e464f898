package org.glmspark.transformer;

import java.util.ArrayList;
import java.util.List;
import org.glmspark.cache.PagedKvCache;
import org.glmspark.kernel.KeyValuePages;
import org.glmspark.kernel.PagedAttention;
import org.glmspark.kernel.RotaryEmbedding;
import org.glmspark.model.LayerWeights;
import org.glmspark.model.ModelConfig;

/// Grouped-query self-attention over the paged cache.
final class Attention {
  private final LayerWeights weights;
  private final ModelConfig config;
  private final int layer;
  private final RotaryEmbedding rope;
  private final PagedKvCache cache;
  private final Compute compute;

  Attention(
      LayerWeights weights,
      ModelConfig config,
      int layer,
      RotaryEmbedding rope,
      PagedKvCache cache,
      Compute compute) {
    this.weights = weights;
    this.config = config;
    this.layer = layer;
    this.rope = rope;
    this.cache = cache;
    this.compute = compute;
  }

  /// Reads `normed`, writes `branch`; the batch's keys and values go to the cache first, so that a
  /// token also attends to those of its own step as the cache rounded them.
  void forward(Activations activations, ForwardBatch batch) {
    compute.multiply(
        activations.queryKeyValue,
        weights.queryKeyValue(),
        weights.queryKeyValueBias(),
        activations.normed);
    compute.forRows(
        batch.rows(),
        row ->
            rope.apply(
                activations.queryKeyValue,
                activations.angles,
                row,
                config.heads() + config.keyValueHeads(),
                config.headSize()));
    store(activations, batch);
    attend(activations, batch);
    compute.multiply(activations.branch, weights.attentionOutput(), activations.attended);
  }

  private void store(Activations activations, ForwardBatch batch) {
    int keyColumn = config.heads() * config.headSize();
    compute
        .workers()
        .forEach(
            batch.segments().size(),
            (item, _) -> {
              ForwardBatch.Segment segment = batch.segments().get(item);
              for (int i = 0; i < segment.count(); i++) {
                if (!cache.store(
                    layer,
                    segment.blocks(),
                    segment.firstPosition() + i,
                    activations.queryKeyValue,
                    segment.firstRow() + i,
                    keyColumn)) {
                  batch.reportOverflow(item);
                }
              }
            });
  }

  /// A few query rows of one segment, for one key-value head: what one thread does at a time.
  private record Part(ForwardBatch.Segment segment, int first, int rows, int keyValueHead) {}

  private void attend(Activations activations, ForwardBatch batch) {
    List<Part> parts = new ArrayList<>();
    for (ForwardBatch.Segment segment : batch.segments()) {
      for (int first = 0; first < segment.count(); first += PagedAttention.QUERY_ROWS) {
        int rows = Math.min(PagedAttention.QUERY_ROWS, segment.count() - first);
        for (int head = 0; head < config.keyValueHeads(); head++) {
          parts.add(new Part(segment, first, rows, head));
        }
      }
    }
    compute
        .workers()
        .forEach(parts.size(), (item, worker) -> attend(activations, parts.get(item), worker));
  }

  private void attend(Activations activations, Part part, int worker) {
    int group = config.heads() / config.keyValueHeads();
    ForwardBatch.Segment segment = part.segment();
    PagedAttention.apply(
        activations.attended,
        activations.queryKeyValue,
        segment.firstRow() + part.first(),
        part.rows(),
        segment.firstPosition() + part.first(),
        part.keyValueHead() * group,
        group,
        config.headSize(),
        new KeyValuePages(
            cache.memory(),
            cache.type().dtype(),
            segment.blocks().blocks(),
            cache.blockBytes(),
            cache.keyOffset(layer, part.keyValueHead()),
            cache.valueOffset(layer, part.keyValueHead())),
        activations.attentionScratch.get(worker));
  }
}
