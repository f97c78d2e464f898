package org.glmspark.generation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
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
/// A step takes the next token of every running sequence, with those that the sequence guesses to
/// come after it where that pays, then fills the rest of its token budget with parts of prompts, in
/// the order in which the sequences got their places; see [RunningBatch]. Belongs to the stepping
/// thread.
final class ContinuousBatchScheduler {
  private final Model model;
  private final Transformer transformer;
  private final WorkerPool workers;
  private final int maxLogitRows;

  private final RunningBatch sequences;
  private final EngineMeter meter;

  /// Tells callers what came of their requests; done when the step is over and counted.
  private final List<Runnable> outcomes = new ArrayList<>();

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
    this.meter = new EngineMeter(sequences, transformer);
    this.maxLogitRows = maxLogitRows;
  }

  void add(Sequence sequence) {
    sequences.add(sequence);
  }

  /// Whether there is nothing to do.
  boolean idle() {
    return sequences.isEmpty();
  }

  /// As of the last step. Any thread may ask.
  EngineStats stats() {
    return meter.stats();
  }

  /// One sequence's share of a step.
  ///
  /// @param firstRow first row of the logits, or hidden states, of its last `rows` tokens
  private record Share(Sequence sequence, int segment, int count, int firstRow, int rows) {
    int logits() {
      return sequence instanceof PooledSequence ? 0 : rows;
    }

    int prefill() {
      return sequence.decoding() ? 0 : count;
    }
  }

  /// Runs one step.
  ///
  /// @throws org.glmspark.format.MalformedModelException if a file of the model became shorter
  void step() {
    long start = System.nanoTime();
    sequences.update();
    if (!sequences.running().isEmpty()) {
      model.requireWholeFiles();
      ForwardBatch batch = transformer.newBatch();
      List<Share> shares = fill(batch);
      int prefill = shares.stream().mapToInt(Share::prefill).sum();
      compute(shares, batch);
      sequences.removeEnded();
      meter.countStep(shares.size(), prefill, batch.rows() - prefill, System.nanoTime() - start);
    }
    meter.publish();
    outcomes.forEach(Runnable::run);
    outcomes.clear();
  }

  /// If the transformer throws, nothing has changed for any sequence; so each of them is computed
  /// alone, and only those that fail by themselves are given up.
  private void compute(List<Share> shares, ForwardBatch batch) {
    FloatMatrix logits;
    try {
      logits = transformer.forward(batch);
    } catch (RuntimeException | Error e) {
      requireGoingOn(e);
      if (shares.size() == 1) {
        fail(shares.getFirst().sequence(), e);
      } else {
        for (Share share : shares) {
          ForwardBatch alone = transformer.newBatch();
          compute(List.of(share(alone, share.sequence(), share.count())), alone);
        }
      }
      return;
    }
    long start = System.nanoTime();
    Map<Sequence, Throwable> failures = read(shares, batch, logits);
    meter.countSampling(System.nanoTime() - start);
    for (Share share : shares) {
      try {
        Throwable failure = failures.get(share.sequence());
        if (failure == null) {
          apply(share, batch);
        } else {
          requireGoingOn(failure);
          fail(share.sequence(), failure);
        }
      } catch (RuntimeException | Error e) {
        requireGoingOn(e);
        fail(share.sequence(), e);
      }
    }
  }

  /// Throws what no request is to blame for: with the memory or the model gone, all would fail.
  private void requireGoingOn(Throwable thrown) {
    if (thrown instanceof VirtualMachineError fatal && !(fatal instanceof StackOverflowError)) {
      throw fatal;
    }
    model.requireWholeFiles();
    if (!model.memory().scope().isAlive()) {
      throw new IllegalStateException("the model was closed while in use", thrown);
    }
  }

  /// What it has drawn is given, but no text: to read that may be what failed.
  private void fail(Sequence sequence, Throwable thrown) {
    fail(
        sequence,
        new RowError(RowError.Reason.INTERNAL, thrown.toString(), thrown),
        new Answer("", List.of()));
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
    int firstRow =
        sequence instanceof PooledSequence ? batch.wantHiddenStates(rows) : batch.wantLogits(rows);
    return new Share(sequence, segment, count, firstRow, rows);
  }

  /// Lets each sequence read its rows.
  ///
  /// @return what was thrown, and by whose rows
  private Map<Sequence, Throwable> read(
      List<Share> shares, ForwardBatch batch, FloatMatrix logits) {
    Map<Sequence, Throwable> failures = new ConcurrentHashMap<>();
    List<Runnable> reads = new ArrayList<>();
    for (Share share : shares) {
      if (share.rows() > 0) {
        for (Runnable read : reads(share, batch, logits)) {
          reads.add(() -> {
            try {
              read.run();
            } catch (RuntimeException | Error e) { // the stepping thread acts on it
              failures.put(share.sequence(), e);
            }
          });
        }
      }
    }
    workers.forEach(reads.size(), (item, _) -> reads.get(item).run());
    return failures;
  }

  /// The parts of a sequence's reading, which may run at once.
  private List<Runnable> reads(Share share, ForwardBatch batch, FloatMatrix logits) {
    return switch (share.sequence()) {
      case GeneratedSequence generated -> {
        int finite = batch.finiteTokens(share.segment()) - (share.count() - share.rows());
        yield List.of(() -> generated.read(logits, share.firstRow(), share.rows(), finite));
      }
      case PooledSequence pooled ->
          List.of(() -> pooled.read(transformer.hiddenStates(), share.firstRow(), share.rows()));
      case LabelSequence labels -> List.of(() -> labels.read(logits, share.firstRow()));
      case ScoredSequence scored -> readsOfRows(scored, share, logits);
    };
  }

  private static List<Runnable> readsOfRows(
      ScoredSequence sequence, Share share, FloatMatrix logits) {
    List<Runnable> reads = new ArrayList<>();
    int position = sequence.computed() + share.count() - share.rows();
    for (int i = 0; i < share.rows(); i++) {
      int row = i;
      reads.add(() -> sequence.read(logits, share.firstRow() + row, position + row));
    }
    return reads;
  }

  /// Takes the step's outcome into the sequence.
  private void apply(Share share, ForwardBatch batch) {
    Sequence sequence = share.sequence();
    int computed = share.count();
    if (sequence instanceof GeneratedSequence generated && share.rows() > 0) {
      computed -= share.rows() - generated.rowsTaken();
      meter.countGuesses(share.rows() - 1, generated.rowsTaken() - 1);
    }
    sequence.advance(computed);
    if (batch.finiteTokens(share.segment()) < computed) {
      fail(
          sequence,
          RowError.Reason.NOT_FINITE,
          "a key or value does not fit the cache type; try kv-cache-type float32");
      return;
    }
    sequences.makeKnown(sequence);
    if (sequence instanceof GeneratedSequence generated) {
      generated.tell();
    }
    if (share.rows() > 0) {
      switch (sequence) {
        case GeneratedSequence generated -> draw(generated);
        case ScoredSequence scored -> score(scored, share.rows());
        case LabelSequence labels -> score(labels);
        case PooledSequence pooled -> pool(pooled);
      }
    }
  }

  private void draw(GeneratedSequence sequence) {
    meter.countDrawnTokens(sequence.rowsTaken() - (sequence.drawn() < 0 ? 1 : 0));
    if (sequence.drawn() == Sampler.NOT_FINITE) {
      failNotFinite(sequence);
      return;
    }
    if (sequence.drawn() == Sampler.NONE_ALLOWED) {
      fail(
          sequence,
          RowError.Reason.NO_TOKEN_ALLOWED,
          "allowed_token_ids, bad_words, min_tokens and the response format leave none after token %d"
              .formatted(sequence.computed()));
      return;
    }
    FinishReason reason = sequence.reason();
    if (reason != null) {
      end(sequence, reason);
    }
  }

  private void score(ScoredSequence sequence, int logits) {
    if (!sequence.take(logits)) {
      failNotFinite(sequence);
    } else if (sequence.pending() == 0) {
      sequence.end();
      outcomes.add(sequence::complete);
    }
  }

  /// What is left of the labels goes on from the prompt's blocks, which are then let go of.
  private void score(LabelSequence sequence) {
    if (sequence.finite()) {
      List<ScoredSequence> labels = sequence.labels();
      labels.forEach(label -> sequences.fork(sequence, label));
      sequence.end();
      if (labels.isEmpty()) {
        outcomes.add(sequence::complete);
      }
    } else {
      failNotFinite(sequence);
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
    outcomes.add(() -> sequence.complete(mean));
  }

  private void failNotFinite(Sequence sequence) {
    fail(
        sequence,
        RowError.Reason.NOT_FINITE,
        "a logit is NaN or infinite after token %d".formatted(sequence.computed()));
  }

  private void fail(Sequence sequence, RowError.Reason reason, String detail) {
    Answer answer =
        sequence instanceof GeneratedSequence generated
            ? answer(generated, FinishReason.ERROR)
            : new Answer("", List.of());
    fail(sequence, new RowError(reason, detail), answer);
  }

  private void fail(Sequence sequence, RowError error, Answer answer) {
    sequence.end();
    outcomes.add(
        switch (sequence) {
          case GeneratedSequence generated -> () -> generated.fail(answer, error);
          case ScoredSequence scored -> () -> scored.fail(error);
          case LabelSequence labels -> () -> labels.fail(error);
          case PooledSequence pooled -> () -> pooled.fail(error);
        });
  }

  private void end(GeneratedSequence sequence, FinishReason reason) {
    sequence.end();
    Answer answer = answer(sequence, reason);
    outcomes.add(() -> sequence.complete(answer, reason));
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
    var tokenizer = model.tokenizer();
    if (template == null || tokenizer == null) {
      return new Answer("", List.of());
    }
    if (reason == FinishReason.STOP) {
      return template.parseAnswer(sequence.completionAndStop(), sequence.tools());
    }
    List<Integer> tokens = sequence.completion();
    String text = WholeCharacters.of(template.answerText(tokens), tokens, tokenizer);
    return new Answer(text, List.of());
  }

  /// Ends everything that waits or runs with a failure of the engine itself.
  void failAll(Throwable cause) {
    for (Sequence sequence : sequences.drain()) {
      sequence.future().completeExceptionally(cause);
    }
    meter.publish();
  }
}
