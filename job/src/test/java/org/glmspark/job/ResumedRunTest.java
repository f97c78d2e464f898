package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.apache.commons.io.FileUtils;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.glmspark.job.options.RefusedException;
import org.glmspark.job.report.LocalSpark;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Runs that go on with what is in their output: after others, after limits, and to retry.
class ResumedRunTest {
  @TempDir Path folder;
  private SampleJob job;

  @BeforeEach
  void writeInput() throws IOException {
    job = SampleJob.in(folder).with("output.mode=resume");
  }

  @Test
  void aSecondRunDoesOnlyWhatIsMissing() throws IOException {
    job.run();
    List<String> first = job.rows();
    job.addInput(
        "{\"id\": \"new\", \"body\": \"The ferry to Tor was late again.\"}",
        "{\"id\": \"none\", \"body\": \"\"}");

    JobRun.Outcome second = job.runWatched();

    assertThat(second.result().rowsBefore()).isEqualTo(6);
    assertThat(second.result().totals().rows()).isEqualTo(2);
    assertThat(second.result().totals().generatedRequests()).isEqualTo(1);
    assertThat(job.progress()).startsWith("\r\u001b[K0 of 2 rows");
    assertThat(job.rows()).hasSize(8).containsAll(first);
    JobRun.Outcome third = job.run();
    assertThat(third.result().totals()).isEqualTo(Totals.NONE);
    assertThat(third.result().rounds()).isZero();
    assertThat(job.rows()).hasSize(8);
  }

  @Test
  void equalRequestsAreGeneratedOnceAndEqualRowsStay() throws IOException {
    String twin = "{\"id\": \"twin\", \"body\": \"The ferry to Tor was late again.\"}";
    Files.write(folder.resolve("in.jsonl"), Collections.nCopies(5, twin));

    JobRun.Outcome first = job.run("input.key=[]");
    job.addInput("{\"id\": \"other\", \"body\": \"The ferry to Tor was late again.\"}", twin);
    JobRun.Outcome second = job.run("input.key=[]");

    assertThat(first.result().totals().requests()).isEqualTo(5);
    assertThat(first.result().totals().generatedRequests()).isEqualTo(1);
    assertThat(second.result().totals().rows()).isEqualTo(2);
    assertThat(second.result().totals().generatedRequests()).isZero();
    assertThat(second.result().kernels()).as("no engine generates anything").isEmpty();
    Dataset<Row> rows = job.output();
    assertThat(rows.count()).isEqualTo(7);
    assertThat(rows.select("completion", "lineage.request_id").distinct().count()).isEqualTo(1);
    assertThat(rows.select("lineage.row_id").distinct().count()).isEqualTo(7);
    assertThat(rows.where("timing.prefill_ms > 0").count()).isEqualTo(1);
    assertThat(rows.where("usage.cached = usage.prompt").count()).isEqualTo(6);
  }

  @Test
  void aRunThatIsStoppedByItsLimitsIsGoneOnWith() throws IOException {
    job.run("output.round-rows=100");
    List<String> undisturbed = job.rows();
    FileUtils.deleteDirectory(folder.resolve("out").toFile());

    JobRun.Outcome late = job.run("limits.deadline=0s");
    JobRun.Outcome poor = job.run("limits.max-tokens=250", "output.round-rows=1");
    JobRun.Outcome rest = job.run("output.round-rows=2");

    assertThat(late.result().totals().rows()).isZero();
    assertThat(late.result().rowsLeft()).isEqualTo(6);
    assertThat(late.result().stopped()).startsWith("the deadline, ").endsWith(", has come");
    assertThat(poor.result().stopped()).contains("limits.max-tokens, 250");
    assertThat(poor.result().totals().generatedTokens()).isBetween(1L, 250L);
    assertThat(poor.result().rowsLeft() + poor.result().totals().rows()).isEqualTo(6);
    assertThat(rest.result().stopped()).isNull();
    assertThat(rest.result().totals().rows()).isEqualTo(poor.result().rowsLeft());
    assertThat(job.rows()).isEqualTo(undisturbed);
    assertThat(folder.resolve("out/round=2")).isDirectory();
  }

  @Test
  void sparksUserInterfaceNamesTheRounds() throws Exception {
    SparkContext spark = LocalSpark.session().sparkContext();
    var listener = new NamesInSparkUi();
    NamesInSparkUi.NAMES.clear();
    spark.addSparkListener(listener);
    try {
      job.run("output.round-rows=4");
      spark.listenerBus().waitUntilEmpty();
    } finally {
      spark.removeSparkListener(listener);
    }
    assertThat(NamesInSparkUi.NAMES)
        .contains("round 1: 4 requests", "round 2: 2 requests", "without a name");
  }

