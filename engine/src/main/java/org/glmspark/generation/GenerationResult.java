package org.glmspark.generation;

import java.util.List;
import org.glmspark.prompt.ToolCall;
import org.glmspark.sampling.TokenLogProbability;
import org.jspecify.annotations.Nullable;

/// What came of one request. All but `usage.cached` and `timing` is a function of the request
/// alone.
///
/// @param requestId SHA-256, in hexadecimal, of everything the completion depends on, and of how
///   much of it is told
/// @param text the completion, without the stop token, or up to the stop string; leading and
///   trailing white space removed, unless the request gave the answer's form
/// @param toolCalls the tools that the model called and waits for, see
///   [org.glmspark.prompt.ChatTemplate#parseAnswer]; their text is not part of `text`. A completion
///   that a limit or a stop string cut off calls none
/// @param tokens the generated ids, without the stop token, but with those of a stop string
/// @param logProbabilities one for each of `tokens` if they were asked for, otherwise none
/// @param finishReason why it ended
/// @param error set exactly when `finishReason` is ERROR
/// @param usage token counts
/// @param timing where the time went
public record GenerationResult(
    String requestId,
    String text,
    List<ToolCall> toolCalls,
    List<Integer> tokens,
    List<TokenLogProbability> logProbabilities,
    FinishReason finishReason,
    @Nullable RowError error,
    Usage usage,
    Timing timing) {

  public GenerationResult {
    toolCalls = List.copyOf(toolCalls);
    tokens = List.copyOf(tokens);
    logProbabilities = List.copyOf(logProbabilities);
    if ((finishReason == FinishReason.ERROR) != (error != null)) {
      throw new IllegalArgumentException(
          "finish reason %s with error %s".formatted(finishReason, error));
    }
  }

  /// The result of a request that was not started.
  public static GenerationResult refused(String requestId, int promptTokens, RowError error) {
    return new GenerationResult(
        requestId,
        "",
        List.of(),
        List.of(),
        List.of(),
        FinishReason.ERROR,
        error,
        new Usage(promptTokens, 0, 0),
        new Timing(0, 0, 0));
  }

  /// The same result for somebody else who asked for it: the whole prompt was known, and it took no
  /// time.
  public GenerationResult repeated() {
    if (error != null) {
      return this;
    }
    return new GenerationResult(
        requestId,
        text,
        toolCalls,
        tokens,
        logProbabilities,
        finishReason,
        error,
        new Usage(usage.prompt(), usage.prompt(), usage.completion()),
        new Timing(0, 0, 0));
  }

  /// The same result under the id of something that depends on more than the request.
  public GenerationResult withRequestId(String id) {
    return new GenerationResult(
        id, text, toolCalls, tokens, logProbabilities, finishReason, error, usage, timing);
  }

  /// Counts of tokens.
  ///
  /// @param prompt tokens of the prompt, with the answer prefix if the answer's form is given
  /// @param cached those of them that a prefix cache held
  /// @param completion tokens generated, without the stop token
  public record Usage(int prompt, int cached, int completion) {}

  /// Where the time went.
  ///
  /// @param queueMillis from submission to the first step
  /// @param prefillMillis from there to the first token
  /// @param decodeMillis from there to the end
  public record Timing(double queueMillis, double prefillMillis, double decodeMillis) {}
}
