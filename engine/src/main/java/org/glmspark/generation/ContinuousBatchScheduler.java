package org.glmspark.generation;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import org.glmspark.cache.BlockPool;
import org.glmspark.cache.BlockTable;
import org.glmspark.model.Model;
import org.glmspark.parallel.WorkerPool;
import org.glmspark.prompt.Answer;
import org.glmspark.sampling.Sampler;
import org.glmspark.tensor.FloatMatrix;
import org.glmspark.transformer.ForwardBatch;
import org.glmspark.transformer.Transformer;
import org.jspecify.annotations.Nullable;

/// Decides which tokens each step computes. Sequences enter and leave the batch between steps; none
/// waits for another to end.
///
/// A step takes the next token of every running sequence, then fills the rest of its token budget
/// with parts of prompts, oldest sequence first. A sequence enters when a place in the batch and
/// cache blocks for its whole length are free, in order of arrival. Belongs to the stepping thread.
final class ContinuousBatchScheduler {
  private final Model model;
  private final Transformer transformer;
  private final WorkerPool workers;
  private final BlockPool blocks;
  private final int maxBatch;

  /// Ascending.
  private final int[] stopTokens;

  private final Queue<Sequence> waiting = new ArrayDeque<>();
  private final List<Sequence> running = new ArrayList<>();
  private volatile int waitingCount;
  private volatile EngineStats stats = new EngineStats(0, 0, 0, 0, 0);

  ContinuousBatchScheduler(
      Model model,
      Transformer transformer,
      WorkerPool workers,
      BlockPool blocks,
      int maxBatch,
      int[] stopTokens) {
    this.model = model;
    this.transformer = transformer;
    this.workers = workers;
    this.blocks = blocks;
    this.maxBatch = maxBatch;
    this.stopTokens = stopTokens;
  }

  void add(Sequence sequence) {
    waiting.add(sequence);
  }

  /// Sequences that waited for a place after the last step. Any thread may ask.
  int waiting() {
    return waitingCount;
  }

  /// Whether there is nothing to do.
  boolean idle() {
    return waiting.isEmpty() && running.isEmpty();
  }

  EngineStats stats() {
    return stats;
  }

  /// One sequence's share of a step.
  ///
  /// @param prefill how many of its tokens belong to the prompt
  /// @param logitRow row of the logits that decide its next token, or -1 while the prompt goes on
  private record Share(Sequence sequence, int segment, int count, int prefill, int logitRow) {}

  /// Runs one step.
  ///
  /// @throws org.glmspark.format.MalformedModelException if a file of the model became shorter
  void step() {
    long start = System.nanoTime();
    dropCancelled();
    admit();
    waitingCount = waiting.size();
    if (running.isEmpty()) {
      return;
    }
    model.requireWholeFiles();
    ForwardBatch batch = transformer.newBatch();
    List<Share> shares = fill(batch);
    FloatMatrix logits = transformer.forward(batch);
    int[] next = sample(shares, logits);
    long drawn = 0;
    for (int i = 0; i < shares.size(); i++) {
      drawn += apply(shares.get(i), batch, next[i]);
    }
    running.removeIf(Sequence::ended);
    count(shares, drawn, System.nanoTime() - start);
  }

  private void dropCancelled() {
    waiting.removeIf(sequence -> sequence.future().isDone());
    for (Sequence sequence : running) {
      if (sequence.future().isDone()) {
        sequence.end();
      }
    }
    running.removeIf(Sequence::ended);
  }

  private void admit() {
    while (running.size() < maxBatch && !waiting.isEmpty()) {
      Sequence sequence = waiting.element();
      if (BlockTable.blocksFor(sequence.limit()) > blocks.free()) {
        return; // whoever came first goes first: a smaller one behind it would starve it
      }
      waiting.remove();
      sequence.start(blocks);
      running.add(sequence);
    }
  }

  private List<Share> fill(ForwardBatch batch) {
    List<Share> shares = new ArrayList<>();
    for (Sequence sequence : running) {
      if (sequence.decoding()) {
        shares.add(share(batch, sequence));
      }
    }
    for (Sequence sequence : running) {
      if (!sequence.decoding() && batch.room() > 0) {
        shares.add(share(batch, sequence));
      }
    }
    return shares;
  }

  private static Share share(ForwardBatch batch, Sequence sequence) {
    int count = Math.min(sequence.pending(), batch.room());
    int segment = batch.add(sequence.tokens(), sequence.computed(), count, sequence.blocks());
    int logitRow = count == sequence.pending() ? batch.wantLogits() : -1;
    return new Share(sequence, segment, count, sequence.decoding() ? 0 : count, logitRow);
  }

  private int[] sample(List<Share> shares, FloatMatrix logits) {
    int[] next = new int[shares.size()];
    workers.forEach(
        shares.size(),
        (item, _) -> {
          Share share = shares.get(item);
          if (share.logitRow() >= 0) {
            next[item] = share.sequence().sample(logits, share.logitRow());
          }
        });
    return next;
  }

  /// Takes the step's outcome into the sequence; returns how many tokens it drew.
  private int apply(Share share, ForwardBatch batch, int token) {
    Sequence sequence = share.sequence();
    sequence.advance(share.count());
    if (batch.overflowed(share.segment())) {
      fail(sequence, "a key or value does not fit the cache type; try kv-cache-type float32");
      return 0;
    }
    if (share.logitRow() < 0) {
      return 0;
    }
    if (token == Sampler.NOT_FINITE) {
      fail(sequence, "a logit is NaN or infinite after token %d".formatted(sequence.computed()));
      return 0;
    }
    if (Arrays.binarySearch(stopTokens, token) >= 0) {
      sequence.stop(token);
      end(sequence, FinishReason.STOP, null);
      return 1;
    }
    sequence.append(token);
    if (sequence.full()) {
      end(sequence, FinishReason.LENGTH, null);
    }
    return 1;
  }

  private void fail(Sequence sequence, String detail) {
    end(sequence, FinishReason.ERROR, new RowError(RowError.Reason.NOT_FINITE, detail));
  }

  private void end(Sequence sequence, FinishReason reason, @Nullable RowError error) {
    sequence.end();
    sequence.future().complete(sequence.result(answer(sequence, reason), reason, error));
  }

  /// What the completion says. One that a limit cut off calls no tool: half a call can look whole.
  private Answer answer(Sequence sequence, FinishReason reason) {
    var template = model.chatTemplate();
    if (template == null) {
      return new Answer("", List.of());
    }
    return reason == FinishReason.STOP
        ? template.parseAnswer(sequence.completionAndStop(), List.of())
        : new Answer(template.answerText(sequence.completion()), List.of());
  }

  private void count(List<Share> shares, long drawn, long nanos) {
    EngineStats old = stats;
    stats =
        new EngineStats(
            old.steps() + 1,
            old.prefillTokens() + shares.stream().mapToInt(Share::prefill).sum(),
            old.decodeTokens() + drawn,
            Math.max(old.largestBatch(), shares.size()),
            old.busyNanos() + nanos);
  }

  /// Ends everything that waits or runs with a failure of the engine itself.
  void failAll(Throwable cause) {
    for (Sequence sequence : waiting) {
      sequence.future().completeExceptionally(cause);
    }
    for (Sequence sequence : running) {
      sequence.end();
      sequence.future().completeExceptionally(cause);
    }
    waiting.clear();
    running.clear();
    waitingCount = 0;
  }
}