  @Test
  void failedRowsAreRetriedInTheirPlaces() throws IOException {
    job.addInput("{\"id\": \"short\", \"body\": \"Late again.\"}");
    job.run("model.context=64", "sampling.max_tokens=20", "output.round-rows=2");
    Dataset<Row> before = job.output();
    List<Row> rounds = before.select("id", "round").orderBy("id").collectAsList();
    long failed = before.where("error is not null").count();
    List<String> kept = job.rows().stream().filter(row -> !row.contains("\"error\"")).toList();
    assertThat(failed).isEqualTo(4);

    JobRun.Outcome retried = job.run(JobRun.Scope.FAILED_ROWS, "sampling.max_tokens=20");

    assertThat(retried.result().totals().rows()).isEqualTo(failed);
    assertThat(retried.result().totals().failed()).isEqualTo(3);
    Dataset<Row> after = job.output();
    assertThat(after.select("id", "round").orderBy("id").collectAsList()).isEqualTo(rounds);
    assertThat(kept).hasSize(3);
    assertThat(job.rows()).hasSize(7).containsAll(kept);
    assertThat(after.where("error is not null").count()).isEqualTo(3);
    JsonNode report = new ObjectMapper().readTree(folder.resolve("out/_glm/report.json").toFile());
    assertThat(report.get("slowest_rows").findValuesAsText("row_id"))
        .as("nothing of rows that were kept")
        .containsExactly("doc-0002");
    assertThat(folder.resolve("out/_glm/staging")).isEmptyDirectory();
  }

  @Test
  void aRetryDoesNotAskAgainWhatHasAnAnswerNow() throws IOException {
    String body = "The ferry to Tor was late again. ".repeat(8);
    job.addInput("{\"id\": \"first\", \"body\": \"%s\"}".formatted(body));
    job.run("model.context=64", "sampling.max_tokens=20");
    job.addInput("{\"id\": \"twin\", \"body\": \"%s\"}".formatted(body));
    job.run("model.context=64", "sampling.max_tokens=20");
    assertThat(job.output().where("id in ('first', 'twin') and error is null").count()).isZero();

    JobRun.Outcome retried = job.run(JobRun.Scope.FAILED_ROWS, "sampling.max_tokens=20");
    JobRun.Outcome again = job.run(JobRun.Scope.FAILED_ROWS, "sampling.max_tokens=20");

    Dataset<Row> twins = job.output().where("id in ('first', 'twin')");
    assertThat(twins.select("completion").distinct().count()).isEqualTo(1);
    assertThat(twins.where("timing.prefill_ms > 0").count()).isEqualTo(1);
    assertThat(twins.where("error is not null").count()).isZero();
    assertThat(retried.result().rowsLeft()).isZero();
    assertThat(again.result().totals().generatedRequests()).isZero();
  }

  @Test
  void aRowThatHasSucceededInAnotherRoundIsNotRetried() throws IOException {
    job.run("sampling.max_tokens=20");
    job.run("sampling.max_tokens=20", "request.long=map-reduce");
    assertThat(job.output().where("id = 'long'").count()).isEqualTo(2);

    JobRun.Outcome retried =
        job.run(JobRun.Scope.FAILED_ROWS, "sampling.max_tokens=20", "request.long=map-reduce");

    assertThat(retried.result().totals().generatedRequests()).isZero();
    assertThat(retried.result().rowsLeft()).isZero();
    Dataset<Row> rows = job.output();
    assertThat(rows.select("lineage.row_id", "lineage.request_id").distinct().count())
        .isEqualTo(rows.count());
  }

  /// Spark orders texts by their bytes, Java by halves of characters.
  @Test
  void rowsAreCompletedWhateverTheirIds() throws IOException {
    Files.writeString(
        folder.resolve("in.jsonl"),
        "{\"id\": \"\uFF0C\", \"body\": null}\n{\"id\": \"\uD83D\uDE00\", \"body\": null}\n");

    JobRun.Outcome outcome = job.run();

    assertThat(outcome.result().rowsLeft()).isZero();
    assertThat(job.output().count()).isEqualTo(2);
  }

  @Test
  void rowsLieInFoldersAndFilesAsAsked() throws IOException {
    SampleJob inFolders = job.with("output.partition-by=[\"language\"]", "output.rows-per-file=2");
    inFolders.run();
    job.addInput("{\"id\": \"new\", \"body\": \"Late again.\", \"language\": \"en\"}");

    JobRun.Outcome second = inFolders.run();

    assertThat(second.result().totals().rows()).isEqualTo(1);
    assertThat(folder.resolve("out/round=2/language=en")).isDirectory();
    Dataset<Row> rows = job.output();
    assertThat(rows.count()).isEqualTo(7);
    assertThat(
            rows.groupBy(functions.input_file_name()).count().agg(functions.max("count")).first())
        .extracting(row -> row.getLong(0))
        .isEqualTo(2L);
  }

  @Test
  void rowsWithOtherColumnsAreNotAdded() throws IOException {
    job.run();

    assertThatThrownBy(() -> job.run("output.prefix=ai_"))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("has the columns struct<")
        .hasMessageEndingWith("choose another output, or --set output.mode=overwrite");
    assertThatThrownBy(() -> job.run("output.format=json"))
        .hasMessageContaining("has parquet files, and this run would add json files");
    assertThatThrownBy(() -> job.run("output.partition-by=[\"language\"]"))
        .hasMessageContaining(
            "has folders by output.partition-by=[], and this run would add folders by"
                + " output.partition-by=[language]");
    assertThatThrownBy(() -> job.run("input.key=[]"))
        .hasMessageContaining(
            "has row ids by input.key=[id], and this run would add row ids by input.key=[]");
  }
}
