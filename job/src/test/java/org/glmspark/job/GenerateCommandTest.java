package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerateCommandTest {
  @TempDir Path folder;

  private final CommandLine glm = new CommandLine();

  @Test
  void generateAnswersWithTheSampleModel() {
    String text =
        "866箱太阳能板已从武汉发往西安，单号VEPAL630，预计7月19日到达。\n\n"
            + "Summarize the text above in at most 50 words. Reply with the summary only.";

    String cache = "model.pack-cache=" + folder.resolve("packs");

    assertThat(glm.run("generate", text, "--set", cache)).isZero();

    assertThat(glm.out().strip()).isEqualTo("武汉到西安的866箱太阳能板，7月19日到达，单号VEPAL630。");
    assertThat(glm.err()).hasLineCount(1).startsWith("packed the model: " + folder);

    assertThat(glm.run("generate", text, "--set", cache)).isZero();
    assertThat(glm.err()).isEmpty();
  }

  @Test
  void generateHoldsTheAnswerToAForm() throws IOException {
    String text = "I bought the lamp in Brizan for 42 dollars. So far it looks great.";

    assertThat(glm.run("generate", "--choice= no", "--choice=yes!", text)).isZero();
    assertThat(glm.out()).isIn(lines(" no"), lines("yes!"));

    assertThat(glm.run("generate", "--regex=[0-9]{2} dollars", "--max-tokens=12", text)).isZero();
    assertThat(glm.out()).matches("[0-9]{2} dollars\\R");

    String schema =
        "{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{\"properties\":{\"price\":{\"type\":\"integer\",\"maximum\":99},\"item\":{\"type\":\"string\",\"maxLength\":10}},\"required\":[\"price\",\"item\"]}}}";
    assertThat(glm.run("generate", "--response-format=" + schema, "--max-tokens=60", text))
        .isZero();
    JsonNode json = new ObjectMapper().readTree(glm.out());
    assertThat(json.path("price").intValue()).isLessThan(100);
    assertThat(json.path("item").textValue()).hasSizeLessThanOrEqualTo(10);

    assertThat(glm.run("generate", "--response-format=" + schema, "--max-tokens=5", text))
        .isEqualTo(1);
    assertThat(glm.err())
        .contains("answer too long: the shortest answer of the response format takes ")
        .contains(" tokens, max_tokens and the context leave 5");
  }

  private static String lines(String text) {
    return text + System.lineSeparator();
  }

  @Test
  void generateTakesSamplingOptions() {
    String text =
        "866箱太阳能板已从武汉发往西安，单号VEPAL630，预计7月19日到达。\n\n"
            + "Summarize the text above in at most 50 words. Reply with the summary only.";

    assertThat(
            glm.run(
                "generate",
                "--preset=cli-0414",
                "--top-k=1",
                "--min-p=0.1",
                "--top-p=1",
                "--repetition-penalty=1",
                "--presence-penalty=0",
                "--frequency-penalty=0",
                "--min-tokens=2",
                "--stop=太阳能板",
                "--stop=no such text",
                "--ignore-eos",
                text))
        .isZero();

    assertThat(glm.out().strip()).isEqualTo("武汉到西安的866箱");
  }
}
