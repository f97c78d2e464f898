package org.glmspark.generation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.glmspark.grammar.AnswerGrammar;
import org.glmspark.prompt.Answer;
import org.glmspark.sampling.Sampler;
import org.glmspark.tensor.FloatMatrix;
import org.jspecify.annotations.Nullable;

/// A prompt that is completed.
final class GeneratedSequence extends Sequence {
  /// No token was drawn yet, and no stop token ended the completion.
  private static final int NONE = -1;

  private final String requestId;
  private final Sampler sampler;
  private final StopCondition stopCondition;

  /// Null if the answer may have any form.
  private final @Nullable AnswerGrammar grammar;

  private final CompletableFuture<GenerationResult> future = new CompletableFuture<>();
  private final int promptLength;
  private final int[] tokens;

  private int length;

  /// What the last logits gave: a token, or what [Sampler#next] returns if there is none.
  private int drawn = NONE;

  private int stopToken = NONE;
  private final long submittedNanos = System.nanoTime();
  private long firstTokenNanos = submittedNanos;

  /// @param contextTokens longest sequence of the model
  GeneratedSequence(
      GenerationRequest request,
      String requestId,
      int contextTokens,
      Sampler sampler,
      StopCondition stopCondition,
      @Nullable AnswerGrammar grammar) {
    super((int) Math.min(contextTokens, request.mostTokens()));
    this.requestId = requestId;
    this.sampler = sampler;
    this.stopCondition = stopCondition;
    this.grammar = grammar;
    this.promptLength = request.promptTokens().length;
    this.tokens = Arrays.copyOf(request.promptTokens(), limit());
    this.length = promptLength;
  }

  @Override
  CompletableFuture<GenerationResult> future() {
    return future;
  }

  @Override
  int[] tokens() {
    return tokens;
  }

  /// The prompt and what was drawn.
  @Override
  int length() {
    return length;
  }

  @Override
  int firstUnread() {
    return length - 1;
  }

  @Override
  boolean decoding() {
    return hasDrawn() && pending() == 1;
  }

  private boolean hasDrawn() {
    return length > promptLength;
  }

  /// Draws a token from a row of logits, which changes.
  void read(FloatMatrix logits, int row) {
    drawn = sampler.next(logits.values(), logits.offset(row), logits.columns());
  }

  /// The token that the last logits gave, or what [Sampler#next] returns if there is none.
  int drawn() {
    return drawn;
  }

  /// Whether the drawn token ends the completion without being part of it.
  boolean drewStopToken() {
    return stopCondition.isStopToken(drawn);
  }

  /// Appends the drawn token. There is room: a sequence that is full has ended.
  ///
  /// @return whether it completes a stop string, or an answer to which nothing can be added
  boolean append() {
    if (!hasDrawn()) {
      firstTokenNanos = System.nanoTime();
    }
    tokens[length++] = drawn;
    sampler.accept(drawn);
    return stopCondition.completesStopString(drawn, length - promptLength)
        || sampler.isAnswerComplete();
  }

  /// Ends the completion with the drawn token, which is no part of it.
  void stop() {
    stopToken = drawn;
  }

  boolean full() {
    return length == limit();
  }

  List<Integer> completion() {
    List<Integer> completion = new ArrayList<>(length - promptLength);
    for (int i = promptLength; i < length; i++) {
      completion.add(tokens[i]);
    }
    return completion;
  }

  /// The text before the stop string that ended the completion, or null if none did.
  @Nullable String textBeforeStop() {
    return stopCondition.textBeforeStop();
  }

  /// The completion as an answer of the form that was given, or null if none was.
  @Nullable String formattedText() {
    return grammar == null ? null : grammar.text(completion());
  }

  /// The completion and the token that ended it, if that is one of the model's own: it says how the
  /// answer is meant. One that was asked for may be text.
  List<Integer> completionAndStop() {
    List<Integer> tokens = completion();
    if (stopToken != NONE && stopCondition.isOfModel(stopToken)) {
      tokens.add(stopToken);
    }
    return tokens;
  }

  void complete(Answer answer, FinishReason reason) {
    future.complete(result(answer, reason, null));
  }

  /// The completion so far is given with the error.
  void fail(Answer answer, RowError error) {
    future.complete(result(answer, FinishReason.ERROR, error));
  }

  private GenerationResult result(Answer answer, FinishReason reason, @Nullable RowError error) {
    long now = System.nanoTime();
    long firstToken = hasDrawn() ? firstTokenNanos : now;
    long start = started() ? startedNanos() : now;
    return new GenerationResult(
        requestId,
        answer.text(),
        answer.toolCalls(),
        completion(),
        sampler.logProbabilities(),
        reason,
        error,
        new GenerationResult.Usage(
            promptLength, Math.min(promptLength, cached()), length - promptLength),
        new GenerationResult.Timing(
            millis(submittedNanos, start), millis(start, firstToken), millis(firstToken, now)));
  }

  private static double millis(long from, long to) {
    return Math.max(0, to - from) / 1e6;
  }
}
