package org.glmspark.job.options;

import org.glmspark.sampling.SamplingParameters;

/// How tokens are chosen, under the names that OpenAI's API and vLLM use.
///
/// @param maxTokens most tokens of a completion
/// @param temperature 0 for always the most probable token, else what the logits are divided by
/// @param topP only the most probable tokens that reach this probability together can be drawn
/// @param seed chooses the random numbers
public record SamplingOptions(
    @Key(name = "max_tokens", value = "most tokens of a completion", defaultValue = "256")
        int maxTokens,
    @Key(value = "0 to 2; 0 takes the most probable token always", defaultValue = "0")
        double temperature,
    @Key(
            name = "top_p",
            value = "draw only from the most probable tokens that reach this sum",
            defaultValue = "1")
        double topP,
    @Key(value = "chooses the random numbers; equal seeds, equal output", defaultValue = "0")
        long seed) {

  public SamplingOptions {
    var _ = new SamplingParameters(maxTokens, temperature, topP, seed); // checks the ranges
  }

  /// The same for the engine.
  public SamplingParameters parameters() {
    return new SamplingParameters(maxTokens, temperature, topP, seed);
  }
}
