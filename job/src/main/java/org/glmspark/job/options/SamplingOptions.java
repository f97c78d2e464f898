package org.glmspark.job.options;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.sampling.SamplingPreset;
import org.jspecify.annotations.Nullable;

/// How tokens are chosen, under the names that vLLM uses; see [SamplingParameters] for what each
/// does. A null leaves what the preset says.
///
/// @param preset settings of the models' own programs; greedy unless asked for
/// @param maxTokens most tokens of a completion
/// @param minTokens least tokens of a completion, limits aside
/// @param temperature 0 for always the most probable token, else what the logits are divided by
/// @param topK how many of the most probable tokens can be drawn
/// @param topP only the most probable tokens that reach this probability together can be drawn
/// @param minP share of the largest probability that a token needs to be drawn
/// @param repetitionPenalty what the logits of tokens that are there already are divided by
/// @param presencePenalty subtracted from the logits of tokens that the completion has
/// @param frequencyPenalty subtracted from them as often as the completion has them
/// @param logitBias added to the logits of tokens, by id
/// @param allowedTokenIds the only tokens that can be chosen, or null for all
/// @param badWords texts that are not to be written
/// @param stop texts that end a completion
/// @param stopTokenIds tokens that end a completion, besides the model's own
/// @param ignoreEos whether the model's own stop tokens end nothing
/// @param seed chooses the random numbers
/// @param logprobs how many of the most probable tokens to tell with each token, or null to tell
///   nothing
public record SamplingOptions(
    @Key(
            value = "what holds where the keys below say nothing; 256 tokens at most, or more",
            defaultValue = "greedy")
        SamplingPreset preset,
    @Key(name = "max_tokens", value = "most tokens of a completion", defaultValue = "null")
        @Nullable Integer maxTokens,
    @Key(
            name = "min_tokens",
            value = "tokens before which a completion does not stop",
            defaultValue = "null")
        @Nullable Integer minTokens,
    @Key(value = "0 to 2; 0 takes the most probable token always", defaultValue = "null")
        @Nullable Double temperature,
    @Key(
            name = "top_k",
            value = "draw only from so many of the most probable tokens; 0 for all",
            defaultValue = "null")
        @Nullable Integer topK,
    @Key(
            name = "top_p",
            value = "draw only from the most probable tokens that reach this sum",
            defaultValue = "null")
        @Nullable Double topP,
    @Key(
            name = "min_p",
            value = "draw no token less probable than this share of the most probable one; 0 to 1",
            defaultValue = "null")
        @Nullable Double minP,
    @Key(
            name = "repetition_penalty",
            value = "above 1 to make tokens of prompt and completion less probable",
            defaultValue = "null")
        @Nullable Double repetitionPenalty,
    @Key(
            name = "presence_penalty",
            value = "-2 to 2; above 0 to make tokens that the completion has less probable",
            defaultValue = "null")
        @Nullable Double presencePenalty,
    @Key(
            name = "frequency_penalty",
            value = "as presence_penalty, for each time that the completion has the token",
            defaultValue = "null")
        @Nullable Double frequencyPenalty,
    @Key(
            name = "logit_bias",
            value = "-100 to 100, added to the logits of tokens: {\"198\": -5}",
            defaultValue = "{}")
        Map<Integer, Double> logitBias,
    @Key(
            name = "allowed_token_ids",
            value = "the only tokens that can be chosen",
            defaultValue = "null")
        @Nullable List<Integer> allowedTokenIds,
    @Key(
            name = "bad_words",
            value = "texts that are not to be written",
            defaultValue = "[]",
            text = Key.Text.ONE_OR_MORE)
        List<String> badWords,
    @Key(
            value = "one text or several that end a completion, which does not include them",
            defaultValue = "[]",
            text = Key.Text.ONE_OR_MORE)
        List<String> stop,
    @Key(
            name = "stop_token_ids",
            value = "tokens that end a completion, besides the model's own",
            defaultValue = "[]")
        List<Integer> stopTokenIds,
    @Key(
            name = "ignore_eos",
            value = "true to go on where the model itself would end",
            defaultValue = "false")
        boolean ignoreEos,
    @Key(value = "chooses the random numbers; equal seeds, equal output", defaultValue = "0")
        long seed,
    @Key(
            value =
                "0 to 20; adds a column logprobs, with so many of the most probable tokens for each one",
            defaultValue = "null")
        @Nullable Integer logprobs) {

  /// Not the compact form, because all values together are checked.
  public SamplingOptions(
      SamplingPreset preset,
      @Nullable Integer maxTokens,
      @Nullable Integer minTokens,
      @Nullable Double temperature,
      @Nullable Integer topK,
      @Nullable Double topP,
      @Nullable Double minP,
      @Nullable Double repetitionPenalty,
      @Nullable Double presencePenalty,
      @Nullable Double frequencyPenalty,
      Map<Integer, Double> logitBias,
      @Nullable List<Integer> allowedTokenIds,
      List<String> badWords,
      List<String> stop,
      List<Integer> stopTokenIds,
      boolean ignoreEos,
      long seed,
      @Nullable Integer logprobs) {
    this.preset = preset;
    this.maxTokens = maxTokens;
    this.minTokens = minTokens;
    this.temperature = temperature;
    this.topK = topK;
    this.topP = topP;
    this.minP = minP;
    this.repetitionPenalty = repetitionPenalty;
    this.presencePenalty = presencePenalty;
    this.frequencyPenalty = frequencyPenalty;
    this.logitBias = Map.copyOf(logitBias);
    this.allowedTokenIds = allowedTokenIds == null ? null : List.copyOf(allowedTokenIds);
    this.badWords = List.copyOf(badWords);
    this.stop = List.copyOf(stop);
    this.stopTokenIds = List.copyOf(stopTokenIds);
    this.ignoreEos = ignoreEos;
    this.seed = seed;
    this.logprobs = logprobs;
    var _ = parameters(); // checks the ranges
  }

  /// The same for the engine.
  public SamplingParameters parameters() {
    SamplingParameters.Builder builder = preset.parameters(seed).toBuilder();
    ifGiven(maxTokens, builder::maxTokens);
    ifGiven(minTokens, builder::minTokens);
    ifGiven(temperature, builder::temperature);
    ifGiven(topK, builder::topK);
    ifGiven(topP, builder::topP);
    ifGiven(minP, builder::minP);
    ifGiven(repetitionPenalty, builder::repetitionPenalty);
    ifGiven(presencePenalty, builder::presencePenalty);
    ifGiven(frequencyPenalty, builder::frequencyPenalty);
    ifGiven(allowedTokenIds, builder::allowedTokenIds);
    ifGiven(logprobs, builder::logprobs);
    if (ignoreEos) {
      builder.ignoreEos();
    }
    return builder
        .logitBias(logitBias)
        .badWords(badWords)
        .stop(stop)
        .stopTokenIds(stopTokenIds)
        .build();
  }

  private static <T> void ifGiven(@Nullable T value, Consumer<T> option) {
    if (value != null) {
      option.accept(value);
    }
  }
}
