package org.glmspark.udfs;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.glmspark.generation.FinishReason;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.GenerationResult;
import org.glmspark.generation.RowError;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.sampling.SamplingParameters;
import org.jspecify.annotations.Nullable;

/// Asks a model about texts of any length.
///
/// A text that is too long is cut between paragraphs and sentences ([TextParts]); every part is
/// asked about, all of them at once; the answers, joined by blank lines, are the text of the next
/// level, until one fits. The answer about a part may have half the part's tokens at most, so every
/// level is shorter than the one before.
///
/// @param model counts tokens
/// @param prompt the tokens of what is asked about a text
/// @param sampling how the model writes; `max_tokens` holds for the last answer, and for those
///   about parts where half a part is not less
/// @param format what form the last answer must have, those about parts may have any; null for any
/// @param partTokens most tokens of a text that is not cut; 0 for as many as the model's context
///   and the engine's cache leave
public record LongDocument(
    OpenModel model,
    Function<String, int[]> prompt,
    SamplingParameters sampling,
    @Nullable AnswerFormat format,
    int partTokens) {
  /// Tokens that may come to be where a text and what stands around it meet.
  private static final int SEAM_TOKENS = 8;

  /// Stands for the text where a prompt is told from others.
  private static final String PLACE = "\uFFFC";

  /// Cutting and tokenizing must not hold up the engine's own thread, which completes answers.
  private static final Executor LEVELS =
      level -> Thread.ofVirtual().name("long-document").start(level);

  /// Hands a request to an engine.
  public interface Submission {
    /// @return fails only if the engine does
    CompletableFuture<GenerationResult> submit(GenerationRequest request);
  }

  /// What came of a text.
  ///
  /// @param result of the last request, or the error of the first that has one. If there were
  ///   parts, its request id is the document's ([#requestId]), its usage is that of all requests,
  ///   and its times are the document's: until the first step for any part, from there to the first
  ///   token of the last answer, and from there to the end
  /// @param parts asked about before it, of all levels; 0 if the text was not too long
  /// @param cappedParts those of them whose answer the limit cut off
  /// @param levels of parts
  /// @param silentTokens tokens of those parts about which the answer is empty
  public record Outcome(
      GenerationResult result, int parts, int cappedParts, int levels, int silentTokens) {
    /// The answer about a text that was not too long.
    static Outcome ofWhole(GenerationResult result) {
      return new Outcome(result, 0, 0, 0, 0);
    }
  }

  /// @throws IllegalArgumentException if `partTokens` is too small for a text
  public LongDocument {
    LongText.requirePartTokens(partTokens);
  }

  /// Whether a text is asked about in one piece.
  ///
  /// @param tokens its prompt
  boolean fits(String text, int[] tokens) {
    return tokens.length + answerTokens() <= model.engine().longestSequence()
        && (partTokens == 0 || tokens.length <= partTokens || tokens(text) <= partTokens);
  }

  /// Tokens that are kept free for the answer: all that it may have, but no more than half of what
  /// the model takes, since short texts are asked about whatever the limit.
  private int answerTokens() {
    return Math.min(sampling.maxTokens(), model.engine().model().config().contextTokens() / 2);
  }

  /// Most tokens of a text that surely fits.
  int mostTextTokens() {
    int instruction = prompt.apply("").length + SEAM_TOKENS;
    int room = model.engine().longestSequence() - instruction - answerTokens();
    return partTokens == 0 ? room : Math.min(partTokens, room);
  }

  /// Why a text cannot be asked about at all, not even in parts or without its end; null if it can.
  @Nullable RowError noRoom() {
    int most = mostTextTokens();
    return most >= LongText.LEAST_PART_TOKENS
        ? null
        : new RowError(
            RowError.Reason.PROMPT_TOO_LONG,
            "context and cache leave %d tokens for a text, beside the instruction and %d of the answer; ask for fewer, give the cache more, or choose another model"
                .formatted(most, answerTokens()));
  }

  int tokens(String text) {
    return model.tokenizer().encode(text).length;
  }

  /// What requests about all parts and levels of a text come to at most, in tokens of prompts and
  /// answers. Each level has half the tokens of the one before, its answers half of that, and two
  /// neighbouring parts are more than one part may be; there are no more levels than bits in a
  /// number of tokens.
  ///
  /// @param wholePrompt tokens of a prompt that had the whole text
  long mostTokens(int wholePrompt) {
    long most = mostTextTokens();
    long parts = 4L * wholePrompt / Math.max(1, most) + Integer.SIZE;
    return 4L * wholePrompt
        + parts * (prompt.apply("").length + SEAM_TOKENS)
        + sampling.maxTokens();
  }

  /// What the answer about a text that does not fit depends on: equal ids get equal answers.
  String requestId(String text) {
    return RequestKey.of(
        "long document",
        requestId(prompt.apply(text)),
        requestId(prompt.apply(PLACE)),
        String.valueOf(mostTextTokens()));
  }

  private String requestId(int[] tokens) {
    return model.engine().requestId(new GenerationRequest(tokens, sampling, format));
  }

  /// Asks about a text.
  ///
  /// @return fails only if the engine does
  public CompletableFuture<Outcome> answer(String text, Submission submission) {
    int[] tokens = prompt.apply(text);
    return fits(text, tokens)
        ? submission
            .submit(new GenerationRequest(tokens, sampling, format))
            .thenApply(Outcome::ofWhole)
        : new Reading(requestId(text), submission).read(text, Progress.NONE);
  }

  /// What the levels so far took.
  ///
  /// @param tokens of the text of the last level
  /// @param usage of all requests
  /// @param queueMillis until the first step
  /// @param millis until the end of the last level
  private record Progress(
      int tokens,
      int parts,
      int cappedParts,
      int levels,
      int silentTokens,
      GenerationResult.Usage usage,
      double queueMillis,
      double millis) {
    static final Progress NONE =
        new Progress(Integer.MAX_VALUE, 0, 0, 0, 0, new GenerationResult.Usage(0, 0, 0), 0, 0);

    /// @param textTokens of the level's text
    /// @param silent tokens of those parts of it about which the answer is empty
    Progress plus(int textTokens, List<GenerationResult> level, int silent) {
      int capped =
          (int) level.stream().filter(r -> r.finishReason() == FinishReason.LENGTH).count();
      double queue = level.stream().mapToDouble(r -> r.timing().queueMillis()).min().orElse(0);
      double took = level.stream().mapToDouble(Progress::millis).max().orElse(0);
      return new Progress(
          textTokens,
          parts + level.size(),
          cappedParts + capped,
          levels + 1,
          silentTokens + silent,
          level.stream().map(GenerationResult::usage).reduce(usage, Progress::sum),
          levels == 0 ? queue : queueMillis,
          millis + took);
    }

    private static double millis(GenerationResult result) {
      GenerationResult.Timing timing = result.timing();
      return timing.queueMillis() + timing.prefillMillis() + timing.decodeMillis();
    }

    private static GenerationResult.Usage sum(GenerationResult.Usage a, GenerationResult.Usage b) {
      return new GenerationResult.Usage(
          a.prompt() + b.prompt(), a.cached() + b.cached(), a.completion() + b.completion());
    }

    /// @param last the answer that ends the document
    Outcome finished(String id, GenerationResult last) {
      double beforeLastToken = millis - queueMillis + last.timing().queueMillis();
      return outcome(
          new GenerationResult(
              id,
              last.text(),
              last.toolCalls(),
              last.tokens(),
              last.logProbabilities(),
              last.finishReason(),
              last.error(),
              sum(usage, last.usage()),
              new GenerationResult.Timing(
                  queueMillis,
                  beforeLastToken + last.timing().prefillMillis(),
                  last.timing().decodeMillis())));
    }

    Outcome failed(String id, RowError error) {
      return outcome(
          new GenerationResult(
              id,
              "",
              List.of(),
              List.of(),
              List.of(),
              FinishReason.ERROR,
              error,
              usage,
              new GenerationResult.Timing(queueMillis, millis - queueMillis, 0)));
    }

    private Outcome outcome(GenerationResult result) {
      return new Outcome(result, parts, cappedParts, levels, silentTokens);
    }
  }

  /// One text that does not fit, on its way through the levels.
  private final class Reading {
    private final String id;
    private final Submission submission;

    Reading(String id, Submission submission) {
      this.id = id;
      this.submission = submission;
    }

    CompletableFuture<Outcome> read(String text, Progress before) {
      int[] whole = prompt.apply(text);
      if (fits(text, whole)) {
        return submission
            .submit(new GenerationRequest(whole, sampling, format))
            .thenApply(last -> before.finished(id, last));
      }
      int tokens = tokens(text);
      @Nullable RowError tooLong = before.levels() == 0 ? noRoom() : notShorter(tokens, before);
      if (tooLong != null) {
        return CompletableFuture.completedFuture(before.failed(id, tooLong));
      }
      List<String> parts = TextParts.of(text, mostTextTokens(), LongDocument.this::tokens);
      List<CompletableFuture<GenerationResult>> answers =
          parts.stream().map(part -> submission.submit(aboutPart(part))).toList();
      return CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
          .thenComposeAsync(
              _ -> {
                List<GenerationResult> level =
                    answers.stream().map(CompletableFuture::resultNow).toList();
                return next(level, before.plus(tokens, level, silentTokens(parts, level)));
              },
              LEVELS);
    }

    private int silentTokens(List<String> parts, List<GenerationResult> level) {
      return IntStream.range(0, parts.size())
          .filter(i -> level.get(i).text().isBlank())
          .map(i -> tokens(parts.get(i)))
          .sum();
    }

    private CompletableFuture<Outcome> next(List<GenerationResult> level, Progress progress) {
      for (GenerationResult result : level) {
        @Nullable RowError error = result.error();
        if (error != null) {
          return CompletableFuture.completedFuture(progress.failed(id, error));
        }
      }
      List<String> answers =
          level.stream().map(GenerationResult::text).filter(text -> !text.isBlank()).toList();
      if (answers.isEmpty()) {
        var nothing =
            new RowError(
                RowError.Reason.NO_TEXT,
                "the answers about all %d parts of level %d are empty"
                    .formatted(level.size(), progress.levels()));
        return CompletableFuture.completedFuture(progress.failed(id, nothing));
      }
      return read(String.join("\n\n", answers), progress);
    }
  }

  private GenerationRequest aboutPart(String part) {
    int half = Math.max(1, tokens(part) / 2);
    int most = Math.min(half, sampling.maxTokens());
    SamplingParameters capped =
        sampling.toBuilder()
            .maxTokens(most)
            .minTokens(Math.min(sampling.minTokens(), most))
            .withoutLogprobs() // nobody is told
            .build();
    return new GenerationRequest(prompt.apply(part), capped);
  }

  private static @Nullable RowError notShorter(int tokens, Progress before) {
    return tokens < before.tokens()
        ? null
        : new RowError(
            RowError.Reason.PROMPT_TOO_LONG,
            "after level %d of parts their answers have %d tokens, no fewer than the parts, %d"
                .formatted(before.levels(), tokens, before.tokens()));
  }
}
