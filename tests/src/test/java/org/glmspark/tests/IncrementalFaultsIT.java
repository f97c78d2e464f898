package org.glmspark.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.functions;
import org.glmspark.generation.EngineOptions;
import org.glmspark.sampling.SamplingParameters;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Files that come one after the other are completed once each, whenever a run is killed.
class IncrementalFaultsIT {
  private static final int ROWS_OF_A_FILE = 12;
  private static final int ROUNDS_OF_A_FILE = 2;
  private static final int MAX_TOKENS = 32;
  private static final long MOST_MILLIS = 200;

  @TempDir private static Path folder;

  /// How far a run is when it is killed.
  private enum Stage {
    /// It has the output.
    BEGUN,
    /// It knows what is new.
    PLANNED,
    /// Some of that is committed.
    HALF_COMMITTED,
    /// All of it is, and not yet counted as read.
    COMMITTED
  }

  @Test
  @Timeout(value = 30, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void completesTheRowsOfEveryFileOnce() throws Exception {
    complete(List.of(List.of(Stage.HALF_COMMITTED)));
  }

  @Test
  @Tag("proof")
  @Timeout(value = 6, unit = TimeUnit.HOURS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void completesTheRowsOfEveryFileOnceWithAKillAtEveryStage() throws Exception {
    complete(
        List.of(
            List.of(Stage.BEGUN),
            List.of(Stage.PLANNED),
            List.of(Stage.HALF_COMMITTED),
            List.of(Stage.COMMITTED),
            List.of(Stage.values())));
  }

  /// @param arrivals for each file that comes, when runs are killed before one is not
  private static void complete(List<List<Stage>> arrivals) throws Exception {
    Path input = folder.resolve("input");
    Path output = folder.resolve("output");
    Random random = new Random(arrivals.size());
    try (var runs =
        new SubmittedRuns(
            folder.resolve("cluster"),
            List.of("127.0.0.1", "127.0.0.1"),
            "--incremental",
            "--input",
            input.toString(),
            "--output",
            output.toString(),
            "--set",
            "sampling.max_tokens=" + MAX_TOKENS,
            "--set",
            "output.round-rows=" + ROWS_OF_A_FILE / ROUNDS_OF_A_FILE)) {
      int files = 0;
      for (List<Stage> kills : arrivals) {
        documents(runs, ++files)
            .where(functions.col("id").gt("doc-%04d".formatted((files - 1) * ROWS_OF_A_FILE)))
            .coalesce(1)
            .write()
            .mode(SaveMode.Append)
            .parquet(input.toString());
        for (Stage stage : kills) {
          killAt(stage, files, runs.begin(Map.of()), output, random);
        }
        assertCompletes(runs.begin(Map.of()));
        assertThat(Summaries.comparable(runs.rows(output))).isEqualTo(expected(runs, files));
        assertThat(runs.generated(output)).isEqualTo((long) files * ROWS_OF_A_FILE);
      }
      List<Path> before = filesOfRounds(output);
      assertCompletes(runs.begin(Map.of()));
      assertThat(filesOfRounds(output)).isEqualTo(before);
      JsonNode last = SubmittedRuns.lastRun(output);
      assertThat(last.get("rows").asLong()).isZero();
    }
  }

  private static Dataset<Row> documents(SubmittedRuns runs, int files) {
    return Summaries.documents(runs.spark(), files * ROWS_OF_A_FILE).select("id", "body");
  }

  private static List<String> expected(SubmittedRuns runs, int files) {
    return Summaries.comparable(
        Summaries.summarize(
            documents(runs, files),
            EngineOptions.defaults().withThreads(1).withKvCacheBytes(64L << 20),
            SamplingParameters.greedy(MAX_TOKENS),
            List.of("id"),
            1));
  }

  /// @param files that have come; those before the last are done
  private static void killAt(
      Stage stage, int files, StandaloneCluster.Driver driver, Path output, Random random)
      throws Exception {
    int runsBefore = SubmittedRuns.runs(output).size();
    int done = (files - 1) * ROUNDS_OF_A_FILE;
    Path offsets = output.resolve("_glm").resolve("checkpoint").resolve("offsets");
    SubmittedRuns.await(
        driver,
        () ->
            switch (stage) {
              case BEGUN -> SubmittedRuns.runs(output).size() > runsBefore;
              case PLANNED -> SubmittedRuns.list(offsets, "[0-9]*").size() >= files;
              case HALF_COMMITTED -> SubmittedRuns.rounds(output).size() > done;
              case COMMITTED -> SubmittedRuns.rounds(output).size() >= done + ROUNDS_OF_A_FILE;
            });
    if (stage != Stage.COMMITTED) { // which lasts shortly
      SubmittedRuns.goOn(driver, random, MOST_MILLIS);
    }
    StandaloneCluster.Submitted killed = driver.killed();
    assertThat(killed.exitCode()).as(killed.output()).isEqualTo(128 + 9);
  }

  private static void assertCompletes(StandaloneCluster.Driver driver) throws Exception {
    StandaloneCluster.Submitted run = driver.ended();
    assertThat(run.exitCode()).as(run.output()).isZero();
  }

  private static List<Path> filesOfRounds(Path output) throws IOException {
    List<Path> files = new ArrayList<>();
    for (Path round : SubmittedRuns.rounds(output)) {
      files.addAll(SubmittedRuns.list(round, "*"));
    }
    return files;
  }
}
