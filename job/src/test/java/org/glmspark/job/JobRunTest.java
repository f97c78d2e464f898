package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.glmspark.job.options.JobFile;
import org.glmspark.job.options.RefusedException;
import org.glmspark.job.report.LocalSpark;
import org.glmspark.kernel.KernelChoice;
import org.glmspark.kernel.MatMul;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JobRunTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path folder;
  private SampleJob job;

  @BeforeEach
  void writeInput() throws IOException {
    job = SampleJob.in(folder);
  }

  private static Map<String, String> expectedSummaries() throws IOException {
    try (Stream<String> lines = Files.lines(SampleJob.DATA.resolve("expected.jsonl"))) {
      return lines
          .limit(3)
          .map(JobRunTest::parse)
          .collect(
              Collectors.toMap(row -> row.get("id").asText(), row -> row.get("summary").asText()));
    }
  }

  private static JsonNode parse(String json) {
    try {
      return JSON.readTree(json);
    } catch (IOException e) {
      throw new AssertionError(json, e);
    }
  }

  @Test
  void rowsComeBackWithTheirSummariesOrTheirErrors() throws IOException {
    JobRun.Outcome outcome = job.runWatched();

    List<Row> rows =
        job.output().select("id", "completion", "error", "finish_reason").collectAsList();
    assertThat(rows).hasSize(6);
    assertThat(
            rows.stream()
                .filter(row -> !row.isNullAt(1))
                .collect(Collectors.toMap(row -> row.getString(0), row -> row.getString(1))))
        .isEqualTo(expectedSummaries());
    assertThat(
            rows.stream()
                .filter(row -> row.isNullAt(1))
                .map(row -> row.getString(0) + " " + row.getString(3)))
        .containsExactlyInAnyOrder("null error", "empty error", "long error");
    Totals totals = outcome.result().totals();
    assertThat(totals.rows()).isEqualTo(6);
    assertThat(totals.failedByReason()).isEqualTo(Map.of("no text", 2L, "prompt too long", 1L));
    assertThat(totals.requests()).as("none took another's answer").isEqualTo(3);
    assertThat(totals.generatedRequests()).isEqualTo(3);
    assertThat(job.progress()).startsWith("\r\u001b[K0 of 6 rows").endsWith("\r\u001b[K");
  }

  @Test
  void aTextOfAnyLengthIsSummarisedAndTheRowTellsHow() throws IOException {
    try (Stream<String> documents = Files.lines(SampleJob.DATA.resolve("long-documents.jsonl"))) {
      Files.write(folder.resolve("in.jsonl"), documents.limit(2).toList());
    }

    JobRun.Outcome inParts = job.run("request.long=map-reduce");

    assertThat(inParts.result().totals().failed()).isZero();
    List<Row> rows = job.output().collectAsList();
    assertThat(rows)
        .hasSize(2)
        .allSatisfy(row -> {
          assertThat(row.<String>getAs("completion")).isNotBlank();
          assertThat(row.<Row>getAs("long_text").<Integer>getAs("parts")).isGreaterThan(1);
          assertThat(row.<Row>getAs("long_text").<Integer>getAs("left_out_tokens")).isZero();
        });

    job.run("request.long=truncate");

    assertThat(job.output().where("long_text.left_out_tokens > 100 AND usage.prompt < 400").count())
        .isEqualTo(2);
  }

  @Test
  void theConsoleShowsFirstRowsAndTotals() throws IOException {
    JobRun.Outcome outcome = job.run();
    var out = new StringWriter();

    RunReport.print(new PrintWriter(out), outcome, Duration.ofMillis(4321), 100);

    List<String> lines = out.toString().lines().toList();
    assertThat(lines.getFirst()).matches("id +body +summary");
    assertThat(lines.get(2)).startsWith("doc-0001  17:53，").endsWith("…");
    assertThat(lines.get(5)).matches("empty +no text: column 'body' is .*");
    assertThat(lines).contains("rows     6, 3 failed: 2 no text, 1 prompt too long");
    assertThat(lines.get(lines.size() - 4)).endsWith(" 4.3 s in all");
    assertThat(lines.subList(lines.size() - 3, lines.size()))
        .containsExactly(
            "kernels  " + kernels(),
            "output   " + folder.toRealPath() + "/out (parquet)",
            "report   " + folder.toRealPath() + "/out/_glm/report.html");
    assertThat(job.progress()).isEmpty();
  }

  private static String kernels() {
    return MatMul.of(KernelChoice.AUTO).description();
  }

  @Test
  void theSettingsAndNumbersOfARunStayWithItsOutput() throws IOException {
    SampleJob inJson = job.with("output.format=json");
    inJson.run();

    JsonNode run = settingsOfTheOnlyRun();

    assertThat(run.get("rows").asInt()).isEqualTo(6);
    assertThat(run.get("failed_rows").get("no text").asInt()).isEqualTo(2);
    assertThat(run.get("kernels")).extracting(JsonNode::asText).containsExactly(kernels());
    assertThat(run.get("model_digest").asText()).matches("[0-9a-f]{64}");
    Path again = Files.writeString(folder.resolve("again.json"), run.get("options").toString());
    assertThat(JobFile.read(again).options()).isEqualTo(inJson.options());
  }

  private JsonNode settingsOfTheOnlyRun() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("out/_glm/runs"))) {
      List<Path> runs =
          files.filter(file -> !file.getFileName().toString().startsWith(".")).toList();
      assertThat(runs).hasSize(1);
      return JSON.readTree(runs.getFirst().toFile());
    }
  }

  @Test
  void theReportOfARunCountsItsRows() throws IOException {
    JobRun.Outcome outcome = job.run("output.prefix=ai_");

    JsonNode report = JSON.readTree(folder.resolve("out/_glm/report.json").toFile());

    Totals totals = outcome.result().totals();
    assertThat(report.at("/rows/reported").asLong()).isEqualTo(6);
    assertThat(report.at("/rows/failed").asLong()).isEqualTo(3);
    assertThat(report.at("/rows/in_output").asLong()).isEqualTo(6);
    assertThat(report.at("/tokens/prompt").asLong()).isEqualTo(totals.generatedPromptTokens());
    assertThat(report.at("/tokens/completion").asLong())
        .isEqualTo(totals.generatedCompletionTokens());
    assertThat(report.at("/failures/0/reason").asText()).isEqualTo("no text");
    assertThat(report.at("/throughput/executors/0/completion_tokens"))
        .extracting(JsonNode::asLong)
        .satisfies(tokens ->
            assertThat(tokens.stream().mapToLong(Long::longValue).sum())
                .isEqualTo(totals.completionTokens()));
    assertThat(Files.readString(folder.resolve("out/_glm/report.html")))
        .contains("prompt too long", "doc-0001", outcome.result().settings().modelDigest());
  }

  @Test
  void resultsCanStandInOneColumnAndRunsCanBeRepeated() throws IOException {
    SampleJob inOneColumn = job.with("output.struct=ai");
    inOneColumn.run();

    JobRun.Outcome second = inOneColumn.run();

    assertThat(second.result().totals().failed()).isEqualTo(3);
    assertThat(job.output().where("ai.completion is not null").count()).isEqualTo(3);
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("in.jsonl", "out");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "request.column=bodi | prompt column 'bodi' is not in the input, which has .*"
            + "did you mean 'body'\\?",
        "input.key=[\"ids\"] | key column 'ids' is not in the input, .*; did you mean 'id'\\?",
        "input.key=[\"language\"] | key language must name one row, .*",
        "request.column=fields | prompt column 'fields' is struct<.*>, expected text.*",
        "input.path=FOLDER/none | input '.*none' is not there, expected json files",
        "input.path=FOLDER/none/*.json | input '.*none/\\*.json' is not there, .*",
        "input.options.samplingRatio=few | input '.*in.jsonl' cannot be read as json: .*\"few\"",
        "input={\"path\": \"FOLDER/in.jsonl\", \"format\": \"csv\", \"options\": {\"sep\": \"\"}}"
            + " | input '.*in.jsonl' cannot be read as csv: Delimiter cannot be empty",
        "input.path=nowhere://host/in | '.*' is on a file system that cannot be used: .*",
        "output.path=FOLDER | output '.*' and '.*in.jsonl', which the run reads, must not lie .*",
        "output.path=FOLDER/in.jsonl/out | output '.*' and '.*', which the run reads, must .*",
      })
  void aJobThatDoesNotFitIsRefusedBeforeAnyWork(String assignment, String sentence)
      throws IOException {
    SampleJob unfit = job.with(assignment);

    assertThatThrownBy(() -> unfit.run())
        .isInstanceOf(RefusedException.class)
        .hasMessageMatching(sentence);
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactly(folder.resolve("in.jsonl"));
    }
  }

  @Test
  void aResultColumnThatClashesIsRefusedAndAPrefixHelps() throws IOException {
    Files.writeString(
        folder.resolve("in.jsonl"),
        """
        {"id": "a", "body": null, "completion": "mine", "lineage": 1}
        """);

    assertThatThrownBy(() -> job.run())
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("'completion' is a column of the input");
    JobRun.Outcome outcome = job.run("output.prefix=ai_");

    assertThat(outcome.result().totals().failedByReason()).isEqualTo(Map.of("no text", 1L));
  }

  @Test
  void anOutputThatExistsIsRefusedBeforeAnyWork() throws IOException {
    job.run();

    assertThatThrownBy(() -> job.run("output.mode=error-if-exists"))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("out' exists");
  }

  @Test
  void anInputWithoutRowsGivesAnOutputWithoutRows() throws IOException {
    LocalSpark.session()
        .read()
        .json(folder.resolve("in.jsonl").toString())
        .where("false")
        .write()
        .parquet(folder.resolve("none").toString());

    JobRun.Outcome outcome = job.run("input.format=parquet", "input.path=FOLDER/none");

    assertThat(outcome.result().totals().rows()).isZero();
    assertThat(job.output().columns()).contains("body", "completion", "lineage");
  }
}
