package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.glmspark.job.options.RefusedException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Runs with `--incremental`.
class NewFilesTest {
  @TempDir Path folder;
  private SampleJob job;

  @BeforeEach
  void writeInput() throws IOException {
    job =
        SampleJob.in(folder)
            .with("output.mode=resume", "input.path=FOLDER/arrivals", "input.key=[]");
  }

  private JobRun.Outcome newFiles(String... assignments) throws IOException {
    return job.run(JobRun.Scope.NEW_FILES, assignments);
  }

  @Test
  void filesThatHaveBeenTakenAwayAreNothingNew() throws IOException {
    Path arrivals = Files.createDirectory(folder.resolve("arrivals"));
    assertThatThrownBy(() -> newFiles())
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("cannot be read as json");
    Path monday =
        Files.writeString(
            arrivals.resolve("monday.json"), "{\"id\": \"one\", \"body\": \"Late.\"}\n");
    newFiles();
    Files.delete(monday);

    JobRun.Outcome nothing = newFiles();
    Files.writeString(
        arrivals.resolve("tuesday.json"), "{\"id\": \"two\", \"body\": \"Late again.\"}\n");
    JobRun.Outcome tuesday = newFiles();

    assertThat(nothing.result().totals()).isEqualTo(Totals.NONE);
    assertThat(tuesday.result().totals().rows()).isEqualTo(1);
    assertThat(job.output().count()).isEqualTo(2);
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
    Dataset<Row> rows = job.output();
    assertThat(rows.select("lineage.row_id").distinct().count()).isEqualTo(4);
    assertThat(rows.where("id = 'twin'").count()).isEqualTo(3);
    assertThatThrownBy(() -> job.run()).hasMessageContaining("was written with --incremental");
    assertThatThrownBy(() -> job.run(JobRun.Scope.FAILED_ROWS))
        .hasMessageContaining("--retry-failed cannot tell which of the input they are");
  }
}
