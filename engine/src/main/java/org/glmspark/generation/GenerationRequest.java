package org.glmspark.generation;

import org.glmspark.grammar.AnswerFormat;
import org.glmspark.sampling.SamplingParameters;
import org.jspecify.annotations.Nullable;

/// One prompt to complete.
///
/// @param promptTokens the whole prompt as token ids, prefix and roles included; not copied, so not
///   to be changed
/// @param sampling how to choose tokens and when to stop
/// @param format what form the answer must have; null for any text. The answer prefix of the
///   model's template then counts as the end of the prompt
public record GenerationRequest(
    int[] promptTokens, SamplingParameters sampling, @Nullable AnswerFormat format) {
  /// @throws IllegalArgumentException if the prompt is empty, or there is a format and
  ///   [SamplingParameters#requireWholeAnswers] refuses the parameters
  public GenerationRequest {
    if (promptTokens.length == 0) {
      throw new IllegalArgumentException("the prompt has no tokens");
    }
    if (format != null) {
      sampling.requireWholeAnswers();
    }
  }

  /// A prompt whose answer may have any form.
  public GenerationRequest(int[] promptTokens, SamplingParameters sampling) {
    this(promptTokens, sampling, null);
  }

  /// Tokens of prompt and completion together, if no stop token comes first.
  long mostTokens() {
    return (long) promptTokens.length + sampling.maxTokens();
  }
}
