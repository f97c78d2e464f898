package org.glmspark.udfs;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.UnaryOperator;
import org.glmspark.generation.FinishReason;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.GenerationResult;
import org.glmspark.generation.RowError;
import org.glmspark.sampling.SamplingParameters;

/// Asks a model about texts of any length.
///
/// A text that is too long is cut between paragraphs and sentences ([TextParts]); every part is
/// asked about, all of them at once; the answers, joined by blank lines, are the text of the next
/// level, until one fits. The answer about a part may have half the part's tokens at most, so every
/// level is shorter than the one before.
///
/// @param model counts tokens
/// @param message what is asked about a text
/// @param sampling how the model writes; `max_tokens` holds for the last answer, and for those
///   about parts where half a part is not less
/// @param partTokens most tokens of a text that is not cut; 0 for as many as the model's context
///   and the engine's cache leave
public record LongDocument(
    OpenModel model, UnaryOperator<String> message, SamplingParameters sampling, int partTokens) {
  /// Less text than this is not worth a prompt.
  private static final int LEAST_PART_TOKENS = 16;

  /// Cutting and tokenizing must not hold up the engine's own thread, which completes answers.
  private static final Executor LEVELS =
      level -> Thread.ofVirtual().name("long-document").start(level);

  /// Hands a request to an engine.
  public interface Submission {
    /// @return fails only if the engine does
    CompletableFuture<GenerationResult> submit(int[] prompt, SamplingParameters sampling);
  }

  /// What came of a text.
  ///
  /// @param result of the last request, or of the first that has an error
  /// @param parts asked about before it, of all levels; 0 if the text was not too long
  /// @param cappedParts those of them whose answer the limit cut off
  /// @param levels of parts
  public record Outcome(GenerationResult result, int parts, int cappedParts, int levels) {}

  public LongDocument {
    if (partTokens < 0 || (partTokens > 0 && partTokens < LEAST_PART_TOKENS)) {
      throw new IllegalArgumentException(
          "part-tokens is %d, expected 0 (what the model's context leaves) or at least %d"
              .formatted(partTokens, LEAST_PART_TOKENS));
    }
  }

  /// Asks about a text.
  ///
  /// @return fails only if the engine does
  public CompletableFuture<Outcome> answer(String text, Submission submission) {
    return answer(text, submission, new Progress(Integer.MAX_VALUE, 0, 0, 0));
  }

  /// What the levels so far took.
  ///
  /// @param tokens of the text of the last level
  private record Progress(int tokens, int parts, int cappedParts, int levels) {}

  private CompletableFuture<Outcome> answer(String text, Submission submission, Progress before) {
    int most = mostTextTokens();
    int tokens = tokens(text);
    if (tokens <= most) {
      return submission
          .submit(model.prompt(message.apply(text)), sampling)
          .thenApply(
              result -> new Outcome(result, before.parts(), before.cappedParts(), before.levels()));
    }
    if (most < LEAST_PART_TOKENS || tokens >= before.tokens()) {
      return CompletableFuture.completedFuture(tooLong(text, tokens, most, before));
    }
    List<String> parts = TextParts.of(text, most, this::tokens);
    List<CompletableFuture<GenerationResult>> answers =
        parts.stream().map(part -> askAbout(part, submission)).toList();
    return CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
        .thenComposeAsync(
            _ -> {
              List<GenerationResult> results =
                  answers.stream().map(CompletableFuture::resultNow).toList();
              return next(results, submission, tokens, before);
            },
            LEVELS);
  }

  private CompletableFuture<GenerationResult> askAbout(String part, Submission submission) {
    int half = Math.max(1, tokens(part) / 2);
    SamplingParameters capped =
        half < sampling.maxTokens()
            ? sampling.toBuilder()
                .maxTokens(half)
                .minTokens(Math.min(sampling.minTokens(), half))
                .build()
            : sampling;
    return submission.submit(model.prompt(message.apply(part)), capped);
  }

  private CompletableFuture<Outcome> next(
      List<GenerationResult> results, Submission submission, int tokens, Progress before) {
    int capped =
        (int) results.stream().filter(r -> r.finishReason() == FinishReason.LENGTH).count();
    var progress =
        new Progress(
            tokens,
            before.parts() + results.size(),
            before.cappedParts() + capped,
            before.levels() + 1);
    for (GenerationResult result : results) {
      if (result.error() != null) {
        return CompletableFuture.completedFuture(
            new Outcome(result, progress.parts(), progress.cappedParts(), progress.levels()));
      }
    }
    String joined = String.join("\n\n", results.stream().map(GenerationResult::text).toList());
    return answer(joined, submission, progress);
  }

  /// Tokens of a text that a prompt has room for, beside the instruction and the answer.
  private int mostTextTokens() {
    int instruction = model.prompt(message.apply("")).length;
    int room = model.engine().longestSequence() - instruction - sampling.maxTokens();
    return partTokens == 0 ? room : Math.min(partTokens, room);
  }

  private int tokens(String text) {
    return model.tokenizer().encode(text).length;
  }

  private Outcome tooLong(String text, int tokens, int most, Progress before) {
    int[] prompt = model.prompt(message.apply(text));
    String detail =
        before.levels() == 0
            ? "context and cache leave %d tokens for a text, beside the instruction and %d of the answer; ask for fewer, give the cache more, or choose another model"
                .formatted(most, sampling.maxTokens())
            : "the answers about its parts have %d tokens, no fewer than the parts, %d"
                .formatted(tokens, before.tokens());
    GenerationResult refused =
        GenerationResult.refused(
            model.engine().requestId(new GenerationRequest(prompt, sampling)),
            prompt.length,
            new RowError(RowError.Reason.PROMPT_TOO_LONG, detail));
    return new Outcome(refused, before.parts(), before.cappedParts(), before.levels());
  }
}
