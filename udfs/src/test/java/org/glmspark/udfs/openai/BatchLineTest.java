package org.glmspark.udfs.openai;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.prompt.ChatMessage;
import org.glmspark.sampling.SamplingParameters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BatchLineTest {
  private static final SamplingParameters DEFAULTS =
      SamplingParameters.builder().maxTokens(60).topK(5).seed(1).build();

  private static final String TOOLS =
      """
      "tools": [{"type": "function", "function": {"name": "weather", "strict": true, "parameters":
          {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}},
        {"type": "function", "function": {"name": "time"}}]\
      """;

  private static BatchLine line(String body) {
    return BatchLine.read(
        """
        {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {
          "model": "glm", "messages": [{"role": "user", "content": "Hi"}] %s}}\
        """
            .formatted(body.isEmpty() ? "" : ", " + body),
        1,
        DEFAULTS);
  }

  private static ChatRequest request(String body) {
    return ((BatchLine.Asked) line(body)).request();
  }

  @Test
  void whatABodyDoesNotSayIsAsTheJobSays() {
    var asked = (BatchLine.Asked) line("");

    assertThat(asked.customId()).isEqualTo("a");
    assertThat(asked.model()).isEqualTo("glm");
    assertThat(asked.request())
        .isEqualTo(new ChatRequest(List.of(ChatMessage.user("Hi")), DEFAULTS, null));
  }

  @Test
  void aLineTakesBackWhatTheJobSays() {
    SamplingParameters job = SamplingParameters.greedy(5).toBuilder().ignoreEos().build();
    String line =
        "{\"custom_id\": \"a\", \"method\": \"POST\", \"url\": \"/v1/chat/completions\", \"body\":"
            + " {\"model\": \"m\", \"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}],"
            + " \"ignore_eos\": false}}";

    var asked = (BatchLine.Asked) BatchLine.read(line, 1, job);

    assertThat(asked.request().sampling().ignoreEos()).isFalse();
  }

  @Test
  void everySamplingParameterIsTaken() {
    SamplingParameters sampling =
        request(
                """
                "max_completion_tokens": 9, "max_tokens": 9, "min_tokens": 2, "temperature": 0.5,
                "top_p": 0.25, "top_k": 7, "min_p": 0.1, "presence_penalty": -1,
                "frequency_penalty": 1.5, "repetition_penalty": 1.25, "logit_bias": {"7": -100},
                "stop": ["x", "y"], "stop_token_ids": [3], "ignore_eos": true, "bad_words": ["bad"],
                "allowed_token_ids": [7, 8], "seed": -5, "logprobs": true, "top_logprobs": 2\
                """)
            .sampling();

    assertThat(sampling)
        .isEqualTo(
            new SamplingParameters(
                2,
                Set.of(7, 8),
                Set.of("bad"),
                2,
                Map.of(7, -100.0),
                1.25,
                1.5,
                -1,
                0.5,
                0.1,
                7,
                0.25,
                -5,
                Set.of(3),
                true,
                Set.of("x", "y"),
                9));
  }

  @Test
  void nullsAndWhatIsDoneAnywayChangeNothing() {
    assertThat(
            request(
                """
                "n": 1, "stream": false, "store": false, "modalities": ["text"], "user": "u",
                "metadata": {"a": "b"}, "service_tier": "auto", "safety_identifier": "s",
                "prompt_cache_key": "k", "parallel_tool_calls": false, "temperature": null,
                "stop": null, "tools": null, "tool_choice": "none", "stream_options": null,
                "reasoning_effort": null, "response_format": {"type": "text"}, "logprobs": false,
                "top_logprobs": null\
                """))
        .isEqualTo(request(""));
    assertThat(request("\"stop\": \"x\"").sampling().stop()).containsExactly("x");
    assertThat(request("\"logprobs\": true").sampling().logprobs()).isZero();
  }

  @Test
  void anAnswersFormIsThatOfTheLine() {
    assertThat(request("\"response_format\": {\"type\": \"json_object\"}").format())
        .isEqualTo(new AnswerFormat.JsonObject());
    assertThat(
            request(
                    """
                    "response_format": {"type": "json_schema", "json_schema": {"name": "n",
                      "strict": true, "schema": {"type": "integer", "maximum": 1.50}}}\
                    """)
                .format())
        .isEqualTo(new AnswerFormat.JsonSchema("{\"type\":\"integer\",\"maximum\":1.50}"));
  }

  @Test
  void toolsAreOfferedUnlessTheChoiceIsNone() {
    String loose = TOOLS.replace(", \"strict\": true", "");
    for (String choice :
        List.of("", ", \"tool_choice\": \"auto\", \"parallel_tool_calls\": true")) {
      ChatRequest asked = request(loose + choice);
      assertThat(asked.tools()).extracting("toolName").containsExactly("weather", "time");
      assertThat(asked.format()).isNull();
    }
    ChatRequest none = request(TOOLS + ", \"tool_choice\": \"none\"");
    assertThat(none).isEqualTo(request(""));
  }

  @Test
  void aChoiceThatDemandsACallBecomesItsForm() {
    var weather =
        new AnswerFormat.FunctionCall.Function(
            "weather",
            "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},"
                + "\"required\":[\"city\"]}");
    var time =
        new AnswerFormat.FunctionCall.Function(
            "time", "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}");

    ChatRequest any =
        request(TOOLS + ", \"tool_choice\": \"required\", \"parallel_tool_calls\": false");
    assertThat(any.format()).isEqualTo(new AnswerFormat.FunctionCall(List.of(weather, time)));
    assertThat(any.tools()).hasSize(2);
    ChatRequest named =
        request(
            TOOLS
                + ", \"tool_choice\": {\"type\": \"function\", \"function\": {\"name\": \"time\"}}");
    assertThat(named.format()).isEqualTo(new AnswerFormat.FunctionCall(List.of(time)));
    assertThat(named.tools()).hasSize(2);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "'temperature': 'hot'; temperature; invalid_type; temperature is \"hot\", expected a number",
        "'temperature': 3; temperature; invalid_value; temperature is 3.0, expected 0 to 2",
        "'top_p': 0; top_p; invalid_value; top_p is 0.0, expected a number above 0 and at most 1",
        "'top_k': -2; top_k; invalid_value; top_k is -2",
        "'min_p': 2; min_p; invalid_value; min_p is 2.0, expected 0 to 1",
        "'repetition_penalty': 0; repetition_penalty; invalid_value; repetition_penalty is 0.0",
        "'presence_penalty': 3; presence_penalty; invalid_value; presence_penalty is 3.0, expected -2 to 2",
        "'frequency_penalty': 1e999; frequency_penalty; invalid_value; frequency_penalty is Infinity, expected -2 to 2",
        "'max_tokens': 0; max_tokens; invalid_value; max_tokens is 0, expected at least 1",
        "'max_tokens': 1.5; max_tokens; invalid_type; max_tokens is 1.5, expected a whole number",
        "'max_tokens': 3000000000; max_tokens; invalid_value; max_tokens is 3000000000, expected a number of 32 bits",
        "'max_completion_tokens': 0; max_completion_tokens; invalid_value; max_completion_tokens is 0, expected at least 1",
        "'max_completion_tokens': 5, 'max_tokens': 6; max_tokens; invalid_value; "
            + "max_tokens is 6, expected what max_completion_tokens is, 5, or none",
        "'min_tokens': 99; min_tokens; invalid_value; min_tokens is 99, expected 0 to max_tokens, 60",
        "'seed': 'x'; seed; invalid_type; seed is \"x\", expected a whole number",
        "'seed': 99999999999999999999; seed; invalid_value; seed is 99999999999999999999, expected a number of 64 bits",
        "'stop': 7; stop; invalid_type; stop is 7, expected a list of texts",
        "'stop': ['a', 7]; stop[1]; invalid_type; stop[1] is 7, expected a text",
        "'stop': ''; stop; invalid_value; stop has an empty text, expected none",
        "'logit_bias': [1]; logit_bias; invalid_type; logit_bias is [1], expected an object",
        "'logit_bias': {'a': 1}; logit_bias; invalid_value; logit_bias is {\"a\":1}, "
            + "expected numbers, each under the id of a token",
        "'logit_bias': {'5': 200}; logit_bias.5; invalid_value; logit_bias.5 is 200, expected -100 to 100",
        "'logprobs': 2; logprobs; invalid_type; logprobs is 2, expected true or false",
        "'top_logprobs': 2; top_logprobs; invalid_value; top_logprobs is 2, expected none unless logprobs is true",
        "'logprobs': true, 'top_logprobs': 21; top_logprobs; invalid_value; top_logprobs is 21, expected 0 to 20",
        "'ignore_eos': 1; ignore_eos; invalid_type; ignore_eos is 1, expected true or false",
        "'bad_words': [' ']; bad_words; invalid_value; bad_words has a text without words, expected none",
        "'allowed_token_ids': []; allowed_token_ids; invalid_value; allowed_token_ids is empty",
        "'n': 2; n; unsupported_value; n is 2, expected 1",
        "'stream': true; stream; unsupported_value; stream is true, expected false",
        "'store': true; store; unsupported_value; store is true, expected false",
        "'modalities': ['text', 'audio']; modalities; unsupported_value; modalities is [\"text\",\"audio\"], expected [\"text\"]",
        "'reasoning_effort': 'low'; reasoning_effort; unsupported_value; reasoning_effort is \"low\", expected null",
        "'temprature': 1; temprature; unknown_parameter; temprature is unknown, expected no others than [",
        "'response_format': {'type': 'xml'}; response_format; invalid_value; response_format: response format {\"type\":\"xml\"}, expected",
        "'response_format': {'type': 'json_schema', 'json_schema': {'schema': {'type': 'string', 'minLength': 'x'}}}; "
            + "response_format; invalid_value; response_format: schema, #/minLength: \"x\", expected 0 or more",
        "'response_format': {'type': 'json_object'}, 'stop': 'x'; stop; invalid_value; stop is set, expected none",
        "'tool_choice': 'auto'; tool_choice; invalid_value; tool_choice is \"auto\", expected none without tools",
        "'tools': [{'name': 'f'}], 'tool_choice': 'some'; tool_choice; invalid_value; tool_choice is \"some\", expected none, auto, required or",
        "'tools': [{'name': 'f'}], 'tool_choice': 7; tool_choice; invalid_type; tool_choice is 7, expected none, auto, required or",
        "'tools': [{'name': 'f'}], 'tool_choice': {'type': 'allowed_tools'}; tool_choice; unsupported_value; tool_choice is",
        "'tools': [{'name': 'f'}], 'tool_choice': {'type': 'function', 'function': {'name': 'g'}}; "
            + "tool_choice.function.name; invalid_value; tool_choice.function.name is \"g\", expected the name of one of the tools",
        "'tools': [{'name': 'f'}], 'parallel_tool_calls': false; parallel_tool_calls; unsupported_value; parallel_tool_calls is false",
        "'tools': [{'name': 'f', 'strict': true}]; tools[0].strict; unsupported_value; tools[0].strict is true, expected false",
        "'tools': [{'name': 'f'}], 'response_format': {'type': 'json_object'}; response_format; unsupported_value; response_format is",
        "'tools': [{'type': 'python'}], 'tool_choice': 'required'; tools[0]; unsupported_value; tools[0] is {\"type\":\"python\"}, expected a function",
        "'tools': [{'name': 'f', 'parameters': {'type': 'object', 'not': {}}}], 'tool_choice': 'required'; "
            + "tools[0]; invalid_value; tools[0]: schema, #: keyword 'not' is not supported",
      })
  void aBodyThatCannotBeAnsweredIsRefused(String body, String param, String code, String sentence) {
    var refused = (BatchLine.Refused) line(body.replace('\'', '"'));

    assertThat(refused.customId()).isEqualTo("a");
    assertThat(refused.error().param()).isEqualTo(param);
    assertThat(refused.error().code()).isEqualTo(code);
    assertThat(refused.error().message().replace('"', '\''))
        .startsWith(sentence.replace('"', '\''));
  }

  @Test
  void modelAndMessagesMustBeThere() {
    for (String key : List.of("model", "messages")) {
      BatchLine line =
          BatchLine.read(
              """
              {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {
                "model": "glm", "messages": []}}\
              """
                  .replace("\"" + key + "\"", "\"user\""),
              1,
              DEFAULTS);

      assertThat(line)
          .isEqualTo(
              new BatchLine.Refused(
                  "a", new RequestError(key, "missing_required_parameter", key + " is missing")));
    }
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      nullValues = "-",
      value = {
        "hello; -; invalid_json_line; the line is no JSON: 'hello': Unrecognized token 'hello'",
        "{'custom_id': 'a'; -; invalid_json_line; the line is no JSON",
        "{'custom_id': 'a'} x; -; invalid_json_line; the line is no JSON",
        "{'custom_id': 'a', 'custom_id': 'b'}; -; invalid_json_line; the line is no JSON",
        "[]; -; invalid_json_line; the line is [], expected an object",
        "{'method': 'POST'}; -; missing_required_parameter; custom_id is missing",
        "{'custom_id': 7}; -; invalid_type; custom_id is 7, expected a text",
        "{'custom_id': ''}; ``; invalid_value; custom_id is \"\", expected a text that tells",
        "{'custom_id': 'a'}; a; missing_required_parameter; method is missing",
        "{'custom_id': 'a', 'method': 'GET'}; a; invalid_method; method is \"GET\", expected \"POST\"",
        "{'custom_id': 'a', 'method': 'POST'}; a; missing_required_parameter; url is missing",
        "{'custom_id': 'a', 'method': 'POST', 'url': '/v1/embeddings'}; a; url_mismatch; "
            + "url is \"/v1/embeddings\", expected \"/v1/chat/completions\"",
        "{'custom_id': 'a', 'method': 'POST', 'url': '/v1/chat/completions'}; a; missing_required_parameter; body is missing",
        "{'custom_id': 'a', 'method': 'POST', 'url': '/v1/chat/completions', 'body': []}; a; invalid_type; "
            + "body is [], expected an object",
        "{'custom_id': 'a', 'method': 'POST', 'url': '/v1/chat/completions', 'body': {}, 'mood': 1}; a; unknown_parameter; "
            + "mood is unknown",
      })
  void aLineThatIsNoRequestSaysWhy(String line, String customId, String code, String sentence) {
    var none = (BatchLine.NoRequest) BatchLine.read(line.replace('\'', '"'), 1, DEFAULTS);

    assertThat(none.customId()).isEqualTo(customId);
    assertThat(none.code()).isEqualTo(code);
    assertThat(none.message().replace('"', '\'')).startsWith(sentence.replace('"', '\''));
  }

  @Test
  void aCustomIdOfSeveralLinesIsNoName() {
    assertThat(BatchLine.read("{\"custom_id\": \"a\"}", 3, DEFAULTS))
        .isEqualTo(
            new BatchLine.NoRequest(
                "a", "duplicate_custom_id", "custom_id is 'a', as in 3 lines, expected it in one"));
  }
}
