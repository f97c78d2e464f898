package org.glmspark.transformer;

import java.util.ArrayList;
import java.util.List;
import org.glmspark.cache.PagedKvCache;
import org.glmspark.kernel.AttentionQueries;
import org.glmspark.kernel.KeyValuePages;
import org.glmspark.kernel.PagedAttention;
import org.glmspark.kernel.RotaryEmbedding;
import org.glmspark.kernel.SoftmaxStates;
import org.glmspark.model.LayerWeights;
import org.glmspark.model.ModelConfig;

/// Grouped-query self-attention over the paged cache.
///
/// Threads share out key-value heads and few query rows at a time; a sequence that is long beside
/// the rest of the step is shared out by spans of keys too. That changes no bit: spans are
/// independent of each other and merged in order.
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
    long start = System.nanoTime();
    store(activations, batch);
    attend(activations, batch);
    compute.countAttention(System.nanoTime() - start);
    compute.multiply(activations.branch, weights.attentionOutput(), activations.attended);
  }

  private void store(Activations activations, ForwardBatch batch) {
    int keyColumn = config.heads() * config.headSize();
    int[] segmentOfRow = batch.segmentOfRow();
    compute.forRows(
        batch.rows(),
        row -> {
          ForwardBatch.Segment segment = batch.segments().get(segmentOfRow[row]);
          int position = segment.firstPosition() + row - segment.firstRow();
          if (!cache.store(
              layer, segment.blocks(), position, activations.queryKeyValue, row, keyColumn)) {
            batch.reportOverflow(row);
          }
        });
  }

  /// A few query rows of one segment, for one key-value head: what one thread does at a time.
  private record Part(AttentionQueries queries, KeyValuePages pages) {
    long work() {
      return (long) queries.count() * queries.keys();
    }
  }

  /// A part so long that threads share its spans.
  ///
  /// @param firstState its place among the states of one span
  private record LongPart(AttentionQueries queries, KeyValuePages pages, int firstState) {}

  private record Span(LongPart part, int number, int firstState) {}

  private void attend(Activations activations, ForwardBatch batch) {
    List<Part> parts = parts(activations, batch);
    long work = parts.stream().mapToLong(Part::work).sum();
    List<Part> whole = new ArrayList<>();
    List<LongPart> shared = new ArrayList<>();
    int states = 0;
    for (Part part : parts) {
      if (isLong(part, work)) {
        shared.add(new LongPart(part.queries(), part.pages(), states));
        states += SoftmaxStates.required(part.queries().count());
      } else {
        whole.add(part);
      }
    }
    if (!shared.isEmpty()) {
      attendBySpans(shared, states, activations);
    }
    compute
        .workers()
        .forEach(
            whole.size(),
            (item, worker) ->
                PagedAttention.apply(
                    whole.get(item).queries(),
                    whole.get(item).pages(),
                    activations.attentionScratch.get(worker)));
  }

  private List<Part> parts(Activations activations, ForwardBatch batch) {
    int group = config.heads() / config.keyValueHeads();
    List<Part> parts = new ArrayList<>();
    for (ForwardBatch.Segment segment : batch.segments()) {
      for (int head = 0; head < config.keyValueHeads(); head++) {
        KeyValuePages pages =
            new KeyValuePages(
                cache.memory(),
                cache.type().dtype(),
                segment.blocks().blocks(),
                cache.blockBytes(),
                cache.keyOffset(layer, head),
                cache.valueOffset(layer, head));
        for (int first = 0; first < segment.count(); first += AttentionQueries.MAX_ROWS) {
          parts.add(
              new Part(
                  new AttentionQueries(
                      activations.attended,
                      activations.queryKeyValue,
                      segment.firstRow() + first,
                      Math.min(AttentionQueries.MAX_ROWS, segment.count() - first),
                      segment.firstPosition() + first,
                      head * group,
                      group,
                      config.headSize()),
                  pages));
        }
      }
    }
    return parts;
  }

  /// Whether a thread that had to do the part alone might keep the others waiting.
  private boolean isLong(Part part, long workOfAll) {
    int threads = compute.workers().threads();
    return threads > 1
        && part.queries().spans() > 1
        && part.work() * threads * Activations.PARTS_OF_A_THREAD > workOfAll;
  }

  /// Some spans of every part at a time, as many as there are states for; then those are merged.
  private void attendBySpans(List<LongPart> parts, int statesOfSpan, Activations activations) {
    SoftmaxStates totals = activations.attentionTotals;
    SoftmaxStates states = activations.attentionSpans;
    int spansAtOnce = states.capacity() / statesOfSpan;
    int spans = 0;
    for (LongPart part : parts) {
      PagedAttention.clear(part.queries(), totals, part.firstState());
      spans = Math.max(spans, part.queries().spans());
    }
    for (int first = 0; first < spans; first += spansAtOnce) {
      List<Span> round = round(parts, first, spansAtOnce, statesOfSpan);
      compute
          .workers()
          .forEach(
              round.size(),
              (item, worker) -> {
                Span span = round.get(item);
                PagedAttention.applySpan(
                    span.part().queries(),
                    span.number(),
                    span.part().pages(),
                    activations.attentionScratch.get(worker),
                    states,
                    span.firstState());
              });
      for (Span span : round) { // spans of a part in ascending order
        PagedAttention.merge(
            span.part().queries(),
            span.number(),
            totals,
            span.part().firstState(),
            states,
            span.firstState(),
            compute.assembled());
      }
    }
    for (LongPart part : parts) {
      PagedAttention.normalise(part.queries(), totals, part.firstState(), compute.assembled());
    }
  }

  private static List<Span> round(
      List<LongPart> parts, int firstSpan, int spansAtOnce, int statesOfSpan) {
    List<Span> round = new ArrayList<>();
    for (int i = 0; i < spansAtOnce; i++) {
      for (LongPart part : parts) {
        if (firstSpan + i < part.queries().spans()) {
          round.add(new Span(part, firstSpan + i, i * statesOfSpan + part.firstState()));
        }
      }
    }
    return round;
  }
}
