package org.glmspark.generation;

import java.util.List;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.prompt.ToolDefinition;
import org.glmspark.sampling.SamplingParameters;
import org.jspecify.annotations.Nullable;

/// One prompt to complete.
///
/// @param promptTokens the whole prompt as token ids, prefix and roles included; not copied, so not
///   to be changed
/// @param sampling how to choose tokens and when to stop
/// @param format what form the answer must have; null for any text. The answer prefix of the
///   model's template then counts as the end of the prompt, except before a
///   [AnswerFormat.FunctionCall]
/// @param tools what the prompt offers, so that calls are known as calls
public record GenerationRequest(
    int[] promptTokens,
    SamplingParameters sampling,
    @Nullable AnswerFormat format,
    List<ToolDefinition> tools) {
  /// @throws IllegalArgumentException if the prompt is empty, or there is a format and
  ///   [SamplingParameters#requireWholeAnswers] refuses the parameters
  public GenerationRequest {
    if (promptTokens.length == 0) {
      throw new IllegalArgumentException("the prompt has no tokens");
    }
    if (format != null) {
      sampling.requireWholeAnswers();
    }
    tools = List.copyOf(tools);
  }

  /// A prompt that offers no tools.
  public GenerationRequest(
      int[] promptTokens, SamplingParameters sampling, @Nullable AnswerFormat format) {
    this(promptTokens, sampling, format, List.of());
  }

  /// A prompt whose answer may have any form.
  public GenerationRequest(int[] promptTokens, SamplingParameters sampling) {
    this(promptTokens, sampling, null, List.of());
  }

  /// Whether the answer is a call of a function and nothing else.
  boolean isCall() {
    return format instanceof AnswerFormat.FunctionCall;
  }

  /// The request for the same completion of which nothing is told but the tokens.
  GenerationRequest withoutLogProbabilities() {
    return new GenerationRequest(promptTokens, sampling.withoutLogprobs(), format, tools);
  }

  /// The request with another prompt.
  GenerationRequest withPrompt(int[] tokens) {
    return new GenerationRequest(tokens, sampling, format, tools);
  }

  /// Tokens of prompt and completion together, if no stop token comes first.
  long mostTokens() {
    return (long) promptTokens.length + sampling.maxTokens();
  }
}
