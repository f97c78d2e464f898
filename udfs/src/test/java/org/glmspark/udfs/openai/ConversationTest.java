package org.glmspark.udfs.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.glmspark.prompt.ChatMessage;
import org.glmspark.prompt.ToolCall;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConversationTest {

  @Test
  void readsEveryRoleAndFormOfContent() throws Exception {
    String json =
        """
        [{"role": "developer", "content": "Be brief."},
         {"role": "user", "name": "Ann", "content": [
            {"type": "text", "text": "Weather in"}, {"type": "text", "text": "Tor?"}]},
         {"role": "assistant", "content": null, "refusal": null, "annotations": [], "tool_calls": [
            {"id": "call_1", "type": "function",
             "function": {"name": "weather", "arguments": "{\\"city\\": \\"Tor\\"}"}},
            {"name": "time", "arguments": {}}]},
         {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
         {"role": "observation", "content": "10:05"},
         {"role": "assistant", "content": "Rain.", "tool_calls": []},
         {"role": "system", "content": ""},
         {"role": "user", "content": "Thanks"}]\
        """;

    assertThat(Conversation.read(json, null))
        .containsExactly(
            ChatMessage.system("Be brief."),
            ChatMessage.user("Weather in\nTor?"),
            ChatMessage.assistant(
                "",
                List.of(
                    new ToolCall("weather", "{\"city\": \"Tor\"}"), new ToolCall("time", "{}"))),
            ChatMessage.observation("rain"),
            ChatMessage.observation("10:05"),
            ChatMessage.assistant("Rain."),
            ChatMessage.system(""),
            ChatMessage.user("Thanks"));
  }

  @Test
  void offersToolsWithTheSystemMessageOrBeforeAllOthers() throws Exception {
    String tools =
        """
        [{"type": "function", "function": {"name": "weather", "strict": false,
            "parameters": "{\\"type\\": \\"object\\"}"}},
         "{\\"name\\": \\"time\\"}", {"type": "python"}]\
        """;

    List<ChatMessage> withSystem =
        Conversation.read(
            """
            [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]\
            """,
            tools);
    List<ChatMessage> without =
        Conversation.read("[{\"role\":\"user\",\"content\":\"Hi\"}]", tools);

    assertThat(withSystem).hasSize(2);
    assertThat(withSystem.getFirst().content()).isEqualTo("Be brief.");
    assertThat(without).hasSize(2);
    assertThat(without.getFirst().content()).isEmpty();
    for (List<ChatMessage> messages : List.of(withSystem, without)) {
      assertThat(messages.getFirst().tools())
          .extracting("toolName")
          .containsExactly("weather", "time", "python");
    }
    assertThat(withSystem.getFirst().tools().getFirst())
        .isEqualTo(
            org.glmspark.prompt.ToolDefinition.parse(
                "{\"name\": \"weather\", \"parameters\": {\"type\": \"object\"}}"));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "[{; messages; invalid_type; messages is no JSON: '[{': Unexpected end-of-input",
        "{}; messages; invalid_type; messages is {}, expected a list of messages",
        "[]; messages; invalid_value; messages is [], expected at least one message",
        "[7]; messages[0]; invalid_type; messages[0] is 7, expected an object",
        "[{'content': 'x'}]; messages[0].role; missing_required_parameter; messages[0].role is missing",
        "[{'role': 'x', 'content': 'x'}]; messages[0].role; invalid_value; "
            + "messages[0].role is \"x\", expected system, developer, user, assistant or tool",
        "[{'role': 'user'}]; messages[0].content; missing_required_parameter; messages[0].content is missing",
        "[{'role': 'user', 'content': 7}]; messages[0].content; invalid_type; "
            + "messages[0].content is 7, expected a text, or a list of parts of type text",
        "[{'role': 'user', 'content': [{'type': 'image_url', 'image_url': {'url': 'x'}}]}]; "
            + "messages[0].content[0].type; unsupported_value; messages[0].content[0].type is \"image_url\", "
            + "expected \"text\": the model reads nothing else",
        "[{'role': 'user', 'content': 'x', 'mood': 'x'}]; messages[0].mood; unknown_parameter; messages[0].mood is unknown",
        "[{'role': 'user', 'content': 'x', 'name': 7}]; messages[0].name; invalid_type; messages[0].name is 7, expected a text",
        "[{'role': 'assistant', 'content': 'x', 'refusal': 'No.'}]; messages[0].refusal; unsupported_value; "
            + "messages[0].refusal is \"No.\", expected null",
        "[{'role': 'user', 'content': 'x', 'tool_calls': [{'name': 'f', 'arguments': '{}'}]}]; "
            + "messages[0].tool_calls; invalid_value; messages[0].tool_calls is",
        "[{'role': 'assistant', 'tool_calls': [{'name': 'f'}]}]; messages[0].tool_calls[0].arguments; "
            + "missing_required_parameter; messages[0].tool_calls[0].arguments is missing",
        "[{'role': 'assistant', 'tool_calls': [{'function': {'name': 'f', 'arguments': '[]'}}]}]; "
            + "messages[0].tool_calls[0].function; invalid_value; "
            + "messages[0].tool_calls[0].function: arguments of the tool call 'f': '[]', expected a JSON object",
        "[{'role': 'assistant', 'tool_calls': [{'type': 'custom', 'custom': {}}]}]; "
            + "messages[0].tool_calls[0].custom; unknown_parameter; messages[0].tool_calls[0].custom is unknown",
      })
  void saysWhatIsWrongAndWhere(String json, String param, String code, String sentence) {
    assertThatThrownBy(() -> Conversation.read(json.replace('\'', '"'), null))
        .isInstanceOfSatisfying(
            InvalidRequestException.class,
            e -> {
              assertThat(e.error().param()).isEqualTo(param);
              assertThat(e.error().code()).isEqualTo(code);
              assertThat(e.error().message()).startsWith(sentence);
            });
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{}; tools is {}, expected a list of tools",
        "[7]; tools[0] is 7, expected an object",
        "[{'type': 'function'}]; tools[0].name is missing",
        "[{'type': 'function', 'function': {}}]; tools[0].function.name is missing",
        "[{'type': 'function', 'function': {'name': 'f', 'x': 1}}]; tools[0].function.x is unknown",
        "[{'name': 'f', 'parameters': 7}]; tools[0].parameters is 7, expected an object",
        "[{'name': 'f', 'parameters': '['}]; tools[0].parameters is no JSON",
        "[{'name': 'f', 'description': 7}]; tools[0].description is 7, expected a text",
        "[{'name': ' f'}]; tools[0]: a name of one line without white space around it is expected",
        "[{'name': 'f'}, {'name': 'f'}]; tools[1]: there is another tool 'f'",
        "[{'type': 'telescope'}]; tools[0]: tool of type 'telescope' without a name",
        "[{'name': 'f', 'strict': true}]; tools[0].strict is true, expected false: "
            + "only a call that is required is held to the schema",
      })
  void saysWhatIsWrongWithTools(String tools, String sentence) {
    String messages = "[{\"role\": \"user\", \"content\": \"x\"}]";

    assertThatThrownBy(() -> Conversation.read(messages, tools.replace('\'', '"')))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageStartingWith(sentence);
  }
}
