package org.glmspark.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SamplingParametersTest {

  private static Arguments refusal(Consumer<SamplingParameters.Builder> option, String sentence) {
    return Arguments.of(option, sentence);
  }

  private static List<Arguments> refusals() {
    return List.of(
        refusal(b -> b.maxTokens(0), "max_tokens is 0, expected at least 1"),
        refusal(b -> b.minTokens(-1), "min_tokens is -1, expected 0 to max_tokens, 16"),
        refusal(b -> b.minTokens(17), "min_tokens is 17, expected 0 to max_tokens, 16"),
        refusal(b -> b.temperature(2.5), "temperature is 2.5, expected 0 to 2"),
        refusal(b -> b.temperature(Double.NaN), "temperature is NaN, expected 0 to 2"),
        refusal(b -> b.topK(-2), "top_k is -2, expected 0 (all tokens), or at least 1"),
        refusal(b -> b.topP(0), "top_p is 0.0, expected a number above 0 and at most 1"),
        refusal(b -> b.minP(1.5), "min_p is 1.5, expected 0 to 1"),
        refusal(
            b -> b.repetitionPenalty(0), "repetition_penalty is 0.0, expected a number above 0"),
        refusal(
            b -> b.repetitionPenalty(Double.POSITIVE_INFINITY),
            "repetition_penalty is Infinity, expected a number above 0"),
        refusal(b -> b.presencePenalty(-3), "presence_penalty is -3.0, expected -2 to 2"),
        refusal(b -> b.frequencyPenalty(2.1), "frequency_penalty is 2.1, expected -2 to 2"),
        refusal(
            b -> b.logitBias(Map.of(7, 101.0)),
            "logit_bias of token 7 is 101.0, expected -100 to 100"),
        refusal(b -> b.stop("a", ""), "stop has an empty text, expected none"),
        refusal(b -> b.badWords(" "), "bad_words has a text without words, expected none"),
        refusal(
            b -> b.allowedTokenIds(List.of()),
            "allowed_token_ids is empty, expected at least one id"),
        refusal(b -> b.logprobs(21), "logprobs is 21, expected 0 to 20"));
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("refusals")
  void refusesValuesOutOfRangeWithTheRange(
      Consumer<SamplingParameters.Builder> option, String sentence) {
    SamplingParameters.Builder builder = SamplingParameters.builder();
    option.accept(builder);
    assertThatThrownBy(builder::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(sentence);
  }

  @Test
  void refusesTokensThatAModelDoesNotHave() {
    SamplingParameters.Builder builder = SamplingParameters.builder();
    SamplingParameters stop = builder.stopTokenIds(List.of(3, 9)).build();
    assertThatCode(() -> stop.requireIdsBelow(10)).doesNotThrowAnyException();
    assertThatThrownBy(() -> stop.requireIdsBelow(9))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("stop_token_ids has token 9, the model has ids 0 to 8");
    assertThatThrownBy(() -> builder.logitBias(Map.of(-1, 1.0)).build().requireIdsBelow(10))
        .hasMessage("logit_bias has token -1, the model has ids 0 to 9");
    assertThatThrownBy(() -> builder.allowedTokenIds(List.of(10)).build().requireIdsBelow(10))
        .hasMessage("allowed_token_ids has token 10, the model has ids 0 to 9");
  }

  @Test
  void aCopyHasEveryOption() {
    SamplingParameters all =
        SamplingParameters.builder()
            .logprobs(1)
            .allowedTokenIds(List.of(1, 2))
            .badWords("bad")
            .minTokens(3)
            .logitBias(Map.of(1, 2.0))
            .repetitionPenalty(1.1)
            .frequencyPenalty(0.2)
            .presencePenalty(0.3)
            .temperature(0.4)
            .minP(0.5)
            .topK(6)
            .topP(0.7)
            .seed(8)
            .stopTokenIds(List.of(9))
            .ignoreEos()
            .stop("stop")
            .maxTokens(10)
            .build();
    assertThat(all.toBuilder().build()).isEqualTo(all);
    assertThat(all).hasNoNullFieldsOrProperties();
  }

  @Test
  void minusOneIsNoTopKEither() {
    assertThat(SamplingParameters.builder().topK(-1).build())
        .isEqualTo(SamplingParameters.builder().topK(0).build());
  }

  @Test
  void presetsAreSettingsThatTheRangesAllow() {
    for (SamplingPreset preset : SamplingPreset.values()) {
      assertThat(preset.parameters(7).seed()).isEqualTo(7);
    }
    assertThat(SamplingPreset.GREEDY.parameters(0)).isEqualTo(SamplingParameters.greedy(256));
    assertThat(SamplingPreset.CLI_0414.parameters(0))
        .isEqualTo(
            SamplingParameters.builder()
                .maxTokens(8192)
                .temperature(0.6)
                .topP(0.8)
                .repetitionPenalty(1.2)
                .build());
  }
}
