package org.glmspark.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A Spark as others have it, an application that is not ours, and our jar beside it.
class PlainSparkIT {
  @TempDir private static Path folder;
  private static Path application;

  /// What the application printed, and what Spark logged.
  private record Ended(int exitCode, List<JsonNode> rows, String log) {
    Map<String, String> texts(String column) {
      Map<String, String> texts = new HashMap<>();
      for (JsonNode row : rows) {
        if (row.has(column)) {
          texts.put(row.get("id").textValue(), row.get(column).textValue());
        }
      }
      return texts;
    }
  }

  @BeforeAll
  static void buildTheApplication() throws IOException {
    application = folder.resolve("sql-file.jar");
    ClassJar.write(application, SqlFile.class);
  }

  private static Ended submit(String statements) throws Exception {
    Path file = Files.writeString(folder.resolve("statements.sql"), statements);
    Path out = folder.resolve("out");
    Path log = folder.resolve("log");
    Map<String, String> settings =
        Map.of(
            "spark.sql.extensions", "org.glmspark.udfs.GlmSparkExtensions",
            "spark.plugins", "org.glmspark.udfs.GlmPlugin",
            "spark.glm.models.sample.path", SampleModel.FOLDER.toString(),
            "spark.glm.models.sample.kv-cache-bytes", String.valueOf(64 << 20),
            "spark.glm.unknown-endpoint", "default",
            "spark.glm.pack-cache", SampleModel.PACKS.toString(),
            "spark.sql.warehouse.dir", folder.resolve("warehouse").toString(),
            "spark.sql.shuffle.partitions", "2",
            "spark.ui.enabled", "false");
    List<String> command =
        new ArrayList<>(List.of("org.apache.spark.deploy.SparkSubmit", "--master", "local[2]"));
    settings.forEach((key, value) -> command.addAll(List.of("--conf", key + "=" + value)));
    command.addAll(List.of("--jars", StandaloneCluster.APPLICATION.toString()));
    command.addAll(
        List.of("--class", SqlFile.class.getName(), application.toString(), file.toString()));
    int exitCode =
        StandaloneCluster.launch(command)
            .redirectOutput(out.toFile())
            .redirectError(log.toFile())
            .start()
            .waitFor();
    List<JsonNode> rows = new ArrayList<>();
    for (String line : Files.readAllLines(out)) {
      rows.add(new ObjectMapper().readTree(line));
    }
    return new Ended(exitCode, rows, Files.readString(log));
  }

  /// What `sample-data` says of its first documents.
  private static Map<String, String> expected(
      String column, int documents, Predicate<JsonNode> which) throws IOException {
    try (var lines = Files.lines(SampleModel.DATA.resolve("documents.jsonl"))) {
      ObjectMapper mapper = new ObjectMapper();
      Map<String, String> texts = new HashMap<>();
      for (String line : lines.limit(documents).toList()) {
        JsonNode document = mapper.readTree(line);
        if (which.test(document)) {
          texts.put(document.get("id").textValue(), document.get(column).textValue());
        }
      }
      return texts;
    }
  }

  @Test
  void sqlWrittenForOtherEndpointsRunsUnchanged() throws Exception {
    Ended ended =
        submit(
            """
            CREATE TEMPORARY VIEW docs USING parquet OPTIONS (path '%s')

            CREATE TABLE labelled AS
            SELECT id, ai_classify(body, array('incident', 'review', 'meeting', 'shipment', 'complaint')) AS kind
            FROM docs WHERE id <= 'doc-0020'

            SELECT id, kind FROM labelled

            SELECT id, ai_summarize(body) AS summary FROM docs WHERE id <= 'doc-0020' ORDER BY id

            SELECT id, result.result AS sentiment
            FROM (
              SELECT id, ai_query(
                endpoint => 'databricks-meta-llama-3-3-70b-instruct',
                request => concat(body, '\\n\\nClassify the sentiment of the text above as positive, \
            negative, neutral or mixed. Reply with one word.'),
                failOnError => false,
                modelParameters => named_struct('max_tokens', 8, 'temperature', 0.0)) AS result
              FROM docs WHERE id <= 'doc-0060' AND kind = 'review')
            WHERE result.errorMessage IS NULL

            SELECT ai_gen(NULL) IS NULL AS nothing
            """
                .formatted(SampleModel.DATA.resolve("documents")));

    assertThat(ended.exitCode()).as(ended.log()).isZero();
    assertThat(ended.texts("kind")).isEqualTo(expected("kind", 20, _ -> true));
    assertThat(ended.texts("sentiment"))
        .isEqualTo(
            expected(
                "sentiment", 60, document -> document.get("kind").textValue().equals("review")))
        .hasSizeGreaterThan(5);
    assertThat(ended.texts("summary"))
        .isEqualTo(
            SampleModel.documents().stream()
                .limit(20)
                .collect(
                    Collectors.toMap(SampleModel.Document::id, SampleModel.Document::summary)));
    assertThat(ended.rows().getLast().get("nothing").booleanValue()).isTrue();
    // the service file and the setting both name the extensions
    assertThat(ended.log()).doesNotContain("replaced a previously registered function");
  }

  @Test
  void aRefusedQueryFailsTheApplicationWithItsCondition() throws Exception {
    Ended ended = submit("SELECT ai_summarize('text', -1)\n");

    assertThat(ended.exitCode()).isEqualTo(1);
    assertThat(ended.log()).contains("[AI_FUNCTION_INVALID_MAX_WORDS]", "but got -1");
  }
}
