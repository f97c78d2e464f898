package org.glmspark.udfs.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.glmspark.generation.EngineOptions;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.udfs.Generation;
import org.glmspark.udfs.LocalSpark;
import org.glmspark.udfs.ModelHandle;
import org.glmspark.udfs.PromptSource;
import org.glmspark.udfs.ResultColumns;
import org.glmspark.udfs.SampleData;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A batch file on its way through the sample model: every feature, every kind of bad line.
class BatchTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final SamplingParameters SAMPLING = SamplingParameters.greedy(100);
  private static final String TEXT =
      "At 10:05 the mail-relay in Tor went down. It was back at 10:40.\n\n"
          + "Summarize the text above in at most 50 words. Reply with the summary only.";
  private static final String TOOLS =
      """
      "tools": [{"type": "function", "function": {"name": "note", "parameters": {"type": "object",
        "properties": {"hour": {"type": "integer", "minimum": 0, "maximum": 23}},
        "required": ["hour"]}}}, {"type": "function", "function": {"name": "stop"}}]\
      """;

  @TempDir private static Path folder;
  private static ModelHandle model;
  private static final List<String> LINES = new ArrayList<>();
  private static List<String> output = List.of();
  private static Map<String, JsonNode> byId = Map.of();

  @BeforeAll
  static void runTheBatch() throws IOException {
    model =
        ModelHandle.of(
            SampleData.model(),
            EngineOptions.defaults()
                .withThreads(1)
                .withMaxBatch(8)
                .withStepTokens(128)
                .withKvCacheBytes(16 << 20));
    writeLines();
    output = run("batch.jsonl", LINES);
    byId = new LinkedHashMap<>();
    for (String line : output) {
      JsonNode node = JSON.readTree(line);
      if (node.path("custom_id").isTextual()) {
        byId.put(node.path("custom_id").textValue(), node);
      }
    }
  }

  private static void writeLines() {
    ask("summary", "");
    ask("again", ""); // asks the same
    ask("cut", "\"max_tokens\": 3");
    ask("stopped", "\"stop\": [\"mail-relay\"]");
    ask("drawn", "\"temperature\": 0.9, \"seed\": 7, \"top_p\": 0.9, \"max_tokens\": 20");
    ask("logprobs", "\"logprobs\": true, \"top_logprobs\": 2");
    ask("logprobs-alone", "\"logprobs\": true");
    ask(
        "form",
        """
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {
          "type": "object", "properties": {"hour": {"type": "integer", "maximum": 99}},
          "required": ["hour"]}}}\
        """);
    ask("offered", TOOLS + ", \"max_tokens\": 20");
    ask("required", TOOLS + ", \"tool_choice\": \"required\"");
    ask(
        "named",
        TOOLS + ", \"tool_choice\": {\"type\": \"function\", \"function\": {\"name\": \"stop\"}}");
    line(
        "history",
        """
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hour?"},
          {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function",
            "function": {"name": "note", "arguments": "{\\"hour\\": 7}"}}]},
          {"role": "tool", "tool_call_id": "call_1", "content": "done"},
          {"role": "user", "content": [{"type": "text", "text": "Thanks"}]}], "max_tokens": 20,\
        """
            + TOOLS);

    ask("bad-type", "\"temperature\": \"hot\"");
    ask("bad-range", "\"temperature\": 3");
    ask("bad-key", "\"temprature\": 1");
    ask("many", "\"n\": 2");
    ask("no-such-token", "\"logit_bias\": {\"99999\": 5}");
    ask(
        "no-room",
        "\"max_tokens\": 2, \"response_format\": {\"type\": \"choice\", \"choices\": [\"0123456789abcdef\"]}");
    line("image", "\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image_url\"}]}]");
    line(
        "long",
        "\"messages\": [{\"role\": \"user\", \"content\": \"%s\"}]"
            .formatted("all work and no play ".repeat(1000)));
    LINES.add("no json");
    LINES.add("no json");
    LINES.add("{\"method\": \"POST\", \"url\": \"/v1/chat/completions\", \"body\": {}}");
    LINES.add("{\"custom_id\": \"get\", \"method\": \"GET\"}");
    LINES.add("{\"custom_id\": \"url\", \"method\": \"POST\", \"url\": \"/v1/embeddings\"}");
    ask("twice", "");
    ask("twice", "\"max_tokens\": 3");
    ask("line " + "0".repeat(64) + "-1", "\"max_tokens\": 3"); // as lines without an id are named
    LINES.add("   ");
    LINES.add("");
  }

  private static void ask(String id, String options) {
    ArrayNode messages = JsonNodeFactory.instance.arrayNode();
    messages.addObject().put("role", "user").put("content", TEXT);
    line(id, "\"messages\": " + messages + (options.isEmpty() ? "" : "," + options));
  }

  private static void line(String id, String body) {
    LINES.add(
        """
        {"custom_id": "%s", "method": "POST", "url": "/v1/chat/completions", "body": {
          "model": "glm-4", %s}}\
        """
            .formatted(id, body)
            .replace("\n", " "));
  }

  private static Dataset<Row> completed(Path file) {
    Dataset<Row> input = BatchInput.read(LocalSpark.session(), file.toString(), Map.of());
    var generation =
        new Generation(
            model,
            new PromptSource.OpenAiBatch(),
            SAMPLING,
            List.of(BatchInput.ID),
            ResultColumns.plain(),
            2);
    return generation.apply(input);
  }

  private static List<String> run(String name, List<String> lines) throws IOException {
    return run(Files.write(folder.resolve(name), lines));
  }

  private static List<String> run(Path file) {
    return new BatchOutput(model, SAMPLING).lines(completed(file)).collectAsList();
  }

  private static JsonNode body(String id) {
    JsonNode line = byId.get(id);
    assertThat(line.path("error").isNull()).as(id).isTrue();
    assertThat(line.at("/response/status_code").intValue()).as(line.toString()).isEqualTo(200);
    return line.at("/response/body");
  }

  @Test
  void everyLineHasOneAnswer() {
    assertThat(output).hasSize(LINES.size() - 2); // two are blank
    assertThat(output).allSatisfy(line -> assertThat(line).doesNotContain("\n"));
    assertThat(ids("/id")).hasSize(output.size());
    assertThat(ids("/id")).allMatch(id -> id.matches("batch_req_[0-9a-f]{32}"));
  }

  private static Set<String> ids(String place) {
    Set<String> ids = new TreeSet<>();
    for (String line : output) {
      ids.add(parsed(line).at(place).asText());
    }
    return ids;
  }

  private static JsonNode parsed(String line) {
    try {
      return JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw new AssertionError(line, e);
    }
  }

  @Test
  void anAnswerHasEveryFieldOfOpenAis() throws Exception {
    JsonNode line = byId.get("summary");
    assertThat(line.properties().stream().map(Map.Entry::getKey))
        .containsExactly("id", "custom_id", "response", "error");
    JsonNode response = line.path("response");
    assertThat(response.path("request_id").textValue()).matches("[0-9a-f]{64}");
    JsonNode body = body("summary");
    assertThat(body.path("id").textValue()).matches("chatcmpl-[0-9a-f]{32}");
    assertThat(body.path("object").textValue()).isEqualTo("chat.completion");
    assertThat(body.path("created").intValue()).isZero();
    assertThat(body.path("model").textValue()).isEqualTo("glm-4");
    assertThat(body.path("system_fingerprint").textValue())
        .isEqualTo("fp_" + model.digest().substring(0, 32));
    JsonNode usage = body.path("usage");
    assertThat(usage.path("prompt_tokens").intValue()).isPositive();
    assertThat(usage.path("completion_tokens").intValue()).isPositive();
    assertThat(usage.path("total_tokens").intValue())
        .isEqualTo(
            usage.path("prompt_tokens").intValue() + usage.path("completion_tokens").intValue());
    assertThat(usage.at("/prompt_tokens_details/cached_tokens").isIntegralNumber()).isTrue();
    assertThat(body.path("choices")).hasSize(1);
    JsonNode choice = body.at("/choices/0");
    assertThat(choice)
        .isEqualTo(
            JSON.readTree(
                """
                {"index": 0, "message": {"role": "assistant", "content": %s, "refusal": null},
                 "logprobs": null, "finish_reason": "stop"}\
                """
                    .formatted(choice.at("/message/content"))));
    assertThat(choice.at("/message/content").textValue()).contains("mail-relay", "Tor");
  }

  @Test
  void equalRequestsHaveEqualAnswersUnderTheirOwnIds() {
    assertThat(body("again").path("choices")).isEqualTo(body("summary").path("choices"));
    assertThat(body("again").path("id")).isEqualTo(body("summary").path("id"));
    assertThat(byId.get("again").path("id")).isNotEqualTo(byId.get("summary").path("id"));
  }

  @Test
  void limitsStopStringsAndSeedsAreThoseOfTheLine() {
    String whole = body("summary").at("/choices/0/message/content").textValue();
    assertThat(body("cut").at("/choices/0/finish_reason").textValue()).isEqualTo("length");
    assertThat(body("cut").at("/usage/completion_tokens").intValue()).isEqualTo(3);
    assertThat(body("stopped").at("/choices/0/finish_reason").textValue()).isEqualTo("stop");
    assertThat(body("stopped").at("/choices/0/message/content").textValue())
        .isEqualTo(whole.substring(0, whole.indexOf("mail-relay")).strip());
    assertThat(byId.get("drawn").at("/response/request_id"))
        .isNotEqualTo(byId.get("summary").at("/response/request_id"));
  }

  @Test
  void logProbabilitiesTellTheTokensOfTheText() {
    JsonNode body = body("logprobs");
    JsonNode logprobs = body.at("/choices/0/logprobs");
    assertThat(logprobs.path("refusal").isNull()).isTrue();
    JsonNode content = logprobs.path("content");
    assertThat(content).hasSize(body.at("/usage/completion_tokens").intValue());
    var bytes = new ByteArrayOutputStream();
    for (JsonNode token : content) {
      token.path("bytes").forEach(b -> bytes.write(b.intValue()));
      assertThat(token.path("logprob").doubleValue()).isLessThanOrEqualTo(0);
      assertThat(token.path("top_logprobs")).hasSize(2);
      JsonNode most = token.at("/top_logprobs/0"); // greedy: it is the chosen one
      assertThat(most.path("token")).isEqualTo(token.path("token"));
      assertThat(most.path("logprob")).isEqualTo(token.path("logprob"));
      assertThat(most.path("bytes")).isEqualTo(token.path("bytes"));
    }
    assertThat(bytes.toString(StandardCharsets.UTF_8).strip())
        .isEqualTo(body.at("/choices/0/message/content").textValue());
    assertThat(body("logprobs-alone").at("/choices/0/logprobs/content/0/top_logprobs")).isEmpty();
    assertThat(body("logprobs").at("/choices/0/message"))
        .isEqualTo(body("summary").at("/choices/0/message"));
    assertThat( // or one of them would take the answer of another, which tells more or less
            Stream.of("summary", "logprobs", "logprobs-alone")
                .map(id -> byId.get(id).at("/response/request_id")))
        .doesNotHaveDuplicates();
  }

  @Test
  void anAnswerHasTheFormThatItsLineAsksFor() {
    JsonNode answer = parsed(body("form").at("/choices/0/message/content").textValue());

    assertThat(answer).hasSize(1);
    assertThat(answer.path("hour").isIntegralNumber()).isTrue();
    assertThat(answer.path("hour").intValue()).isLessThan(100);
  }

  @Test
  void aRequiredCallIsMade() {
    for (String id : List.of("required", "named")) {
      JsonNode choice = body(id).at("/choices/0");
      assertThat(choice.path("finish_reason").textValue()).isEqualTo("tool_calls");
      assertThat(choice.at("/message/content").isNull()).isTrue();
      assertThat(choice.at("/message/tool_calls")).hasSize(1);
      JsonNode call = choice.at("/message/tool_calls/0");
      assertThat(call.path("id").textValue()).matches("call_[0-9a-f]{32}");
      assertThat(call.path("type").textValue()).isEqualTo("function");
      JsonNode arguments = parsed(call.at("/function/arguments").textValue());
      if (call.at("/function/name").textValue().equals("note")) {
        assertThat(arguments.path("hour").intValue()).isBetween(0, 23);
      } else {
        assertThat(arguments.isObject() && arguments.isEmpty()).isTrue();
      }
    }
    assertThat(body("named").at("/choices/0/message/tool_calls/0/function/name").textValue())
        .isEqualTo("stop");
    assertThat(body("offered").at("/usage/prompt_tokens").intValue())
        .isEqualTo(body("named").at("/usage/prompt_tokens").intValue())
        .isGreaterThan(body("summary").at("/usage/prompt_tokens").intValue());
    assertThat(body("history").at("/choices/0/message/role").textValue()).isEqualTo("assistant");
  }

  @Test
  void aRequestThatCannotBeAnsweredIsRefusedWithAnErrorObject() {
    refused("bad-type", "temperature", "invalid_type", "temperature is \"hot\", expected a number");
    refused("bad-range", "temperature", "invalid_value", "temperature is 3.0, expected 0 to 2");
    refused("bad-key", "temprature", "unknown_parameter", "temprature is unknown");
    refused("many", "n", "unsupported_value", "n is 2, expected 1");
    refused(
        "image",
        "messages[0].content[0].type",
        "unsupported_value",
        "messages[0].content[0].type is \"image_url\"");
    refused("no-such-token", "logit_bias", "unsupported_value", "logit_bias has token 99999");
    refused("no-room", "max_tokens", "invalid_value", "answer too long: the shortest answer");
    refused("long", "messages", "context_length_exceeded", "prompt too long: it has ");
  }

  private static void refused(String id, String param, String code, String message) {
    JsonNode line = byId.get(id);
    assertThat(line.path("error").isNull()).as(id).isTrue();
    assertThat(line.at("/response/status_code").intValue()).isEqualTo(400);
    assertThat(line.at("/response/request_id").textValue()).matches("[0-9a-f]{32,64}");
    assertThat(line.at("/response/body")).hasSize(1);
    JsonNode error = line.at("/response/body/error");
    assertThat(error.properties().stream().map(Map.Entry::getKey))
        .containsExactly("message", "type", "param", "code");
    assertThat(error.path("message").textValue()).startsWith(message);
    assertThat(error.path("type").textValue()).isEqualTo("invalid_request_error");
    assertThat(error.path("param").textValue()).isEqualTo(param);
    assertThat(error.path("code").textValue()).isEqualTo(code);
  }

  @Test
  void aLineThatIsNoRequestHasAnErrorInPlaceOfAResponse() {
    List<String> failed = new ArrayList<>();
    for (String line : output) {
      JsonNode node = parsed(line);
      if (!node.path("error").isNull()) {
        assertThat(node.path("response").isNull()).isTrue();
        assertThat(node.path("error").properties().stream().map(Map.Entry::getKey))
            .containsExactly("code", "message");
        assertThat(node.at("/error/message").textValue()).isNotEmpty();
        failed.add(node.path("custom_id").asText() + " " + node.at("/error/code").asText());
      }
    }
    assertThat(failed)
        .containsExactlyInAnyOrder(
            "null invalid_json_line",
            "null invalid_json_line",
            "null missing_required_parameter",
            "get invalid_method",
            "url url_mismatch",
            "twice duplicate_custom_id",
            "twice duplicate_custom_id");
    assertThat(body("line " + "0".repeat(64) + "-1").path("choices")).hasSize(1);
  }

  @Test
  void aLineOfBytesThatAreNoTextIsNoRequest() throws IOException {
    String latin = LINES.getFirst().replace("summary", "café").replace("mail-relay", "café");
    Path file =
        Files.write(
            folder.resolve("latin.jsonl"),
            (latin + "\n" + latin + "\n").getBytes(StandardCharsets.ISO_8859_1));

    List<String> lines = run(file);

    assertThat(lines).hasSize(2);
    assertThat(lines)
        .extracting(line -> parsed(line).at("/error/code").textValue())
        .containsOnly("invalid_json_line");
    assertThat(lines)
        .extracting(line -> parsed(line).at("/error/message").textValue())
        .allSatisfy(message -> assertThat(message).startsWith("the line is not valid UTF-8: "));
  }

  @Test
  void theOrderOfTheLinesChangesNothing() throws IOException {
    List<String> shuffled = new ArrayList<>(LINES);
    Collections.shuffle(shuffled, new Random(5));

    assertThat(bare(run("shuffled.jsonl", shuffled))).isEqualTo(bare(output));
  }

  /// Sorted, without what depends on who was asked before.
  private static List<String> bare(List<String> lines) {
    return lines.stream()
        .map(line -> {
          JsonNode node = parsed(line);
          if (node.at("/response/body/usage") instanceof ObjectNode usage) {
            usage.remove("prompt_tokens_details");
          }
          return node.toString();
        })
        .sorted()
        .toList();
  }
}
