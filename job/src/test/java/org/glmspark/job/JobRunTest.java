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
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.glmspark.job.options.JobFile;
import org.glmspark.job.options.JobOptions;
import org.glmspark.job.options.RefusedException;
import org.glmspark.kernel.KernelChoice;
import org.glmspark.kernel.MatMul;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JobRunTest {
  private static final Path SAMPLE_DATA = Path.of("..", "sample-data");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Terminal WATCHED = new Terminal(true, 100);
  private static final Terminal UNWATCHED = new Terminal(false, 100);

  private static SparkSession spark;

  @TempDir Path folder;
  private final StringWriter progress = new StringWriter();

  @BeforeAll
  static void startSpark() {
    spark =
        SparkSession.builder()
            .master("local[2]")
            .appName("tests")
            .config("spark.ui.enabled", false)
            .config("spark.sql.shuffle.partitions", 2)
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .getOrCreate();
  }

  @AfterAll
  static void stopSpark() {
    spark.stop();
  }

  /// Three documents of the sample, and three that cannot be summarised.
  @BeforeEach
  void writeInput() throws IOException {
    try (Stream<String> documents = Files.lines(SAMPLE_DATA.resolve("documents.jsonl"))) {
      List<String> rows =
          Stream.concat(
                  documents.limit(3),
                  Stream.of(
                      "{\"id\": \"null\", \"body\": null}",
                      "{\"id\": \"empty\", \"body\": \"\"}",
                      "{\"id\": \"long\", \"body\": \"%s\"}".formatted("word ".repeat(2000))))
              .toList();
      Files.write(folder.resolve("in.jsonl"), rows);
    }
  }

  private JobOptions job(String... assignments) {
    JobFile job = JobFile.read(Path.of("..", "conf", "sample.json"));
    job.set("input.format=json");
    job.set("--input", "input.path", folder.resolve("in.jsonl").toString());
    job.set("--output", "output.path", folder.resolve("out").toString());
    job.set("output.partitions=2");
    job.set("request.long=error");
    for (String assignment : assignments) {
      job.set(assignment.replace("FOLDER", folder.toString()));
    }
    return job.options();
  }

  private JobRun.Outcome run(Terminal terminal, JobOptions options) throws IOException {
    return new JobRun(spark, options, JobRun.Scope.MISSING_ROWS)
        .execute(terminal, new PrintWriter(progress, true));
  }

  private static Map<String, String> expectedSummaries() throws IOException {
    try (Stream<String> lines = Files.lines(SAMPLE_DATA.resolve("expected.jsonl"))) {
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
    JobRun.Outcome outcome = run(WATCHED, job());

    List<Row> rows =
        spark
            .read()
            .parquet(folder.resolve("out").toString())
            .select("id", "completion", "error", "finish_reason")
            .collectAsList();
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
    assertThat(progress.toString()).startsWith("\r\u001b[K0 of 6 rows").endsWith("\r\u001b[K");
  }

  @Test
  void aTextOfAnyLengthIsSummarisedAndTheRowTellsHow() throws IOException {
    try (Stream<String> documents = Files.lines(SAMPLE_DATA.resolve("long-documents.jsonl"))) {
      Files.write(folder.resolve("in.jsonl"), documents.limit(2).toList());
    }

    JobRun.Outcome inParts = run(UNWATCHED, job("request.long=map-reduce"));

    assertThat(inParts.result().totals().failed()).isZero();
    List<Row> rows = spark.read().parquet(folder.resolve("out").toString()).collectAsList();
    assertThat(rows)
        .hasSize(2)
        .allSatisfy(row -> {
          assertThat(row.<String>getAs("completion")).isNotBlank();
          assertThat(row.<Row>getAs("long_text").<Integer>getAs("parts")).isGreaterThan(1);
          assertThat(row.<Row>getAs("long_text").<Integer>getAs("left_out_tokens")).isZero();
        });

    run(UNWATCHED, job("request.long=truncate"));

    assertThat(
            spark
                .read()
                .parquet(folder.resolve("out").toString())
                .where("long_text.left_out_tokens > 100 AND usage.prompt < 400")
                .count())
        .isEqualTo(2);
  }

  @Test
  void theConsoleShowsFirstRowsAndTotals() throws IOException {
    JobRun.Outcome outcome = run(UNWATCHED, job());
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
    assertThat(progress.toString()).isEmpty();
  }

  private static String kernels() {
    return MatMul.of(KernelChoice.AUTO).description();
  }

  @Test
  void theSettingsAndNumbersOfARunStayWithItsOutput() throws IOException {
    JobOptions options = job("output.format=json");
    run(UNWATCHED, options);

    JsonNode run = settingsOfTheOnlyRun();

    assertThat(run.get("rows").asInt()).isEqualTo(6);
    assertThat(run.get("failed_rows").get("no text").asInt()).isEqualTo(2);
    assertThat(run.get("kernels")).extracting(JsonNode::asText).containsExactly(kernels());
    assertThat(run.get("model_digest").asText()).matches("[0-9a-f]{64}");
    Path again = Files.writeString(folder.resolve("again.json"), run.get("options").toString());
    assertThat(JobFile.read(again).options()).isEqualTo(options);
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
    JobRun.Outcome outcome = run(UNWATCHED, job("output.prefix=ai_"));

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
    JobOptions options = job("output.struct=ai");
    run(UNWATCHED, options);

    JobRun.Outcome second = run(UNWATCHED, options);

    assertThat(second.result().totals().failed()).isEqualTo(3);
    assertThat(
            spark
                .read()
                .parquet(folder.resolve("out").toString())
                .where("ai.completion is not null")
                .count())
        .isEqualTo(3);
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
    JobOptions options = job(assignment);

    assertThatThrownBy(() -> run(UNWATCHED, options))
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

    assertThatThrownBy(() -> run(UNWATCHED, job()))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("'completion' is a column of the input");
    JobRun.Outcome outcome = run(UNWATCHED, job("output.prefix=ai_"));

    assertThat(outcome.result().totals().failedByReason()).isEqualTo(Map.of("no text", 1L));
  }

  @Test
  void anOutputThatExistsIsRefusedBeforeAnyWork() throws IOException {
    run(UNWATCHED, job());

    assertThatThrownBy(() -> run(UNWATCHED, job("output.mode=error-if-exists")))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("out' exists");
  }

  @Test
  void anInputWithoutRowsGivesAnOutputWithoutRows() throws IOException {
    spark
        .read()
        .json(folder.resolve("in.jsonl").toString())
        .where("false")
        .write()
        .parquet(folder.resolve("none").toString());

    JobRun.Outcome outcome = run(UNWATCHED, job("input.format=parquet", "input.path=FOLDER/none"));

    assertThat(outcome.result().totals().rows()).isZero();
    assertThat(spark.read().parquet(folder.resolve("out").toString()).columns())
        .contains("body", "completion", "lineage");
  }

  /// Rows of the output as texts, without what may differ from run to run, sorted.
  private List<String> output() {
    return spark
        .read()
        .parquet(folder.resolve("out").toString())
        .selectExpr("to_json(struct(id, body, completion, error, finish_reason, lineage))")
        .as(Encoders.STRING())
        .collectAsList()
        .stream()
        .sorted()
        .toList();
  }

  private JobOptions resuming(String... assignments) {
    return job(
        Stream.concat(Stream.of("output.mode=resume"), Stream.of(assignments))
            .toArray(String[]::new));
  }

  private void addInput(String... rows) throws IOException {
    Files.write(folder.resolve("in.jsonl"), List.of(rows), StandardOpenOption.APPEND);
  }

  @Test
  void aSecondRunDoesOnlyWhatIsMissing() throws IOException {
    run(UNWATCHED, resuming());
    List<String> first = output();
    addInput(
        "{\"id\": \"new\", \"body\": \"The ferry to Tor was late again.\"}",
        "{\"id\": \"none\", \"body\": \"\"}");

    JobRun.Outcome second = run(WATCHED, resuming());

    assertThat(second.result().rowsBefore()).isEqualTo(6);
    assertThat(second.result().totals().rows()).isEqualTo(2);
    assertThat(second.result().totals().generatedRequests()).isEqualTo(1);
    assertThat(progress.toString()).startsWith("\r\u001b[K0 of 2 rows");
    assertThat(output()).hasSize(8).containsAll(first);
    JobRun.Outcome third = run(UNWATCHED, resuming());
    assertThat(third.result().totals()).isEqualTo(Totals.NONE);
    assertThat(third.result().rounds()).isZero();
    assertThat(output()).hasSize(8);
  }

  @Test
  void equalRequestsAreGeneratedOnceAndEqualRowsStay() throws IOException {
    String twin = "{\"id\": \"twin\", \"body\": \"The ferry to Tor was late again.\"}";
    Files.write(folder.resolve("in.jsonl"), Collections.nCopies(5, twin));

    JobRun.Outcome first = run(UNWATCHED, resuming("input.key=[]"));
    addInput("{\"id\": \"other\", \"body\": \"The ferry to Tor was late again.\"}", twin);
    JobRun.Outcome second = run(UNWATCHED, resuming("input.key=[]"));

    assertThat(first.result().totals().requests()).isEqualTo(5);
    assertThat(first.result().totals().generatedRequests()).isEqualTo(1);
    assertThat(second.result().totals().rows()).isEqualTo(2);
    assertThat(second.result().totals().generatedRequests()).isZero();
    assertThat(second.result().kernels()).as("no engine generates anything").isEmpty();
    Dataset<Row> rows = spark.read().parquet(folder.resolve("out").toString());
    assertThat(rows.count()).isEqualTo(7);
    assertThat(rows.select("completion", "lineage.request_id").distinct().count()).isEqualTo(1);
    assertThat(rows.select("lineage.row_id").distinct().count()).isEqualTo(7);
    assertThat(rows.where("timing.prefill_ms > 0").count()).isEqualTo(1);
    assertThat(rows.where("usage.cached = usage.prompt").count()).isEqualTo(6);
  }

  @Test
  void aRunThatIsStoppedByItsLimitsIsGoneOnWith() throws IOException {
    run(UNWATCHED, resuming("output.round-rows=100"));
    List<String> undisturbed = output();
    FileUtils.deleteDirectory(folder.resolve("out").toFile());

    JobRun.Outcome late = run(UNWATCHED, resuming("limits.deadline=0s"));
    JobRun.Outcome poor = run(UNWATCHED, resuming("limits.max-tokens=250", "output.round-rows=1"));
    JobRun.Outcome rest = run(UNWATCHED, resuming("output.round-rows=2"));

    assertThat(late.result().totals().rows()).isZero();
    assertThat(late.result().rowsLeft()).isEqualTo(6);
    assertThat(late.result().stopped()).startsWith("the deadline, ").endsWith(", has come");
    assertThat(poor.result().stopped()).contains("limits.max-tokens, 250");
    assertThat(poor.result().totals().generatedTokens()).isBetween(1L, 250L);
    assertThat(poor.result().rowsLeft() + poor.result().totals().rows()).isEqualTo(6);
    assertThat(rest.result().stopped()).isNull();
    assertThat(rest.result().totals().rows()).isEqualTo(poor.result().rowsLeft());
    assertThat(output()).isEqualTo(undisturbed);
    assertThat(folder.resolve("out/round=2")).isDirectory();
  }

  @Test
  void failedRowsAreRetriedInTheirPlaces() throws IOException {
    addInput("{\"id\": \"short\", \"body\": \"Late again.\"}");
    run(UNWATCHED, resuming("model.context=64", "sampling.max_tokens=20", "output.round-rows=2"));
    Dataset<Row> before = spark.read().parquet(folder.resolve("out").toString());
    List<Row> rounds = before.select("id", "round").orderBy("id").collectAsList();
    long failed = before.where("error is not null").count();
    List<String> kept = output().stream().filter(row -> !row.contains("\"error\"")).toList();
    assertThat(failed).isEqualTo(4);

    JobRun.Outcome retried =
        new JobRun(spark, resuming("sampling.max_tokens=20"), JobRun.Scope.FAILED_ROWS)
            .execute(UNWATCHED, new PrintWriter(progress, true));

    assertThat(retried.result().totals().rows()).isEqualTo(failed);
    assertThat(retried.result().totals().failed()).isEqualTo(3);
    Dataset<Row> after = spark.read().parquet(folder.resolve("out").toString());
    assertThat(after.select("id", "round").orderBy("id").collectAsList()).isEqualTo(rounds);
    assertThat(kept).hasSize(3);
    assertThat(output()).hasSize(7).containsAll(kept);
    assertThat(after.where("error is not null").count()).isEqualTo(3);
  }

  @Test
  void rowsLieInFoldersAndFilesAsAsked() throws IOException {
    JobOptions options = resuming("output.partition-by=[\"language\"]", "output.rows-per-file=2");
    run(UNWATCHED, options);
    addInput("{\"id\": \"new\", \"body\": \"Late again.\", \"language\": \"en\"}");

    JobRun.Outcome second = run(UNWATCHED, options);

    assertThat(second.result().totals().rows()).isEqualTo(1);
    assertThat(folder.resolve("out/round=2/language=en")).isDirectory();
    Dataset<Row> rows = spark.read().parquet(folder.resolve("out").toString());
    assertThat(rows.count()).isEqualTo(7);
    assertThat(
            rows.groupBy(functions.input_file_name()).count().agg(functions.max("count")).first())
        .extracting(row -> row.getLong(0))
        .isEqualTo(2L);
  }

  @Test
  void rowsWithOtherColumnsAreNotAdded() throws IOException {
    run(UNWATCHED, resuming());

    assertThatThrownBy(() -> run(UNWATCHED, resuming("output.prefix=ai_")))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("has the columns struct<")
        .hasMessageEndingWith("choose another output, or --set output.mode=overwrite");
    assertThatThrownBy(() -> run(UNWATCHED, resuming("output.format=json")))
        .hasMessageContaining("has parquet files, and this run would add json files");
  }

  private JobRun.Outcome newFiles(String... assignments) throws IOException {
    return new JobRun(
            spark,
            resuming(
                Stream.concat(
                        Stream.of("input.path=FOLDER/arrivals", "input.key=[]"),
                        Stream.of(assignments))
                    .toArray(String[]::new)),
            JobRun.Scope.NEW_FILES)
        .execute(UNWATCHED, new PrintWriter(progress, true));
  }

  @Test
  void newFilesAreDoneOnceAndEqualRowsOfTwoNightsStayTwo() throws IOException {
    Path arrivals = Files.createDirectory(folder.resolve("arrivals"));
    String twin = "{\"id\": \"twin\", \"body\": \"The ferry to Tor was late again.\"}\n";
    Files.writeString(arrivals.resolve("monday.json"), twin + twin);

    JobRun.Outcome monday = newFiles();
    JobRun.Outcome nothing = newFiles();
    Files.writeString(
        arrivals.resolve("tuesday.json"), twin + "{\"id\": \"new\", \"body\": \"Late.\"}\n");
    JobRun.Outcome stopped = newFiles("limits.deadline=0s");
    JobRun.Outcome tuesday = newFiles();

    assertThat(monday.result().totals().rows()).isEqualTo(2);
    assertThat(nothing.result().totals()).isEqualTo(Totals.NONE);
    assertThat(nothing.result().rounds()).isZero();
    assertThat(stopped.result().rowsLeft()).isEqualTo(1);
    assertThat(stopped.result().totals().generatedRequests()).isZero();
    assertThat(tuesday.result().totals().rows() + stopped.result().totals().rows()).isEqualTo(2);
    assertThat(tuesday.result().totals().generatedRequests()).isEqualTo(1);
    Dataset<Row> rows = spark.read().parquet(folder.resolve("out").toString());
    assertThat(rows.select("lineage.row_id").distinct().count()).isEqualTo(4);
    assertThat(rows.where("id = 'twin'").count()).isEqualTo(3);
    assertThatThrownBy(() -> run(UNWATCHED, resuming("input.path=FOLDER/arrivals", "input.key=[]")))
        .hasMessageContaining("was written with --incremental");
  }

  private Verification.Outcome verify() throws IOException {
    var out = new org.apache.hadoop.fs.Path(folder.resolve("out").toUri());
    return new Verification(
            spark, out.getFileSystem(spark.sparkContext().hadoopConfiguration()), out)
        .of(100, 0);
  }

  @Test
  void anOutputIsVerifiedFromItsLineage() throws IOException {
    run(UNWATCHED, resuming("sampling.max_tokens=20", "input.key=[]", "sampling.logprobs=2"));
    assertThat(verify()).isEqualTo(new Verification.Outcome(6, Map.of(), List.of()));

    Path rows = folder.resolve("out/round=1");
    spark
        .read()
        .parquet(rows.toString())
        .withColumn(
            "completion", functions.expr("if(id = 'doc-0002', 'something else', completion)"))
        .withColumn("body", functions.expr("if(id = 'doc-0003', 'another text', body)"))
        .coalesce(1)
        .write()
        .parquet(folder.resolve("forged").toString());
    Files.copy(rows.resolve("_round.json"), folder.resolve("forged/_round.json"));
    FileUtils.deleteDirectory(rows.toFile());
    Files.move(folder.resolve("forged"), rows);

    Verification.Outcome forged = verify();

    assertThat(forged.rows()).isEqualTo(5);
    assertThat(forged.differing().values())
        .singleElement()
        .asString()
        .startsWith("was {\"completion\":\"something else\"");
    assertThat(forged.changed()).hasSize(1);
  }

  @Test
  void rowsWhoseTextsHaveChangedAreVerifiedWithBothTheirTexts() throws IOException {
    run(UNWATCHED, resuming("sampling.max_tokens=20"));
    Path input = folder.resolve("in.jsonl");
    Files.writeString(
        input,
        Files.readString(input)
            .replace(
                "\"id\": \"empty\", \"body\": \"\"",
                "\"id\": \"empty\", \"body\": \"A text now.\""));
    run(UNWATCHED, resuming("sampling.max_tokens=20"));

    assertThat(verify()).isEqualTo(new Verification.Outcome(7, Map.of(), List.of()));
  }
}
