package org.glmspark.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Whatever breaks while a job runs, its output ends as if nothing had, and nothing that was
/// committed is generated again.
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FaultsIT {
  private static final int REQUESTS = 48;
  private static final int ROWS = 60;
  private static final int ROUND_ROWS = 12;
  private static final int TASKS = 2;
  private static final int TIMES = 20;

  @TempDir private static Path folder;
  private static SubmittedRuns runs;
  private static Path jar;
  private static Undisturbed undisturbed;
  private static int outputs;

  /// What a run leaves that nothing disturbs.
  ///
  /// @param bytes of the whole output
  /// @param roundMillis how long a round took
  private record Undisturbed(List<String> rows, int rounds, long bytes, long roundMillis) {}

  /// What breaks.
  enum Fault {
    TASK_THROWS,
    EXECUTOR_KILLED,
    WORKER_KILLED,
    DRIVER_KILLED,
    HEAP_FULL,
    DISK_FULL,
    /// A task hangs, and only its speculative twin ends.
    TASK_HANGS
  }

  @BeforeAll
  static void runUndisturbed() throws Exception {
    jar = folder.resolve("faulty.jar");
    ClassJar.write(jar, FaultyFileSystem.class);
    Path input = folder.resolve("input");
    runs =
        new SubmittedRuns(
            folder.resolve("cluster"),
            List.of("127.0.0.1", "127.0.0.2"), // a twin runs on another host than the first
            "--input",
            input.toString(),
            "--set",
            "input.key=[]",
            "--set",
            "sampling.max_tokens=32",
            "--set",
            "output.partitions=" + TASKS,
            "--set",
            "output.round-rows=" + ROUND_ROWS);
    Dataset<Row> documents = Summaries.documents(runs.spark(), REQUESTS).select("id", "body");
    documents // some rows come twice, and have no key that tells them apart
        .union(Summaries.documents(runs.spark(), ROWS - REQUESTS).select("id", "body"))
        .write()
        .parquet(input.toString());
    Path output = folder.resolve("undisturbed");
    StandaloneCluster.Submitted run =
        runs.begin(Map.of(), "--output", output.toString()).ended();
    assertThat(run.exitCode()).as(run.output()).isZero();
    undisturbed =
        new Undisturbed(
            Summaries.comparable(runs.rows(output)),
            SubmittedRuns.rounds(output).size(),
            bytes(output),
            Math.round(1000 * SubmittedRuns.lastRun(output).get("seconds").asDouble())
                / SubmittedRuns.rounds(output).size());
    assertThat(undisturbed.rows()).hasSize(ROWS).doesNotHaveDuplicates();
    assertThat(undisturbed.rounds()).isEqualTo(REQUESTS / ROUND_ROWS);
    assertThat(runs.generated(output)).isEqualTo(REQUESTS);
  }

  @AfterAll
  static void stop() {
    if (runs != null) {
      runs.close();
    }
  }

  private static long bytes(Path output) throws Exception {
    long bytes = 0;
    try (var files = Files.walk(output)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        bytes += Files.size(file);
      }
    }
    return bytes;
  }

  @ParameterizedTest
  @EnumSource(names = {"DRIVER_KILLED", "EXECUTOR_KILLED", "DISK_FULL"})
  void completesEveryRowOnceInSpiteOf(Fault fault) throws Exception {
    disturb(fault, new Random(fault.ordinal()));
  }

  @ParameterizedTest
  @EnumSource
  @Tag("proof")
  @Timeout(value = 2, unit = TimeUnit.HOURS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void completesEveryRowOnceInSpiteOfManyTimes(Fault fault) throws Exception {
    Random random = new Random(TIMES + fault.ordinal());
    for (int i = 0; i < TIMES; i++) {
      disturb(fault, random);
    }
  }

  private static void disturb(Fault fault, Random random) throws Exception {
    Path output = folder.resolve("output-" + ++outputs);
    switch (fault) {
      case TASK_THROWS -> meetOnce(FaultyFileSystem.Fault.EXCEPTION, output, random);
      case HEAP_FULL -> meetOnce(FaultyFileSystem.Fault.HEAP, output, random);
      case TASK_HANGS -> meetOnce(FaultyFileSystem.Fault.HANG, output, random);
      case EXECUTOR_KILLED -> killExecutor(output, random);
      case WORKER_KILLED -> killWorker(output, random);
      case DRIVER_KILLED -> killDriver(output, random);
      case DISK_FULL -> fillDisk(output, random);
    }
    assertThat(Summaries.comparable(runs.rows(output))).isEqualTo(undisturbed.rows());
    assertThat(runs.generated(output)).isEqualTo(REQUESTS);
  }

  private static void meetOnce(FaultyFileSystem.Fault fault, Path output, Random random)
      throws Exception {
    Path marker = folder.resolve(output.getFileName() + "-met");
    int least = undisturbed.rounds() * TASKS / 2; // files that one of the two executors writes
    Map<String, String> settings =
        new HashMap<>(FaultyFileSystem.settings(fault, random.nextInt(least), marker));
    settings.put("spark.jars", jar.toString());
    if (fault == FaultyFileSystem.Fault.HANG) {
      settings.put("spark.speculation", "true");
      settings.put("spark.speculation.interval", "50ms");
      settings.put("spark.speculation.multiplier", "1.1");
      settings.put("spark.speculation.quantile", "0.5");
    }
    var driver = runs.begin(settings, "--output", FaultyFileSystem.path(output));
    assertCompletes(driver, output, 0);
    assertThat(marker).exists();
  }

  private static void killExecutor(Path output, Random random) throws Exception {
    var driver = runs.begin(Map.of(), "--output", output.toString());
    awaitSomeMoment(driver, output, random);
    List<ProcessHandle> executors = runs.cluster.executors();
    executors.get(random.nextInt(executors.size())).destroyForcibly();
    assertCompletes(driver, output, 0);
  }

  private static void killWorker(Path output, Random random) throws Exception {
    var driver = runs.begin(Map.of(), "--output", output.toString());
    awaitSomeMoment(driver, output, random);
    runs.cluster.restartWorker(random.nextInt(2));
    assertCompletes(driver, output, 0);
  }

  private static void killDriver(Path output, Random random) throws Exception {
    var driver = runs.begin(Map.of(), "--output", output.toString());
    awaitSomeMoment(driver, output, random);
    StandaloneCluster.Submitted killed = driver.killed();
    assertThat(killed.exitCode()).as(killed.output()).isEqualTo(128 + 9);
    long committed = runs.generated(output);
    assertCompletes(runs.begin(Map.of(), "--output", output.toString()), output, committed);
  }

  private static void fillDisk(Path output, Random random) throws Exception {
    Map<String, String> settings =
        new HashMap<>(
            FaultyFileSystem.full(
                output, random.nextLong(undisturbed.bytes() / 10, undisturbed.bytes() / 2)));
    settings.put("spark.jars", jar.toString());
    StandaloneCluster.Submitted full =
        runs.begin(settings, "--output", FaultyFileSystem.path(output)).ended();
    assertThat(full.exitCode()).as(full.output()).isEqualTo(1);
    assertThat(full.output()).contains("No space left on device");
    long committed = runs.generated(output);
    settings.putAll(FaultyFileSystem.full(output, 10 * undisturbed.bytes()));
    assertCompletes(
        runs.begin(settings, "--output", FaultyFileSystem.path(output)), output, committed);
  }

  /// Waits for one of many moments: so many rounds are committed, and the next is under way.
  private static void awaitSomeMoment(
      StandaloneCluster.Driver driver, Path output, Random random) throws Exception {
    int rounds = random.nextInt(undisturbed.rounds() - 1);
    SubmittedRuns.await(
        driver,
        () ->
            SubmittedRuns.rounds(output).size() >= rounds
                && !SubmittedRuns.runs(output).isEmpty());
    SubmittedRuns.goOn(driver, random, undisturbed.roundMillis());
  }

  /// @param committed requests that runs before have answered
  private static void assertCompletes(
      StandaloneCluster.Driver driver, Path output, long committed) throws Exception {
    StandaloneCluster.Submitted run = driver.ended();
    assertThat(run.exitCode()).as(run.output()).isZero();
    assertThat(SubmittedRuns.lastRun(output).get("generated_requests").asLong())
        .isEqualTo(REQUESTS - committed);
  }
}
