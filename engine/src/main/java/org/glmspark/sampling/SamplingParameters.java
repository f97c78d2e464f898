package org.glmspark.sampling;

import java.io.Serializable;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// How the next token is chosen and when to stop, under the names and with the ranges of vLLM's
/// `SamplingParams`. Decoding is greedy unless a temperature is given.
///
/// ```java
/// SamplingParameters.greedy(100);
/// SamplingParameters.builder().maxTokens(400).temperature(0.8).topK(50).stop("\n\n").build();
/// ```
///
/// In the order in which they are applied:
///
/// @param logprobs how many of the most probable tokens to tell with each token of the completion,
///   0 to 20, besides that token's own log-probability; null to tell none. All are those of the
///   logits as the model gave them
/// @param allowedTokenIds the only tokens that can be chosen; null for all
/// @param badWords texts that are not to be written: the last token of one cannot follow the others
/// @param minTokens stop tokens cannot be chosen, and stop strings are not looked for, before the
///   completion has so many tokens; at most `maxTokens`
/// @param logitBias added to the logits of these tokens, -100 to 100
/// @param repetitionPenalty what the logit of a token that prompt or completion has already is
///   divided by if it is positive, and multiplied by if not; 1 leaves it; above 0
/// @param frequencyPenalty subtracted from the logit of a token for each time that the completion
///   has it; -2 to 2
/// @param presencePenalty subtracted from the logit of a token that the completion has; -2 to 2
/// @param temperature 0 is greedy: always the token with the largest logit, whatever `minP`, `topK`
///   and `topP` say; otherwise logits are divided by it; at most 2
/// @param minP tokens less probable than this share of the most probable one cannot be drawn; 0 to
///   1
/// @param topK only so many of the most probable tokens can be drawn; 0, or -1, for all
/// @param topP of those that are left, only the most probable ones whose probabilities reach this
///   sum can be drawn; above 0, at most 1
/// @param seed chooses the random stream, together with the request id
/// @param stopTokenIds tokens that end the completion, besides the model's own
/// @param ignoreEos whether the model's own stop tokens are tokens like others. An answer whose
///   form is given then goes on for as long as its form and `maxTokens` let it
/// @param stop texts that end the completion, which is then what stands before them. One that lies
///   in the white space before the first word does not: that is no part of a completion
/// @param maxTokens most tokens to generate, at least 1
public record SamplingParameters(
    @Nullable Integer logprobs,
    @Nullable Set<Integer> allowedTokenIds,
    Set<String> badWords,
    int minTokens,
    Map<Integer, Double> logitBias,
    double repetitionPenalty,
    double frequencyPenalty,
    double presencePenalty,
    double temperature,
    double minP,
    int topK,
    double topP,
    long seed,
    Set<Integer> stopTokenIds,
    boolean ignoreEos,
    Set<String> stop,
    int maxTokens)
    implements Serializable {

  /// vLLM's own default limit.
  private static final int MOST_LOGPROBS = 20;

  /// Checks the ranges; [#builder] is the way to make some. Sets and maps come out in ascending
  /// order, so that whatever is made of them is the same in every JVM.
  public SamplingParameters {
    if (maxTokens < 1) {
      throw refused("max_tokens", maxTokens, "at least 1");
    }
    if (minTokens < 0 || minTokens > maxTokens) {
      throw refused("min_tokens", minTokens, "0 to max_tokens, " + maxTokens);
    }
    if (logprobs != null && (logprobs < 0 || logprobs > MOST_LOGPROBS)) {
      throw refused("logprobs", logprobs, "0 to " + MOST_LOGPROBS);
    }
    if (!(repetitionPenalty > 0 && repetitionPenalty <= Double.MAX_VALUE)) {
      throw refused("repetition_penalty", repetitionPenalty, "a number above 0");
    }
    requireWithin("frequency_penalty", frequencyPenalty, -2, 2);
    requireWithin("presence_penalty", presencePenalty, -2, 2);
    requireWithin("temperature", temperature, 0, 2);
    requireWithin("min_p", minP, 0, 1);
    if (topK < -1) {
      throw refused("top_k", topK, "0 (all tokens), or at least 1");
    }
    if (!(topP > 0 && topP <= 1)) {
      throw refused("top_p", topP, "a number above 0 and at most 1");
    }
    if (stop.contains("")) {
      throw new IllegalArgumentException("stop has an empty text, expected none");
    }
    if (badWords.stream().anyMatch(String::isBlank)) {
      throw new IllegalArgumentException("bad_words has a text without words, expected none");
    }
    if (allowedTokenIds != null && allowedTokenIds.isEmpty()) {
      throw new IllegalArgumentException("allowed_token_ids is empty, expected at least one id");
    }
    logitBias.forEach((id, bias) -> requireWithin("logit_bias of token " + id, bias, -100, 100));
    topK = Math.max(topK, 0);
    allowedTokenIds = allowedTokenIds == null ? null : ascending(allowedTokenIds);
    badWords = ascending(badWords);
    logitBias = Collections.unmodifiableSortedMap(new TreeMap<>(logitBias));
    stopTokenIds = ascending(stopTokenIds);
    stop = ascending(stop);
  }

  private static <T extends Comparable<T>> Set<T> ascending(Set<T> values) {
    return Collections.unmodifiableSortedSet(new TreeSet<>(values));
  }

  private static void requireWithin(String name, double value, int least, int most) {
    if (!(value >= least && value <= most)) {
      throw refused(name, value, "%d to %d".formatted(least, most));
    }
  }

  private static IllegalArgumentException refused(String name, Object value, String expected) {
    return new IllegalArgumentException("%s is %s, expected %s".formatted(name, value, expected));
  }

  /// Refuses ids of tokens that a model does not have.
  ///
  /// @param size of the model's vocabulary
  /// @throws IllegalArgumentException for the first option that names one
  public void requireIdsBelow(int size) {
    requireIds("allowed_token_ids", allowedTokenIds == null ? Set.of() : allowedTokenIds, size);
    requireIds("logit_bias", logitBias.keySet(), size);
    requireIds("stop_token_ids", stopTokenIds, size);
  }

  /// Refuses what would cut an answer whose form is given, or leave it no token to go on with:
  /// `stop`, `stop_token_ids`, `min_tokens`, `bad_words`, `allowed_token_ids`. All else goes with
  /// any form: the tokens that the form forbids cannot be chosen whatever their logits are.
  ///
  /// @throws IllegalArgumentException for the first of them that is set
  public void requireWholeAnswers() {
    refuseIf(!stop.isEmpty(), "stop");
    refuseIf(!stopTokenIds.isEmpty(), "stop_token_ids");
    refuseIf(minTokens > 0, "min_tokens");
    refuseIf(!badWords.isEmpty(), "bad_words");
    refuseIf(allowedTokenIds != null, "allowed_token_ids");
  }

  private static void refuseIf(boolean set, String name) {
    if (set) {
      throw new IllegalArgumentException(
          name + " is set, expected none with a response format: it could break the answer off");
    }
  }

  private static void requireIds(String name, Set<Integer> ids, int size) {
    for (int id : ids) {
      if (id < 0 || id >= size) {
        throw new IllegalArgumentException(
            "%s has token %d, the model has ids 0 to %d".formatted(name, id, size - 1));
      }
    }
  }

  /// Always the most probable token.
  public static SamplingParameters greedy(int maxTokens) {
    return builder().maxTokens(maxTokens).build();
  }

  /// Greedy decoding of up to 16 tokens, which is vLLM's default, until something else is said.
  public static Builder builder() {
    return new Builder();
  }

  /// The same, with nothing told but the tokens.
  public SamplingParameters withoutLogprobs() {
    Builder builder = toBuilder();
    builder.logprobs = null;
    return builder.build();
  }

  /// These parameters, to change some of them.
  public Builder toBuilder() {
    Builder builder = new Builder();
    builder.logprobs = logprobs;
    builder.allowedTokenIds = allowedTokenIds;
    builder.badWords = badWords;
    builder.minTokens = minTokens;
    builder.logitBias = logitBias;
    builder.repetitionPenalty = repetitionPenalty;
    builder.frequencyPenalty = frequencyPenalty;
    builder.presencePenalty = presencePenalty;
    builder.temperature = temperature;
    builder.minP = minP;
    builder.topK = topK;
    builder.topP = topP;
    builder.seed = seed;
    builder.stopTokenIds = stopTokenIds;
    builder.ignoreEos = ignoreEos;
    builder.stop = stop;
    builder.maxTokens = maxTokens;
    return builder;
  }

  /// Parameters in the making; each method is the option of its name. Ranges are checked by
  /// [#build], so the order of calls does not matter.
  public static final class Builder {
    private @Nullable Integer logprobs;
    private @Nullable Set<Integer> allowedTokenIds;
    private Set<String> badWords = Set.of();
    private int minTokens;
    private Map<Integer, Double> logitBias = Map.of();
    private double repetitionPenalty = 1;
    private double frequencyPenalty;
    private double presencePenalty;
    private double temperature;
    private double minP;
    private int topK;
    private double topP = 1;
    private long seed;
    private Set<Integer> stopTokenIds = Set.of();
    private boolean ignoreEos;
    private Set<String> stop = Set.of();
    private int maxTokens = 16;

    private Builder() {}

    public Builder logprobs(int logprobs) {
      this.logprobs = logprobs;
      return this;
    }

    public Builder withoutLogprobs() {
      this.logprobs = null;
      return this;
    }

    public Builder allowedTokenIds(Collection<Integer> ids) {
      this.allowedTokenIds = Set.copyOf(ids);
      return this;
    }

    public Builder badWords(String... texts) {
      return badWords(List.of(texts));
    }

    public Builder badWords(Collection<String> texts) {
      this.badWords = Set.copyOf(texts);
      return this;
    }

    public Builder minTokens(int minTokens) {
      this.minTokens = minTokens;
      return this;
    }

    public Builder logitBias(Map<Integer, Double> logitBias) {
      this.logitBias = Map.copyOf(logitBias);
      return this;
    }

    public Builder repetitionPenalty(double repetitionPenalty) {
      this.repetitionPenalty = repetitionPenalty;
      return this;
    }

    public Builder frequencyPenalty(double frequencyPenalty) {
      this.frequencyPenalty = frequencyPenalty;
      return this;
    }

    public Builder presencePenalty(double presencePenalty) {
      this.presencePenalty = presencePenalty;
      return this;
    }

    public Builder temperature(double temperature) {
      this.temperature = temperature;
      return this;
    }

    public Builder minP(double minP) {
      this.minP = minP;
      return this;
    }

    public Builder topK(int topK) {
      this.topK = topK;
      return this;
    }

    public Builder topP(double topP) {
      this.topP = topP;
      return this;
    }

    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    public Builder stopTokenIds(Collection<Integer> ids) {
      this.stopTokenIds = Set.copyOf(ids);
      return this;
    }

    /// Goes on where the model would stop.
    public Builder ignoreEos() {
      this.ignoreEos = true;
      return this;
    }

    /// Ends where the model stops, as by default.
    public Builder stopAtEos() {
      this.ignoreEos = false;
      return this;
    }

    public Builder stop(String... texts) {
      return stop(List.of(texts));
    }

    public Builder stop(Collection<String> texts) {
      this.stop = Set.copyOf(texts);
      return this;
    }

    public Builder maxTokens(int maxTokens) {
      this.maxTokens = maxTokens;
      return this;
    }

    /// The parameters.
    ///
    /// @throws IllegalArgumentException if a value is out of its range; the message says the range
    public SamplingParameters build() {
      return new SamplingParameters(
          logprobs,
          allowedTokenIds,
          badWords,
          minTokens,
          logitBias,
          repetitionPenalty,
          frequencyPenalty,
          presencePenalty,
          temperature,
          minP,
          topK,
          topP,
          seed,
          stopTokenIds,
          ignoreEos,
          stop,
          maxTokens);
    }
  }
}
