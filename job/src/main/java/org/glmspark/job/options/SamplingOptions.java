package org.glmspark.job.options;

import org.glmspark.sampling.SamplingParameters;
import org.glmspark.sampling.SamplingPreset;
import org.jspecify.annotations.Nullable;

/// How tokens are chosen, under the names that OpenAI's API and vLLM use. A null leaves what the
/// preset says.
///
/// @param preset settings of the models' own programs; greedy unless asked for
/// @param maxTokens most tokens of a completion
/// @param temperature 0 for always the most probable token, else what the logits are divided by
/// @param topP only the most probable tokens that reach this probability together can be drawn
/// @param repetitionPenalty what the logits of tokens that are there already are divided by
/// @param seed chooses the random numbers
public record SamplingOptions(
    @Key(
            value = "what holds where the keys below say nothing; 256 tokens at most, or more",
            defaultValue = "greedy")
        SamplingPreset preset,
    @Key(name = "max_tokens", value = "most tokens of a completion", defaultValue = "null")
        @Nullable Integer maxTokens,
    @Key(value = "0 to 2; 0 takes the most probable token always", defaultValue = "null")
        @Nullable Double temperature,
    @Key(
            name = "top_p",
            value = "draw only from the most probable tokens that reach this sum",
            defaultValue = "null")
        @Nullable Double topP,
    @Key(
            name = "repetition_penalty",
            value = "above 1 to make tokens that are there already less probable",
            defaultValue = "null")
        @Nullable Double repetitionPenalty,
    @Key(value = "chooses the random numbers; equal seeds, equal output", defaultValue = "0")
        long seed) {

  public SamplingOptions {
    // checks the ranges
    var _ = parameters(preset, maxTokens, temperature, topP, repetitionPenalty, seed);
  }

  /// The same for the engine.
  public SamplingParameters parameters() {
    return parameters(preset, maxTokens, temperature, topP, repetitionPenalty, seed);
  }

  private static SamplingParameters parameters(
      SamplingPreset preset,
      @Nullable Integer maxTokens,
      @Nullable Double temperature,
      @Nullable Double topP,
      @Nullable Double repetitionPenalty,
      long seed) {
    SamplingParameters base = preset.parameters(seed);
    return new SamplingParameters(
        maxTokens == null ? base.maxTokens() : maxTokens,
        temperature == null ? base.temperature() : temperature,
        topP == null ? base.topP() : topP,
        repetitionPenalty == null ? base.repetitionPenalty() : repetitionPenalty,
        seed);
  }
}
