package org.glmspark.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.glmspark.generation.EngineOptions;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.GenerationResult;
import org.glmspark.generation.PrefixCache;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.udfs.AnswerCache;
import org.glmspark.udfs.Generation;
import org.glmspark.udfs.ModelHandle;
import org.glmspark.udfs.PromptSource;
import org.glmspark.udfs.ResultColumns;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The figures of the README: `mvn -B verify -Pbench -pl tests -am`.
@Tag("bench")
class SampleRunBenchmarkIT {
  private static final int ROUNDS = 5;
  private static final int COPIES = 4;
  private static final int SQL_ROWS = 1_000;

  @Test
  void measuresTheCommandOfTheReadme(@TempDir Path folder) throws Exception {
    double first = secondsOfRun(folder);
    double second = Math.min(secondsOfRun(folder), secondsOfRun(folder));
    System.out.printf(
        Locale.ROOT,
        "glm run, first after the build: %.1f s; again, best of 2: %.1f s%n",
        first,
        second);
  }

  private static double secondsOfRun(Path folder) throws IOException, InterruptedException {
    long start = System.nanoTime();
    Process run =
        new ProcessBuilder(
                SampleModel.ROOT.resolve("job/bin/glm").toString(),
                "run",
                "--output",
                folder.resolve("output").toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
    assertThat(run.waitFor(10, TimeUnit.MINUTES)).isTrue();
    assertThat(run.exitValue()).isZero();
    return (System.nanoTime() - start) / 1e9;
  }

  /// The same 1,200 rows through the same engine, by themselves and through Spark, in turns: the
  /// machine may be noisy.
  @Test
  void measuresWhatSparkAddsToTheEngine() {
    List<String> bodies = bodies();
    SparkSession spark =
        SparkSession.builder()
            .master("local[*]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "4")
            .getOrCreate();
    try {
      ModelHandle handle = ModelHandle.of(SampleModel.FOLDER, EngineOptions.defaults());
      GenerationEngine engine = handle.engine();
      Dataset<Row> input = dataset(spark, bodies);
      Generation generation =
          new Generation(
              handle,
              new PromptSource.Summarize("body", 50),
              SamplingParameters.greedy(160),
              List.of("id"),
              ResultColumns.plain(),
              0);
      double alone = Double.MAX_VALUE;
      double withSpark = Double.MAX_VALUE;
      long tokens = 0;
      for (int round = 0; round < ROUNDS; round++) {
        long start = System.nanoTime();
        tokens = completionTokens(engine, bodies);
        long middle = System.nanoTime();
        generation.apply(input).write().format("noop").mode("overwrite").save();
        long end = System.nanoTime();
        if (round > 0) { // the first warms up
          alone = Math.min(alone, (middle - start) / 1e9);
          withSpark = Math.min(withSpark, (end - middle) / 1e9);
        }
      }
      System.out.printf(
          Locale.ROOT,
          "engine alone, %d rows: %.2f s, %.0f rows/s, %.0f completion tokens/s%n",
          bodies.size(),
          alone,
          bodies.size() / alone,
          tokens / alone);
      System.out.printf(
          Locale.ROOT,
          "through Spark, the same rows: %.2f s, %.0f rows/s; Spark adds %.1f %%%n",
          withSpark,
          bodies.size() / withSpark,
          100 * (withSpark / alone - 1));
    } finally {
      spark.stop();
    }
  }

  /// The same 1,000 rows through the main job and through a function of SQL, by one engine, in
  /// turns; each goes first as often as the other. No answer and no key and value is taken from an
  /// earlier run.
  @Test
  void measuresWhatSqlAddsToTheJob() {
    SparkSession spark =
        SparkSession.builder()
            .master("local[*]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "4")
            .config("spark.glm.model", SampleModel.FOLDER.toString())
            .config("spark.glm.prefix-cache", "off")
            .getOrCreate();
    try {
      ModelHandle handle =
          ModelHandle.of(
                  SampleModel.FOLDER, EngineOptions.defaults().withPrefixCache(PrefixCache.OFF))
              .withThreadsOfExecutor();
      Dataset<Row> input = dataset(spark, bodies().subList(0, SQL_ROWS));
      input.createOrReplaceTempView("rows");
      Generation generation =
          new Generation(
              handle,
              new PromptSource.Summarize("body", 50),
              SamplingParameters.greedy(160),
              List.of("id"),
              ResultColumns.plain(),
              0);
      double job = Double.MAX_VALUE;
      double sql = Double.MAX_VALUE;
      Dataset<Row> byJob = generation.apply(input);
      for (int round = 0; round < ROUNDS; round++) {
        Dataset<Row> bySql = spark.sql("SELECT id, ai_summarize(body) AS summary FROM rows");
        boolean jobFirst = round % 2 == 0; // the second may find caches of the machine warm
        double first = secondsToRun(jobFirst ? byJob : bySql);
        double second = secondsToRun(jobFirst ? bySql : byJob);
        double ofJob = jobFirst ? first : second;
        double ofSql = jobFirst ? second : first;
        System.out.printf(Locale.ROOT, "round %d: job %.2f s, SQL %.2f s%n", round, ofJob, ofSql);
        if (round > 0) { // the first warms up
          job = Math.min(job, ofJob);
          sql = Math.min(sql, ofSql);
        }
      }
      System.out.printf(
          Locale.ROOT,
          "SELECT ai_summarize(body), %d rows: %.2f s, the job %.2f s; ratio %.3f (at most 1.1)%n",
          SQL_ROWS,
          sql,
          job,
          sql / job);
    } finally {
      spark.stop();
    }
  }

  /// Without the answers of earlier runs.
  private static double secondsToRun(Dataset<Row> rows) {
    AnswerCache.ofExecutor().clear();
    long start = System.nanoTime();
    rows.write().format("noop").mode("overwrite").save();
    return (System.nanoTime() - start) / 1e9;
  }

  private static List<String> bodies() {
    List<String> bodies = new ArrayList<>();
    for (int copy = 1; copy <= COPIES; copy++) {
      for (SampleModel.Document document : SampleModel.documents()) {
        bodies.add(document.body() + " (%d)".formatted(copy));
      }
    }
    return bodies;
  }

  private static Dataset<Row> dataset(SparkSession spark, List<String> bodies) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < bodies.size(); i++) {
      rows.add(RowFactory.create(i, bodies.get(i)));
    }
    StructType schema =
        new StructType().add("id", DataTypes.IntegerType).add("body", DataTypes.StringType);
    return spark.createDataFrame(rows, schema);
  }

  private static long completionTokens(GenerationEngine engine, List<String> bodies) {
    List<CompletableFuture<GenerationResult>> results = new ArrayList<>();
    for (String body : bodies) {
      GenerationRequest request = SampleModel.summarize(engine, body);
      results.add(engine.submit(request));
    }
    return results.stream().mapToLong(result -> result.join().usage().completion()).sum();
  }
}
