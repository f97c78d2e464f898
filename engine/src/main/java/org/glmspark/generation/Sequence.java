package org.glmspark.generation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.glmspark.cache.BlockPool;
import org.glmspark.cache.BlockTable;
import org.glmspark.prompt.Answer;
import org.glmspark.sampling.CounterRandom;
import org.glmspark.sampling.Sampler;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.tensor.FloatMatrix;
import org.jspecify.annotations.Nullable;

/// One request on its way: its tokens so far, how many of them the cache holds, and who waits for
/// it. Belongs to the stepping thread.
final class Sequence {
  private final String requestId;
  private final SamplingParameters sampling;
  private final CounterRandom random;
  private final CompletableFuture<GenerationResult> future = new CompletableFuture<>();
  private final int promptLength;
  private final int limit;
  private final int[] tokens;

  /// Ids of the tokens so far; null unless their repetition is penalised.
  private final @Nullable BitSet present;

  private int length;
  private int computed;
  private boolean ended;

  /// The token that ended the completion; -1 before, and where a limit ended it.
  private int stopToken = -1;

  private @Nullable BlockTable blocks;
  private final long submittedNanos = System.nanoTime();
  private long startedNanos = submittedNanos;
  private long firstTokenNanos = submittedNanos;

  /// @param contextTokens longest sequence of the model
  Sequence(GenerationRequest request, String requestId, int contextTokens) {
    this.requestId = requestId;
    this.sampling = request.sampling();
    this.random = new CounterRandom(sampling.seed(), requestId);
    this.promptLength = request.promptTokens().length;
    this.limit = (int) Math.min(contextTokens, (long) promptLength + sampling.maxTokens());
    this.tokens = Arrays.copyOf(request.promptTokens(), limit);
    this.length = promptLength;
    this.present = sampling.repetitionPenalty() == 1 ? null : present(request.promptTokens());
  }

  private static BitSet present(int[] tokens) {
    BitSet present = new BitSet();
    for (int token : tokens) {
      present.set(token);
    }
    return present;
  }

  CompletableFuture<GenerationResult> future() {
    return future;
  }

  /// Prompt and completion tokens, the latter as far as they exist. Shared with the batch.
  int[] tokens() {
    return tokens;
  }

  /// Longest this sequence can become: cache blocks are reserved for so many tokens.
  int limit() {
    return limit;
  }

  /// Tokens whose keys and values are not in the cache yet: the rest of the prompt, or the token
  /// drawn last.
  int pending() {
    return length - computed;
  }

  /// Tokens whose keys and values are in the cache.
  int computed() {
    return computed;
  }

  /// Whether the prompt has been computed.
  boolean decoding() {
    return length > promptLength;
  }

  BlockTable blocks() {
    if (blocks == null) {
      throw new IllegalStateException("the sequence has not started");
    }
    return blocks;
  }

  void start(BlockPool pool) {
    blocks = BlockTable.reserve(pool, limit);
    startedNanos = System.nanoTime();
  }

  void advance(int count) {
    computed += count;
  }

  /// Chooses the next token from a row of logits, which it may change.
  ///
  /// @return the token id, or [Sampler#NOT_FINITE]
  int sample(FloatMatrix logits, int row) {
    float[] values = logits.values();
    int offset = logits.offset(row);
    if (present != null) {
      Sampler.penalise(values, offset, present, sampling.repetitionPenalty());
    }
    double uniform = random.uniform(length - promptLength);
    return Sampler.next(values, offset, logits.columns(), sampling, uniform);
  }

  /// Appends a drawn token. There is room: a sequence that is full has ended.
  void append(int token) {
    if (length == promptLength) {
      firstTokenNanos = System.nanoTime();
    }
    tokens[length++] = token;
    if (present != null) {
      present.set(token);
    }
  }

  /// Ends the completion with a stop token, which is no part of it.
  void stop(int token) {
    stopToken = token;
  }

  boolean full() {
    return length == limit;
  }

  List<Integer> completion() {
    List<Integer> completion = new ArrayList<>(length - promptLength);
    for (int i = promptLength; i < length; i++) {
      completion.add(tokens[i]);
    }
    return completion;
  }

  /// The completion and the token that ended it.
  List<Integer> completionAndStop() {
    List<Integer> tokens = completion();
    if (stopToken >= 0) {
      tokens.add(stopToken);
    }
    return tokens;
  }

  GenerationResult result(Answer answer, FinishReason reason, @Nullable RowError error) {
    long now = System.nanoTime();
    long firstToken = decoding() ? firstTokenNanos : now;
    long started = blocks == null ? now : startedNanos;
    return new GenerationResult(
        requestId,
        answer.text(),
        answer.toolCalls(),
        completion(),
        reason,
        error,
        new GenerationResult.Usage(promptLength, 0, length - promptLength),
        new GenerationResult.Timing(
            millis(submittedNanos, started), millis(started, firstToken), millis(firstToken, now)));
  }

  private static double millis(long from, long to) {
    return Math.max(0, to - from) / 1e6;
  }

  /// Gives the cache blocks back; the sequence takes part in no further step.
  void end() {
    ended = true;
    if (blocks != null) {
      blocks.close();
    }
  }

  boolean ended() {
    return ended;
  }
}
