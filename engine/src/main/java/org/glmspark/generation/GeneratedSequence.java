package org.glmspark.generation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.glmspark.grammar.AnswerGrammar;
import org.glmspark.prompt.Answer;
import org.glmspark.prompt.ToolDefinition;
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

  private final List<ToolDefinition> tools;
  private final boolean call;

  private final CompletableFuture<GenerationResult> future = new CompletableFuture<>();
  private final int promptLength;
  private final int[] tokens;

  private int length;

  private final PromptLookup promptLookup;
  private final TokenListener listener;

  /// How far the listener knows the sequence.
  private int told;

  /// Null before the first guess: a sequence that waits needs no memory for it.
  private @Nullable TokenDraft draft;

  /// What the last row of logits gave: a token, or what [Sampler#next] returns if there is none.
  private int drawn = NONE;

  private int rowsTaken;

  /// Why the last token drawn ended the completion, or null if it did not.
  private @Nullable FinishReason reason;

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
      @Nullable AnswerGrammar grammar,
      PromptLookup promptLookup,
      TokenListener listener) {
    super((int) Math.min(contextTokens, request.mostTokens()));
    this.requestId = requestId;
    this.sampler = sampler;
    this.stopCondition = stopCondition;
    this.grammar = grammar;
    this.tools = request.tools();
    this.call = request.isCall();
    this.promptLength = request.promptTokens().length;
    this.tokens = Arrays.copyOf(request.promptTokens(), limit());
    this.length = promptLength;
    this.promptLookup = promptLookup;
    this.listener = listener;
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

  /// Guesses tokens after the last one, as far as that pays, and writes them after it.
  ///
  /// @return how many; they are no part of the sequence yet
  int guess(DraftBudget budget) {
    if (promptLookup == PromptLookup.OFF) {
      return 0;
    }
    if (draft == null) {
      draft = new TokenDraft(limit());
    }
    int most = limit() - length - 1; // the token after the last guess needs a place too
    return draft.propose(tokens, length, most, budget);
  }

  /// Draws the next tokens: one from the first row of logits, and one from each further row as long
  /// as the one drawn before is as it was guessed and ends nothing. The rows change.
  ///
  /// @param finite how many of the rows are of tokens whose keys and values are finite
  void read(FloatMatrix logits, int firstRow, int rows, int finite) {
    rowsTaken = 0;
    boolean goesOn = true;
    while (goesOn && rowsTaken < rows) {
      int row = firstRow + rowsTaken++;
      goesOn = rowsTaken <= finite && draw(logits, row);
    }
  }

  /// Draws one token.
  ///
  /// @return whether the completion goes on after it, and it is the one that was guessed if any was
  private boolean draw(FloatMatrix logits, int row) {
    drawn = sampler.next(logits.values(), logits.offset(row), logits.columns());
    if (drawn < 0) {
      return false;
    }
    boolean guessed = drawn == tokens[length];
    take();
    return guessed && reason == null;
  }

  /// Takes the drawn token into the completion, or ends the completion with it.
  private void take() {
    if (stopCondition.isStopToken(drawn)) {
      stopToken = drawn; // no part of the completion
      reason = FinishReason.STOP;
      return;
    }
    if (!hasDrawn()) {
      firstTokenNanos = System.nanoTime();
    }
    tokens[length++] = drawn; // there is room: a sequence that is full has ended
    sampler.accept(drawn);
    if (stopCondition.completesStopString(drawn, length - promptLength)
        || sampler.isAnswerComplete()) {
      reason = FinishReason.STOP;
    } else if (length == limit()) {
      reason = FinishReason.LENGTH;
    }
  }

  /// Tells the listener what is new since it was told last.
  void tell() {
    int done = hasDrawn() ? length : Math.min(promptLength, computed());
    if (done > told) {
      int prompt = Math.max(0, Math.min(promptLength, done) - told);
      listener.advanced(prompt, done - told - prompt);
      told = done;
    }
  }

  /// How many rows the last [#read] took: the tokens up to that of the last one are part of the
  /// sequence, and later ones were guessed wrongly.
  int rowsTaken() {
    return rowsTaken;
  }

  /// What the last row of logits gave: a token, or what [Sampler#next] returns if there is none.
  int drawn() {
    return drawn;
  }

  /// Why the completion has ended, or null if it has not.
  @Nullable FinishReason reason() {
    return reason;
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

  /// The completion as an answer of the form that was given, or null if none was, or that of a
  /// call, which is no text.
  @Nullable String formattedText() {
    return grammar == null || call ? null : grammar.text(completion());
  }

  /// What the prompt offers.
  List<ToolDefinition> tools() {
    return tools;
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
