package org.glmspark.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.glmspark.generation.EngineOptions;
import org.glmspark.sampling.SamplingParameters;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Whatever breaks while a job runs, its output ends as if nothing had, and nothing that was
/// committed is generated again.
@Timeout(value = 30, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FaultsIT {
  private static final int REQUESTS = 48;
  private static final int ROWS = 60;
  private static final int ROUNDS = 6;
  private static final int TASKS = 2;
  private static final int MAX_TOKENS = 32;

  /// Runs with each of the faults.
  private static final int TIMES = Integer.getInteger("faults.times", 3);

  /// Less than a round takes.
  private static final long MOST_MILLIS = 300;

  /// About; most of them are the columns' descriptions.
  private static final long BYTES_OF_A_ROUND = TASKS * 10_000;

  @TempDir private static Path folder;
  private static SubmittedRuns runs;
  private static Path jar;
  private static StoredPack model;
  private static List<String> undisturbed;
  private static int outputs;

  /// What breaks.
  enum Fault {
    TASK_THROWS,
    EXECUTOR_KILLED,
    WORKER_KILLED,
    DRIVER_KILLED,
    HEAP_FULL,
    DISK_FULL,
    /// A task hangs, and only its speculative twin ends.
    TASK_HANGS,
    /// The model does not fit its checksums when it is copied.
    MODEL_DAMAGED
  }

  @BeforeAll
  static void start() throws Exception {
    jar = folder.resolve("faulty.jar");
    ClassJar.write(jar, FaultyFileSystem.class);
    model = new StoredPack(folder);
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
            "sampling.max_tokens=" + MAX_TOKENS,
            "--set",
            "output.partitions=" + TASKS,
            "--set",
            "output.round-rows=" + REQUESTS / ROUNDS);
    Dataset<Row> documents = Summaries.documents(runs.spark(), REQUESTS).select("id", "body");
    documents // some rows come twice, and have no key that tells them apart
        .union(Summaries.documents(runs.spark(), ROWS - REQUESTS).select("id", "body"))
        .write()
        .parquet(input.toString());
    undisturbed =
        Summaries.comparable(
            Summaries.summarize(
                runs.spark().read().parquet(input.toString()),
                EngineOptions.defaults().withThreads(1).withKvCacheBytes(64L << 20),
                SamplingParameters.greedy(MAX_TOKENS),
                List.of(),
                1));
    assertThat(undisturbed).hasSize(ROWS).doesNotHaveDuplicates();
  }

  @AfterAll
  static void stop() {
    if (runs != null) {
      runs.close();
    }
  }

  @Test
  void completesEveryRowOnceThroughAFullDiskAKilledDriverAndAKilledExecutor() throws Exception {
    Path output = output();
    Random random = new Random(7);
    fillDisk(output, random);
    killDriver(output, random);
    killExecutor(output, random);
    assertComplete(output);
  }

  static Stream<Arguments> faults() {
    return IntStream.range(0, TIMES)
        .boxed()
        .flatMap(time -> Arrays.stream(Fault.values()).map(fault -> Arguments.of(fault, time)));
  }

  /// More than the 24 runs of `-Pproof`: `-Dfaults.times=20`. A run takes about a minute.
  @ParameterizedTest
  @MethodSource("faults")
  @Tag("proof")
  void completesEveryRowOnceInSpiteOf(Fault fault, int time) throws Exception {
    Random random = new Random(31L * fault.name().hashCode() + time);
    Path output = output();
    switch (fault) {
      case TASK_THROWS -> meetOnce(FaultyFileSystem.Fault.EXCEPTION, output, random);
      case HEAP_FULL -> meetOnce(FaultyFileSystem.Fault.HEAP, output, random);
      case TASK_HANGS -> meetOnce(FaultyFileSystem.Fault.HANG, output, random);
      case EXECUTOR_KILLED -> killExecutor(output, random);
      case WORKER_KILLED -> killWorker(output, random);
      case DRIVER_KILLED -> {
        killDriver(output, random);
        complete(output);
      }
      case DISK_FULL -> {
        fillDisk(output, random);
        complete(output);
      }
      case MODEL_DAMAGED -> copyDamaged(output, random);
    }
    assertComplete(output);
  }

  private static Path output() {
    return folder.resolve("output-" + ++outputs);
  }

  private static void assertComplete(Path output) {
    assertThat(Summaries.comparable(runs.rows(output))).isEqualTo(undisturbed);
    assertThat(runs.generated(output)).isEqualTo(REQUESTS);
  }

  private static void meetOnce(FaultyFileSystem.Fault fault, Path output, Random random)
      throws Exception {
    Path marker = folder.resolve(output.getFileName() + "-met");
    int least = ROUNDS * TASKS / 2; // files that one of the two executors writes
    Map<String, String> settings =
        new HashMap<>(FaultyFileSystem.settings(fault, random.nextInt(least), marker));
    settings.put("spark.jars", jar.toString());
    if (fault == FaultyFileSystem.Fault.HANG) {
      settings.put("spark.speculation", "true");
      settings.put("spark.speculation.interval", "50ms");
      settings.put("spark.speculation.multiplier", "1.1");
      settings.put("spark.speculation.quantile", "0.5");
    }
    assertCompletes(runs.begin(settings, "--output", FaultyFileSystem.path(output)), output, 0);
    assertThat(marker).exists();
  }

  private static void killExecutor(Path output, Random random) throws Exception {
    long committed = runs.generated(output);
    var driver = beginUntilSomeMoment(output, random);
    List<ProcessHandle> executors = runs.cluster.executors();
    executors.get(random.nextInt(executors.size())).destroyForcibly();
    assertCompletes(driver, output, committed);
  }

  private static void killWorker(Path output, Random random) throws Exception {
    var driver = beginUntilSomeMoment(output, random);
    runs.cluster.restartWorker(random.nextInt(2));
    assertCompletes(driver, output, 0);
  }

  private static void killDriver(Path output, Random random) throws Exception {
    StandaloneCluster.Submitted killed = beginUntilSomeMoment(output, random).killed();
    assertThat(killed.exitCode()).as(killed.output()).isEqualTo(128 + 9);
  }

  private static void fillDisk(Path output, Random random) throws Exception {
    long bytes = random.nextLong(BYTES_OF_A_ROUND / 2, 3 * BYTES_OF_A_ROUND);
    Map<String, String> settings = new HashMap<>(FaultyFileSystem.full(output, bytes));
    settings.put("spark.jars", jar.toString());
    StandaloneCluster.Submitted full =
        runs.begin(settings, "--output", FaultyFileSystem.path(output)).ended();
    assertThat(full.exitCode()).as(full.output()).isEqualTo(1);
    assertThat(full.output())
        .contains(
            "the run broke off: IOException: No space left on device; the rounds that are committed"
                + " stay, and the same command goes on");
  }

  private static void copyDamaged(Path output, Random random) throws Exception {
    String[] elsewhere = {
      "--output",
      output.toString(),
      "--set",
      "model.path=" + model.uri(),
      "--set",
      "model.pack-cache=" + folder.resolve(output.getFileName() + "-packs")
    };
    long place = random.nextLong(model.size());
    model.flip(place);
    StandaloneCluster.Submitted damaged = runs.begin(Map.of(), elsewhere).ended();
    assertThat(damaged.exitCode()).as(damaged.output()).isEqualTo(1);
    assertThat(damaged.output())
        .contains("model.glmpack: is damaged: its content does not fit its checksum");
    model.flip(place);
    assertCompletes(runs.begin(Map.of(), elsewhere), output, 0);
  }

  private static void complete(Path output) throws Exception {
    long committed = runs.generated(output);
    assertCompletes(runs.begin(Map.of(), "--output", output.toString()), output, committed);
  }

  /// Begins a run and waits for one of many moments: so many rounds are committed, and the next is
  /// under way.
  private static StandaloneCluster.Driver beginUntilSomeMoment(Path output, Random random)
      throws Exception {
    int before = SubmittedRuns.runs(output).size();
    int committed = SubmittedRuns.rounds(output).size();
    int rounds = committed + random.nextInt(Math.max(1, ROUNDS - 1 - committed));
    var driver = runs.begin(Map.of(), "--output", output.toString());
    SubmittedRuns.await(
        driver,
        () ->
            SubmittedRuns.runs(output).size() > before
                && SubmittedRuns.rounds(output).size() >= rounds
                && !runs.cluster.executors().isEmpty());
    SubmittedRuns.goOn(driver, random, MOST_MILLIS);
    return driver;
  }

  /// @param committed requests that runs before have answered
  private static void assertCompletes(StandaloneCluster.Driver driver, Path output, long committed)
      throws Exception {
    StandaloneCluster.Submitted run = driver.ended();
    assertThat(run.exitCode()).as(run.output()).isZero();
    assertThat(SubmittedRuns.lastRun(output).get("generated_requests").asLong())
        .isEqualTo(REQUESTS - committed);
  }
}
