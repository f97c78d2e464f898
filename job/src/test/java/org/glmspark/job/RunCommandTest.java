package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.glmspark.job.report.LocalSpark;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `glm run` as a whole, with its exit code.
class RunCommandTest {
  @TempDir Path folder;

  private final CommandLine glm = new CommandLine();

  @BeforeAll
  static void submit() {
    LocalSpark.stop();
    SqlCommandTest.SETTINGS.forEach(System::setProperty);
  }

  @AfterAll
  static void forget() {
    SqlCommandTest.SETTINGS.keySet().forEach(System::clearProperty);
  }

  private int answer(String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "run",
                "../conf/openai-batch.json",
                "--output",
                folder.resolve("answers").toString(),
                "--set",
                "engine.kv-cache-bytes=16777216"));
    arguments.addAll(List.of(more));
    return glm.run(arguments.toArray(String[]::new));
  }

  private List<JsonNode> answers() throws IOException {
    var json = new ObjectMapper();
    List<JsonNode> answers = new ArrayList<>();
    try (Stream<Path> files = Files.walk(folder.resolve("answers"))) {
      for (Path file : files.filter(file -> file.toString().endsWith(".txt")).toList()) {
        for (String line : Files.readAllLines(file)) {
          answers.add(json.readTree(line));
        }
      }
    }
    return answers;
  }

  @Test
  void aBatchThatALimitStopsIsGoneOnWithAndEachLineHasOneAnswer() throws IOException {
    assertThat(answer("--max-tokens-total", "300")).as(glm.err()).isEqualTo(3);
    assertThat(answers()).isNotEmpty().hasSizeLessThan(5);

    assertThat(answer()).as(glm.err()).isZero();

    List<JsonNode> answers = answers();
    assertThat(answers)
        .extracting(answer -> answer.get("custom_id").textValue())
        .hasSize(5)
        .doesNotHaveDuplicates();
    assertThat(answers)
        .extracting(answer -> answer.at("/response/status_code").intValue())
        .containsExactlyInAnyOrder(200, 200, 200, 200, 400);
    assertThat(answer("--retry-failed")).as(glm.err()).isZero();
    assertThat(answers()).containsExactlyInAnyOrderElementsOf(answers);
  }
}
