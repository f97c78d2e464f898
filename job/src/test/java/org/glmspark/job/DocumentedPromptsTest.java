package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.glmspark.job.report.LocalSpark;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What `glm sql` and `glm generate` make of the words that the README gives for each function.
class DocumentedPromptsTest {
  private static final Path PROJECT = Path.of("..");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern ROW = Pattern.compile("\\| `(ai_.*)` \\| `(.*)` \\|");

  @TempDir private static Path warehouse;

  @BeforeAll
  static void submit() {
    LocalSpark.stop();
    SqlCommandTest.SETTINGS.forEach(System::setProperty);
    System.setProperty("spark.sql.warehouse.dir", warehouse.toString());
  }

  @AfterAll
  static void forget() {
    SqlCommandTest.SETTINGS.keySet().forEach(System::clearProperty);
    System.clearProperty("spark.sql.warehouse.dir");
  }

  /// @param call in SQL, of a text in the column `body`
  /// @param words that stand after the text
  private record Documented(String call, String words) {
    static List<Documented> inReadme() throws IOException {
      return Files.readAllLines(PROJECT.resolve("README.md")).stream()
          .dropWhile(line -> !line.equals("| call | what it asks |"))
          .takeWhile(line -> line.startsWith("|"))
          .map(ROW::matcher)
          .filter(Matcher::matches)
          .map(row -> new Documented(row.group(1), row.group(2).replace('⏎', '\n')))
          .toList();
    }

    String prompt(String body) {
      return body + "\n\n" + words;
    }

    /// What holds the answer of `glm generate` to the form that the function gives.
    List<String> form() {
      if (call.startsWith("ai_classify")) {
        return List.of("--choice", "review", "--choice", "meeting");
      }
      if (call.startsWith("ai_analyze_sentiment")) {
        return Stream.of("positive", "negative", "neutral", "mixed")
            .flatMap(label -> Stream.of("--choice", label))
            .toList();
      }
      if (call.startsWith("ai_extract(body, array")) {
        return List.of("--response-format", schema("string", "price", "date"));
      }
      return call.startsWith("ai_extract")
          ? List.of("--response-format", schema("integer", "price"))
          : List.of();
    }

    private static String schema(String type, String... fields) {
      var format = JSON.createObjectNode().put("type", "json_schema");
      var schema = format.putObject("json_schema").putObject("schema").put("type", "object");
      var properties = schema.putObject("properties");
      var required = schema.putArray("required");
      for (String field : fields) {
        properties.putObject(field).putArray("type").add(type).add("null");
        required.add(field);
      }
      return format.toString();
    }
  }

  private static String glm(String command, Stream<String> arguments) {
    var glm = new CommandLine();
    String[] all = Stream.concat(Stream.of(command), arguments).toArray(String[]::new);
    int code = glm.run(all);
    assertThat(code).as("%s: %s", Arrays.asList(all), glm.err()).isZero();
    return glm.out();
  }

  private static String generated(String prompt, List<String> form) {
    String line = glm("generate", Stream.concat(Stream.of(prompt), form.stream()));
    return line.substring(0, line.length() - System.lineSeparator().length());
  }

  @Test
  void everyFunctionGivesWhatGenerateAnswersToItsWords() throws IOException {
    List<Documented> documented = Documented.inReadme();
    assertThat(documented).hasSize(8);
    String columns =
        IntStream.range(0, documented.size())
            .mapToObj(i -> documented.get(i).call() + " AS c" + i)
            .collect(Collectors.joining(", "));

    for (JsonNode row : rows("body, " + columns)) {
      String body = row.get("body").textValue();
      for (int i = 0; i < documented.size(); i++) {
        Documented function = documented.get(i);
        String expected = generated(function.prompt(body), function.form());
        JsonNode answer = row.get("c" + i);
        if (answer.isTextual()) {
          assertThat(answer.textValue()).as(function.call()).isEqualTo(expected);
        } else {
          JsonNode fields = answer.has("response") ? answer.get("response") : answer;
          assertThat(fields).as(function.call()).isEqualTo(JSON.readTree(expected));
        }
      }
    }
  }

  @Test
  void aPromptOfOnesOwnIsAnsweredAsGenerateDoes() throws IOException {
    String format =
        """
        {"type":"json_schema","json_schema":{"schema":{"type":"object",\
        "properties":{"a":{"type":"string"}},"required":["a"]}}}\
        """;

    for (JsonNode row :
        rows(
            "body, ai_gen(body) AS gen, ai_query('any', body) AS query, ai_query('any', body, responseFormat => '%s') AS formed"
                .formatted(format))) {
      String body = row.get("body").textValue();
      String expected = generated(body, List.of());
      assertThat(row.get("gen").textValue()).isEqualTo(expected);
      assertThat(row.get("query").textValue()).isEqualTo(expected);
      assertThat(row.get("formed").textValue())
          .isEqualTo(generated(body, List.of("--response-format", format)));
    }
  }

  /// Columns of a meeting and a review.
  private static List<JsonNode> rows(String columns) throws IOException {
    String statements =
        """
        SET `spark.glm.unknown-endpoint`=default;
        SELECT %s FROM docs WHERE id IN ('doc-0002', 'doc-0041')\
        """
            .formatted(columns);
    List<JsonNode> rows = new ArrayList<>();
    for (String line : glm("sql", Stream.of("--json", statements)).lines().skip(1).toList()) {
      rows.add(JSON.readTree(line)); // the first tells the setting
    }
    assertThat(rows).hasSize(2);
    return rows;
  }
}
