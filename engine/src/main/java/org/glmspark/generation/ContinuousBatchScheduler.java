package org.glmspark.generation;

import java.util.ArrayList;
import java.util.List;
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
/// A step takes the next token of every running sequence, with it those that the sequence guesses
/// to come after it, and if there are right ones among those it goes on after them; then it fills
/// the rest of its token budget with parts of prompts, in the order in which the sequences got
/// their places; see [RunningBatch]. Belongs to the stepping thread.
final class ContinuousBatchScheduler {
  private final Model model;
  private final Transformer transformer;
  private final WorkerPool workers;
  private final int maxLogitRows;

  private final RunningBatch sequences;
  private volatile int waitingCount;
  private volatile EngineStats stats = new EngineStats(0, 0, 0, 0, 0);

  /// @param maxLogitRows most rows of logits of one step, at least the size of the batch
  ContinuousBatchScheduler(
      Model model,
      Transformer transformer,
      WorkerPool workers,
      RunningBatch sequences,
      int maxLogitRows) {
    this.model = model;
    this.transformer = transformer;
    this.workers = workers;
    this.sequences = sequences;
    this.maxLogitRows = maxLogitRows;
  }

  void add(Sequence sequence) {
    sequences.add(sequence);
  }

  /// Sequences that waited for a place after the last step. Any thread may ask.
  int waiting() {
    return waitingCount;
  }

  /// Whether there is nothing to do.
  boolean idle() {
    return sequences.isEmpty();
  }

  EngineStats stats() {
    return stats;
  }

  /// One sequence's share of a step.
  ///
  /// @param prefill how many of its tokens were given, not drawn
  /// @param firstRow first row of the logits, or hidden states, of its last `rows` tokens
  private record Share(
      Sequence sequence, int segment, int count, int prefill, int firstRow, int rows) {
    int logits() {
      return sequence instanceof PooledSequence ? 0 : rows;
    }
  }

  /// Runs one step.
  ///
  /// @throws org.glmspark.format.MalformedModelException if a file of the model became shorter
  void step() {
    long start = System.nanoTime();
    sequences.update();
    waitingCount = sequences.waiting();
    if (sequences.running().isEmpty()) {
      return;
    }
    model.requireWholeFiles();
    ForwardBatch batch = transformer.newBatch();
    List<Share> shares = fill(batch);
    FloatMatrix logits = transformer.forward(batch);
    read(shares, batch, logits);
    long drawn = 0;
    for (Share share : shares) {
      drawn += apply(share, batch);
    }
    sequences.removeEnded();
    count(shares, drawn, System.nanoTime() - start);
  }

  private List<Share> fill(ForwardBatch batch) {
    List<Share> shares = new ArrayList<>();
    List<Sequence> running = sequences.running();
    int decoding = (int) running.stream().filter(Sequence::decoding).count();
    int spareLogits = maxLogitRows - running.size(); // each sequence may need one in any case
    // With a part of a prompt in the step, arithmetic takes the time and no guess pays.
    int room = decoding == running.size() ? Math.min(spareLogits, batch.room() - decoding) : 0;
    DraftBudget budget = new DraftBudget(decoding, room);
    for (Sequence sequence : running) {
      if (sequence.decoding()) {
        shares.add(share(batch, sequence, 1 + guess(sequence, budget)));
      }
    }
    for (Sequence sequence : running) {
      if (!sequence.decoding() && batch.room() > 0) {
        sequences.takeWhatIsKnown(sequence);
        Share share = prefill(batch, sequence, 1 + spareLogits);
        spareLogits -= Math.max(0, share.logits() - 1);
        shares.add(share);
      }
    }
    return shares;
  }

  /// Lets a sequence guess tokens, if it is one that draws some.
  private int guess(Sequence sequence, DraftBudget budget) {
    if (!(sequence instanceof GeneratedSequence generated)) {
      return 0;
    }
    int guesses = generated.guess(budget);
    return sequences.growBeyond(sequence, sequence.length() + guesses) ? guesses : 0;
  }

  /// @param mostLogits most rows of logits to ask for
  private static Share prefill(ForwardBatch batch, Sequence sequence, int mostLogits) {
    int count = Math.min(sequence.pending(), batch.room());
    if (!(sequence instanceof PooledSequence)) {
      count -= Math.max(0, sequence.rowsOf(count) - mostLogits);
    }
    return share(batch, sequence, count);
  }

