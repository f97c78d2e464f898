package org.glmspark.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.glmspark.generation.UntrainedModel.PROMPT;
import static org.glmspark.generation.UntrainedModel.sampling;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.prompt.ToolCall;
import org.glmspark.prompt.ToolDefinition;
import org.glmspark.sampling.SamplingParameters;
import org.junit.jupiter.api.Test;

/// Functions that are offered, and answers that must call one.
class FunctionCallTest {
  private static ToolDefinition tool(String name, String parameters) {
    return ToolDefinition.parse(
        "{\"name\": \"%s\", \"parameters\": %s}".formatted(name, parameters));
  }

  @Test
  void aForcedCallIsOneOfAFunctionThatWasOfferedWithArgumentsOfItsSchema() throws Exception {
    String weather =
        """
        {"type":"object","properties":{"city":{"type":"string","maxLength":9},\
        "days":{"type":"integer","minimum":1,"maximum":14}},"required":["city"]}\
        """;
    String time = "{\"type\":\"object\",\"additionalProperties\":false}";
    List<ToolDefinition> tools =
        List.of(tool("get_weather", weather), tool("get_time", time), tool("other", time));
    var call =
        new AnswerFormat.FunctionCall(
            List.of(
                new AnswerFormat.FunctionCall.Function("get_weather", weather),
                new AnswerFormat.FunctionCall.Function("get_time", time)));
    List<GenerationResult> results;
    try (GenerationEngine engine = UntrainedModel.GLM4.open()) {
      List<CompletableFuture<GenerationResult>> together =
          IntStream.range(0, 40)
              .mapToObj(seed -> new GenerationRequest(PROMPT, sampling(seed, 90), call, tools))
              .map(engine::submit)
              .toList();
      results = together.stream().map(CompletableFuture::join).toList();
    }

    List<String> called = new ArrayList<>();
    for (GenerationResult result : results) {
      assertThat(result.finishReason()).isEqualTo(FinishReason.STOP);
      assertThat(result.text()).isEmpty();
      assertThat(result.usage().prompt()).isEqualTo(PROMPT.length); // no answer prefix
      assertThat(result.toolCalls()).hasSize(1);
      ToolCall one = result.toolCalls().getFirst();
      called.add(one.name());
      String schema = one.name().equals("get_weather") ? weather : time;
      StrictSchema.requireValid(one.arguments(), schema, one.arguments());
    }
    assertThat(called).contains("get_weather", "get_time").doesNotContain("other");
  }

  @Test
  void theRequestIdTellsWhichToolsAreOffered() {
    SamplingParameters greedy = SamplingParameters.greedy(9);
    List<List<ToolDefinition>> offers =
        List.of(
            List.of(),
            List.of(tool("python", "{}")),
            List.of(ToolDefinition.parse("{\"type\": \"python\"}")),
            List.of(tool("a", "{}"), tool("b", "{}")),
            List.of(tool("ab", "{}")));

    try (GenerationEngine engine = UntrainedModel.GLM4.open()) {
      assertThat(
              offers.stream()
                  .map(tools -> new GenerationRequest(PROMPT, greedy, null, tools))
                  .map(engine::requestId))
          .doesNotHaveDuplicates()
          .first()
          .isEqualTo(engine.requestId(new GenerationRequest(PROMPT, greedy)));
    }
  }

  @Test
  void refusesFunctionsThatNoCallCouldName() {
    String schema = "{\"type\": \"object\"}";
    var function = new AnswerFormat.FunctionCall.Function("f", schema);
    assertThatThrownBy(() -> new AnswerFormat.FunctionCall(List.of()))
        .hasMessageContaining("functions are empty");
    assertThatThrownBy(() -> new AnswerFormat.FunctionCall(List.of(function, function)))
        .hasMessageContaining("'f' twice");
    assertThatThrownBy(() -> new AnswerFormat.FunctionCall.Function(" f", schema))
        .hasMessageContaining("one line without white space");
    assertThatThrownBy(() -> new AnswerFormat.FunctionCall.Function("f", "{\"type\": \"string\"}"))
        .hasMessageContaining("expected a schema of type object");
  }
}
