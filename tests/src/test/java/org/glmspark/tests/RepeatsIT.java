package org.glmspark.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Of rows that ask the same, one is generated, in a run of any size.
class RepeatsIT {
  private static final long MEGABYTE = 1 << 20;

  @TempDir private static Path folder;

  @Test
  @Timeout(value = 30, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void generatesTheAnswerOfEqualRowsOnce() throws Exception {
    complete(1_000, 400, 2);
  }

  @Test
  @Tag("proof")
  @Timeout(value = 6, unit = TimeUnit.HOURS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void keepsTheHeapFlatOverManyRows() throws Exception {
    Map<String, List<Long>> heaps = complete(100_000, 40_000, 10);
    heaps.forEach((process, live) -> assertFlat(process, live));
  }

  /// Runs rows whose answers are few and looks at the heaps of all processes after each round.
  ///
  /// @return live bytes, for each process that was there long enough
  private static Map<String, List<Long>> complete(int rows, int distinct, int rounds)
      throws Exception {
    Path input = folder.resolve("input-" + rows);
    Path output = folder.resolve("output-" + rows);
    Map<String, List<Long>> heaps = new TreeMap<>();
    try (var runs =
        new SubmittedRuns(
            folder.resolve("cluster-" + rows),
            List.of("127.0.0.1", "127.0.0.1"),
            "--input",
            input.toString(),
            "--output",
            output.toString(),
            "--set",
            "sampling.max_tokens=4",
            "--set",
            "output.round-rows=" + distinct / rounds)) {
      runs.spark()
          .range(0, rows, 1, 4)
          .select(
              functions.format_string("row-%06d", functions.col("id")).as("id"),
              functions
                  .format_string(
                      "The printer on floor %d failed.",
                      functions.expr("id %% %d".formatted(distinct)))
                  .as("body"))
          .write()
          .parquet(input.toString());
      var driver = runs.begin(Map.of());
      for (int round = 1; round <= rounds; round++) {
        int committed = round;
        SubmittedRuns.await(driver, () -> SubmittedRuns.rounds(output).size() >= committed);
        measure("driver", driver.process().toHandle(), heaps);
        for (ProcessHandle executor : runs.cluster.executors()) {
          measure("executor " + executor.pid(), executor, heaps);
        }
      }
      StandaloneCluster.Submitted run = driver.ended();
      assertThat(run.exitCode()).as(run.output()).isZero();
      JsonNode last = SubmittedRuns.lastRun(output);
      assertThat(last.get("requests").asLong()).isEqualTo(rows);
      assertThat(last.get("generated_requests").asLong()).isEqualTo(distinct);
      Dataset<Row> completed = runs.rows(output).where("completion IS NOT NULL");
      assertThat(completed.select("id").distinct().count()).isEqualTo(rows);
      assertThat(completed.count()).isEqualTo(rows);
      assertThat(completed.select("body", "completion").distinct().count()).isEqualTo(distinct);
    }
    return heaps;
  }

  /// Asks a JVM for the sum of its objects, after a full collection; nothing if it has ended.
  private static void measure(String name, ProcessHandle process, Map<String, List<Long>> heaps)
      throws Exception {
    Process histogram =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                String.valueOf(process.pid()),
                "GC.class_histogram")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (var lines = histogram.inputReader()) {
      lines
          .lines()
          .filter(line -> line.startsWith("Total "))
          .map(line -> Long.valueOf(line.strip().split("\\s+", 4)[2]))
          .forEach(live -> heaps.computeIfAbsent(name, _ -> new ArrayList<>()).add(live));
    }
    histogram.waitFor();
  }

  /// The second half of a run needs no more than the first.
  private static void assertFlat(String process, List<Long> live) {
    System.out.println(
        "%s: live MB after each round: %s"
            .formatted(process, live.stream().map(bytes -> bytes / MEGABYTE).toList()));
    int half = live.size() / 2;
    long first = live.subList(0, half).stream().mapToLong(Long::longValue).max().orElseThrow();
    long second =
        live.subList(half, live.size()).stream().mapToLong(Long::longValue).max().orElseThrow();
    assertThat(second).as(process).isLessThan(first + first / 5 + 8 * MEGABYTE);
  }
}