  /// @param count tokens of the sequence, those that it guessed among them
  private static Share share(ForwardBatch batch, Sequence sequence, int count) {
    int segment = batch.add(sequence.tokens(), sequence.computed(), count, sequence.blocks());
    int rows = sequence.rowsOf(count);
    return new Share(
        sequence,
        segment,
        count,
        sequence.decoding() ? 0 : count,
        sequence instanceof PooledSequence ? batch.wantHiddenStates(rows) : batch.wantLogits(rows),
        rows);
  }

  /// Lets each sequence read its rows.
  private void read(List<Share> shares, ForwardBatch batch, FloatMatrix logits) {
    List<Runnable> reads = new ArrayList<>();
    for (Share share : shares) {
      if (share.rows() > 0) {
        switch (share.sequence()) {
          case GeneratedSequence generated -> {
            int finite = batch.finiteTokens(share.segment()) - (share.count() - share.rows());
            reads.add(() -> generated.read(logits, share.firstRow(), share.rows(), finite));
          }
          case PooledSequence pooled ->
              reads.add(
                  () -> pooled.read(transformer.hiddenStates(), share.firstRow(), share.rows()));
          case ScoredSequence scored -> addReads(reads, scored, share, logits);
        }
      }
    }
    workers.forEach(reads.size(), (item, _) -> reads.get(item).run());
  }

  /// One for each row.
  private static void addReads(
      List<Runnable> reads, ScoredSequence sequence, Share share, FloatMatrix logits) {
    int position = sequence.computed() + share.count() - share.rows();
    for (int i = 0; i < share.rows(); i++) {
      int row = i;
      reads.add(() -> sequence.read(logits, share.firstRow() + row, position + row));
    }
  }

  /// Takes the step's outcome into the sequence; returns how many tokens it drew.
  private int apply(Share share, ForwardBatch batch) {
    Sequence sequence = share.sequence();
    int computed = share.count();
    if (sequence instanceof GeneratedSequence generated && share.rows() > 0) {
      computed -= share.rows() - generated.rowsTaken();
    }
    sequence.advance(computed);
    if (batch.finiteTokens(share.segment()) < computed) {
      fail(
          sequence,
          RowError.Reason.NOT_FINITE,
          "a key or value does not fit the cache type; try kv-cache-type float32");
      return 0;
    }
    sequences.makeKnown(sequence);
    return switch (sequence) {
      case GeneratedSequence generated -> share.rows() == 0 ? 0 : draw(generated);
      case ScoredSequence scored -> {
        score(scored, share.rows());
        yield 0;
      }
      case PooledSequence pooled -> {
        pool(pooled);
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
          "allowed_token_ids, bad_words and min_tokens leave none after token %d"
              .formatted(sequence.computed()));
      return 0;
    }
    FinishReason reason = sequence.reason();
    if (reason != null) {
      end(sequence, reason);
    }
    return sequence.rowsTaken();
  }

  private void score(ScoredSequence sequence, int logits) {
    if (!sequence.take(logits)) {
      failNotFinite(sequence);
    } else if (sequence.pending() == 0) {
      sequence.end();
      sequence.complete();
    }
  }

  private void pool(PooledSequence sequence) {
    if (sequence.pending() > 0) {
      return;
    }
    float[] mean = sequence.mean();
    for (float element : mean) {
      if (!Float.isFinite(element)) {
        fail(
            sequence,
            RowError.Reason.NOT_FINITE,
            "a hidden state is NaN or infinite, or their sum is");
        return;
      }
    }
    sequence.end();
    sequence.complete(mean);
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
      case PooledSequence pooled -> pooled.fail(error);
    }
  }

  private void end(GeneratedSequence sequence, FinishReason reason) {
    sequence.end();
    sequence.complete(answer(sequence, reason), reason);
  }

  /// What the completion says. One that a limit or a stop string cut off calls no tool: half a call
  /// can look whole.
  private Answer answer(GeneratedSequence sequence, FinishReason reason) {
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
    for (Sequence sequence : sequences.drain()) {
      sequence.future().completeExceptionally(cause);
    }
    waitingCount = 0;
  }
}
