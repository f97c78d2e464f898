package org.glmspark.udfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.types.StructType;
import org.glmspark.generation.RowError;
import org.glmspark.prompt.ChatMessage;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.udfs.openai.InvalidRequestException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PromptSourceTest {
  private static final StructType INPUT =
      StructType.fromDDL("id BIGINT, Body STRING, received TIMESTAMP, tags ARRAY<STRING>");

  private static List<ChatMessage> messages(PromptSource prompt, List<String> texts)
      throws InvalidRequestException {
    return prompt.request(texts, SamplingParameters.greedy(1), null).messages();
  }

  @Test
  void asksForASummaryInTheWordsTheSampleModelLearned() throws InvalidRequestException {
    var prompt = new PromptSource.Summarize("body", 50);

    assertThat(messages(prompt, List.of("It rains {words} here.")))
        .containsExactly(
            ChatMessage.user(
                "It rains {words} here.\n\nSummarize the text above in at most 50 words. "
                    + "Reply with the summary only."));
  }

  @Test
  void asksForASummaryOfAnyLengthWithoutALimit() throws InvalidRequestException {
    assertThat(messages(new PromptSource.Summarize("body", 0), List.of("Rain.")))
        .containsExactly(
            ChatMessage.user("Rain.\n\nSummarize the text above. Reply with the summary only."));
  }

  @Test
  void putsColumnsIntoATemplate() throws InvalidRequestException {
    var prompt =
        new PromptSource.Template("{body}|{{\"n\": {id}}}|{body}", "Answer in JSON: {\"n\": 1}");

    assertThat(prompt.columns()).containsExactly("body", "id");
    assertThat(messages(prompt, List.of("{id} }", "7")))
        .containsExactly(
            ChatMessage.system("Answer in JSON: {\"n\": 1}"),
            ChatMessage.user("{id} }|{\"n\": 7}|{id} }"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "Say {body; character 5: '{' is not closed",
        "{bo{dy}; character 1: '{' is not closed",
        "{body} and }; character 12: '}' closes nothing",
        "{body} {}; character 8: '{}' names no column",
        "{{body}}; names no column"
      })
  void refusesABrokenTemplateWithThePlace(String template, String complaint) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PromptSource.Template(template, null))
        .withMessageContaining(complaint);
  }

  @Test
  void findsItsColumnsWhateverTheirLetterCase() {
    new PromptSource.Template("{ID} {bODY} {received}", null).check(INPUT);
    new PromptSource.Summarize("body", 50).check(INPUT);
  }

  @Test
  void refusesAColumnThatIsNotThere() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PromptSource.Summarize("bodi", 50).check(INPUT))
        .withMessage(
            "prompt column 'bodi' is not in the input, which has id, Body, received, tags; "
                + "did you mean 'Body'?");
  }

  @Test
  void refusesAColumnThatHasNoPlainTextForm() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PromptSource.Template("{tags}", null).check(INPUT))
        .withMessageContaining("prompt column 'tags' is array<string>");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "STRING; STRING",
        "ARRAY<STRUCT<role: STRING, content: STRING>>; ARRAY<STRING>",
        "ARRAY<STRUCT<content: STRING, name: STRING, role: STRING, tool_call_id: STRING, "
            + "tool_calls: ARRAY<STRUCT<name: STRING, arguments: STRING>>>>; "
            + "ARRAY<STRUCT<type: STRING, `function`: STRUCT<name: STRING, parameters: STRING>>>",
        "ARRAY<STRUCT<role: STRING, content: ARRAY<STRUCT<type: STRING, text: STRING>>, tool_calls: "
            + "ARRAY<STRUCT<id: STRING, type: STRING, `function`: STRUCT<name: STRING, arguments: STRING>>>>>; "
            + "STRING",
      })
  void takesColumnsThatCanBeAConversation(String messages, String tools) {
    StructType input = StructType.fromDDL("chat %s, offered %s".formatted(messages, tools));

    new PromptSource.Messages("chat", "offered").check(input);
    new PromptSource.Messages("Chat", null).check(input);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "ARRAY<STRING>; STRING; expected an array of structs with role and content, or JSON text",
        "MAP<STRING, STRING>; STRING; expected an array of structs with role and content",
        "ARRAY<STRUCT<role: STRING>>; STRING; expected a field 'content' in its structs",
        "ARRAY<STRUCT<role: INT, content: STRING>>; STRING; expected a field 'role' of text in its structs",
        "ARRAY<STRUCT<role: STRING, content: STRING, mood: STRING>>; STRING; has the field 'mood' in a message",
        "ARRAY<STRUCT<role: STRING, content: STRING, tool_calls: STRING>>; STRING; expected an array of structs as tool_calls",
        "ARRAY<STRUCT<role: STRING, content: STRING, tool_calls: ARRAY<STRUCT<x: INT>>>>; STRING; has the field 'x' in a tool call",
        "STRING; ARRAY<INT>; tools column 'offered' is array<int>, expected an array of structs or of JSON texts",
        "STRING; MAP<STRING, STRING>; tools column 'offered' is map<string,string>, expected an array",
      })
  void refusesColumnsThatCanBeNone(String messages, String tools, String sentence) {
    StructType input = StructType.fromDDL("chat %s, offered %s".formatted(messages, tools));

    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PromptSource.Messages("chat", "offered").check(input))
        .withMessageContaining(sentence);
  }

  @Test
  void needsMessagesButNoTools() {
    var prompt = new PromptSource.Messages("chat", "offered");

    assertThat(prompt.missing(Arrays.asList("[]", null))).isNull();
    assertThat(prompt.missing(Arrays.asList(null, "[]")))
        .isEqualTo(new RowError(RowError.Reason.NO_TEXT, "column 'chat' is null"));
  }

  @Test
  void saysWhichColumnOfARowHasNoText() {
    var prompt = new PromptSource.Template("{title}: {body}", null);

    assertThat(prompt.missing(List.of("a", "b"))).isNull();
    assertThat(prompt.missing(Arrays.asList("a", null)))
        .isEqualTo(new RowError(RowError.Reason.NO_TEXT, "column 'body' is null"));
    assertThat(prompt.missing(List.of(" \t\n\u3000", "b")))
        .isEqualTo(new RowError(RowError.Reason.NO_TEXT, "column 'title' is empty"));
  }

  @Test
  void knowsWhichTextMayBeTooLong() {
    var inParts = new LongText(LongText.Handling.MAP_REDUCE, 0);

    assertThat(new PromptSource.Summarize("body", 50).longText()).isEqualTo(inParts);
    assertThat(new PromptSource.Template("{a}", null, inParts, null).longTextIndex()).isZero();
    assertThat(new PromptSource.Template("{a} {b} {a}", null, inParts, "b").longTextIndex())
        .isEqualTo(1);
    assertThat(new PromptSource.Template("{a} {b}", null).longText().handling())
        .isEqualTo(LongText.Handling.ERROR);
  }

  @Test
  void refusesANegativeLimit() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PromptSource.Summarize("body", -1))
        .withMessageContaining("max_words is -1");
  }
}
