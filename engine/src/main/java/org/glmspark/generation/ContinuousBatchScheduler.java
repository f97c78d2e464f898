package org.glmspark.generation;

import java.util.ArrayDeque;
import java.util.ArrayList;
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
  private final int maxLogitRows;

  private final Queue<Sequence> waiting = new ArrayDeque<>();
  private final List<Sequence> running = new ArrayList<>();
  private volatile int waitingCount;
  private volatile EngineStats stats = new EngineStats(0, 0, 0, 0, 0);

  /// @param maxBatch most sequences that run at once
  /// @param maxLogitRows most rows of logits of one step, at least `maxBatch`
  ContinuousBatchScheduler(
      Model model,
      Transformer transformer,
      WorkerPool workers,
      BlockPool blocks,
      int maxBatch,
      int maxLogitRows) {
    this.model = model;
    this.transformer = transformer;
    this.workers = workers;
    this.blocks = blocks;
    this.maxBatch = maxBatch;
    this.maxLogitRows = maxLogitRows;
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
  /// @param prefill how many of its tokens were given, not drawn
  /// @param firstLogitRow first row of the logits after its last `logits` tokens
  private record Share(
      Sequence sequence, int segment, int count, int prefill, int firstLogitRow, int logits) {}

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
    read(shares, logits);
    long drawn = 0;
    for (Share share : shares) {
      drawn += apply(share, batch);
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
        shares.add(share(batch, sequence, 1));
      }
    }
    int spareLogits = maxLogitRows - running.size(); // each sequence may need one in any case
    for (Sequence sequence : running) {
      if (!sequence.decoding() && batch.room() > 0) {
        Share share = share(batch, sequence, 1 + spareLogits);
        spareLogits -= Math.max(0, share.logits() - 1);
        shares.add(share);
      }
    }
    return shares;
  }

  /// @param mostLogits most rows of logits to ask for
  private static Share share(ForwardBatch batch, Sequence sequence, int mostLogits) {
    int count = Math.min(sequence.pending(), batch.room());
    count -= Math.max(0, sequence.logitsOf(count) - mostLogits);
    int segment = batch.add(sequence.tokens(), sequence.computed(), count, sequence.blocks());
    int logits = sequence.logitsOf(count);
    return new Share(
        sequence,
        segment,
        count,
        sequence.decoding() ? 0 : count,
        batch.wantLogits(logits),
        logits);
  }

  /// Lets each sequence read its rows of the logits.
  private void read(List<Share> shares, FloatMatrix logits) {
    List<Runnable> rows = new ArrayList<>();
    for (Share share : shares) {
      int end = share.sequence().computed() + share.count();
      for (int i = 0; i < share.logits(); i++) {
        int row = share.firstLogitRow() + i;
        int position = end - share.logits() + i;
        rows.add(() -> share.sequence().read(logits, row, position));
      }
    }
    workers.forEach(rows.size(), (item, _) -> rows.get(item).run());
  }

  /// Takes the step's outcome into the sequence; returns how many tokens it drew.
  private int apply(Share share, ForwardBatch batch) {
    Sequence sequence = share.sequence();
    sequence.advance(share.count());
    if (batch.overflowed(share.segment())) {
      fail(
          sequence,
          RowError.Reason.NOT_FINITE,
          "a key or value does not fit the cache type; try kv-cache-type float32");
      return 0;
    }
    return switch (sequence) {
      case GeneratedSequence generated -> share.logits() == 0 ? 0 : draw(generated);
      case ScoredSequence scored -> {
        score(scored, share.count());
        yield 0;
      }
    };
  }

  private int draw(GeneratedSequence sequence) {
    if (sequence.drawn() == Sampler.NOT_FINITE) {
      failNotFinite(sequence);
      return 0;
    }
    if (sequence.drawn() == Sampler.NONE_ALLOWED) {
      fail(
          sequence,
          RowError.Reason.NO_TOKEN_ALLOWED,
          "allowed_token_ids, bad_words, min_tokens and the response format leave none after token %d"
              .formatted(sequence.computed()));
      return 0;
    }
    if (sequence.drewStopToken()) {
      sequence.stop();
      end(sequence, FinishReason.STOP);
    } else if (sequence.append()) {
      end(sequence, FinishReason.STOP);
    } else if (sequence.full()) {
      end(sequence, FinishReason.LENGTH);
    }
    return 1;
  }

  private void score(ScoredSequence sequence, int count) {
    if (!sequence.finite(count)) {
      failNotFinite(sequence);
    } else if (sequence.pending() == 0) {
      sequence.end();
      sequence.complete();
    }
  }

  private void failNotFinite(Sequence sequence) {
    fail(
        sequence,
        RowError.Reason.NOT_FINITE,
        "a logit is NaN or infinite after token %d".formatted(sequence.computed()));
  }

  private void fail(Sequence sequence, RowError.Reason reason, String detail) {
    RowError error = new RowError(reason, detail);
    sequence.end();
    switch (sequence) {
      case GeneratedSequence generated ->
          generated.fail(answer(generated, FinishReason.ERROR), error);
      case ScoredSequence scored -> scored.fail(error);
    }
  }

  private void end(GeneratedSequence sequence, FinishReason reason) {
    sequence.end();
    sequence.complete(answer(sequence, reason), reason);
  }

  /// What the completion says. One whose form was given is its text, letter by letter. One that a
  /// limit or a stop string cut off calls no tool: half a call can look whole.
  private Answer answer(GeneratedSequence sequence, FinishReason reason) {
    String formatted = sequence.formattedText();
    if (formatted != null) {
      return new Answer(formatted, List.of());
    }
    String beforeStop = sequence.textBeforeStop();
    if (beforeStop != null) {
      return new Answer(Answer.plainText(beforeStop), List.of());
    }
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
