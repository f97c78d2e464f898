package org.glmspark.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/// `glm run` on a cluster of this machine, and what runs leave in their outputs.
final class SubmittedRuns implements AutoCloseable {
  final StandaloneCluster cluster;
  private final SparkSession spark;
  private final List<String> arguments;

  /// @param folder for what the cluster writes
  /// @param hosts of the workers
  /// @param arguments of every run
  SubmittedRuns(Path folder, List<String> hosts, String... arguments) throws Exception {
    cluster = new StandaloneCluster(Files.createDirectories(folder), hosts);
    spark = Summaries.session("local[1]").getOrCreate();
    this.arguments =
        Stream.concat(
                Stream.of(
                    "run",
                    SampleModel.ROOT.resolve("conf").resolve("sample.json").toString(),
                    "--set",
                    "output.mode=resume",
                    "--set",
                    "engine.kv-cache-bytes=" + (64L << 20)),
                Stream.of(arguments))
            .toList();
  }

  /// A session to make inputs and read outputs with.
  SparkSession spark() {
    return spark;
  }

  /// Starts a run.
  ///
  /// @param settings of Spark
  /// @param more arguments
  StandaloneCluster.Driver begin(Map<String, String> settings, String... more) throws IOException {
    String[] all = Stream.concat(arguments.stream(), Arrays.stream(more)).toArray(String[]::new);
    return cluster.begin(settings, all);
  }

  /// Waits for something that a run does.
  static void await(StandaloneCluster.Driver driver, BooleanSupplier sign) throws Exception {
    while (!sign.getAsBoolean()) {
      boolean ended = driver.process().waitFor(5, TimeUnit.MILLISECONDS);
      assertThat(ended && !sign.getAsBoolean())
          .as(() -> "the run ended early: " + log(driver))
          .isFalse();
    }
  }

  private static String log(StandaloneCluster.Driver driver) {
    try {
      return Files.readString(driver.log());
    } catch (IOException e) {
      return e.toString();
    }
  }

  /// Lets a run go on for some time, or until it ends.
  static void goOn(StandaloneCluster.Driver driver, Random random, long mostMillis)
      throws InterruptedException {
    var _ = driver.process().waitFor(random.nextLong(mostMillis), TimeUnit.MILLISECONDS);
  }

  /// The rounds of an output that are committed.
  static List<Path> rounds(Path output) {
    return list(output, "round=*");
  }

  /// The files of an output's runs, the oldest first.
  static List<Path> runs(Path output) {
    return list(output.resolve("_glm").resolve("runs"), "*.json");
  }

  static List<Path> list(Path folder, String pattern) {
    List<Path> found = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, pattern)) {
        files.forEach(found::add);
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }
    Collections.sort(found);
    return found;
  }

  /// What the last run of an output said of itself.
  static JsonNode lastRun(Path output) throws IOException {
    return new ObjectMapper().readTree(runs(output).getLast().toFile());
  }

  /// The rows of an output.
  Dataset<Row> rows(Path output) {
    return spark.read().parquet(output.toString());
  }

  /// How many answers of an output were generated for it, each of which has one row with times.
  long generated(Path output) {
    return rounds(output).isEmpty() ? 0 : rows(output).where("timing.prefill_ms > 0").count();
  }

  @Override
  public void close() {
    spark.stop();
    cluster.close();
  }
}
