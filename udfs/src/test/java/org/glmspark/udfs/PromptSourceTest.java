package org.glmspark.udfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.types.StructType;
import org.glmspark.generation.RowError;
import org.glmspark.prompt.ChatMessage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PromptSourceTest {
  private static final StructType INPUT =
      StructType.fromDDL("id BIGINT, Body STRING, received TIMESTAMP, tags ARRAY<STRING>");

  @Test
  void asksForASummaryInTheWordsTheSampleModelLearned() {
    var prompt = new PromptSource.Summarize("body", 50);

    assertThat(prompt.messages(List.of("It rains {words} here.")))
        .containsExactly(
            ChatMessage.user(
                "It rains {words} here.\n\nSummarize the text above in at most 50 words. "
                    + "Reply with the summary only."));
  }

  @Test
  void asksForASummaryOfAnyLengthWithoutALimit() {
    assertThat(new PromptSource.Summarize("body", 0).messages(List.of("Rain.")))
        .containsExactly(
            ChatMessage.user("Rain.\n\nSummarize the text above. Reply with the summary only."));
  }

  @Test
  void putsColumnsIntoATemplate() {
    var prompt =
        new PromptSource.Template("{body}|{{\"n\": {id}}}|{body}", "Answer in JSON: {\"n\": 1}");

    assertThat(prompt.columns()).containsExactly("body", "id");
    assertThat(prompt.messages(List.of("{id} }", "7")))
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
