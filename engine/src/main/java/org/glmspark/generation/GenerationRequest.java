package org.glmspark.generation;

import org.glmspark.sampling.SamplingParameters;

/// One prompt to complete.
///
/// @param promptTokens the whole prompt as token ids, prefix and roles included; not copied, so not
///   to be changed
/// @param sampling how to choose tokens and when to stop
public record GenerationRequest(int[] promptTokens, SamplingParameters sampling) {
  public GenerationRequest {
    if (promptTokens.length == 0) {
      throw new IllegalArgumentException("the prompt has no tokens");
    }
  }

  /// Tokens of prompt and completion together, if no stop token comes first.
  long mostTokens() {
    return (long) promptTokens.length + sampling.maxTokens();
  }
}
