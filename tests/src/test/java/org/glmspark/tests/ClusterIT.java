package org.glmspark.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.glmspark.generation.EngineOptions;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.udfs.ExecutorEngines;
import org.glmspark.udfs.GlmPlugin;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A cluster of one master and two workers does what one process does.
class ClusterIT {
  private static final int DOCUMENTS = 60;
  private static final EngineOptions OPTIONS =
      EngineOptions.defaults().withThreads(1).withKvCacheBytes(64L << 20);
  private static final SamplingParameters GREEDY = SamplingParameters.greedy(160);

  @TempDir private static Path folder;
  private static StandaloneCluster cluster;
  private static String input;
  private static List<String> inOneProcess;

  @BeforeAll
  static void start() throws Exception {
    input = folder.resolve("input").toString();
    try (SparkSession spark = Summaries.session("local[2]").getOrCreate()) {
      Dataset<Row> documents = Summaries.documents(spark, DOCUMENTS);
      documents
          .select("id", "body")
          .union(
              spark.sql(
                  """
                  VALUES ('null', NULL), ('empty', ''),
                    ('long', repeat('All work and no play makes Jack a dull boy. ', 500))\
                  """))
          .write()
          .parquet(input);
      inOneProcess = summarize(spark, 1);
    }
    cluster = new StandaloneCluster(folder);
  }

  @AfterAll
  static void stop() {
    if (cluster != null) {
      cluster.close();
    }
  }

  private static List<String> summarize(SparkSession spark, int partitions) {
    return Summaries.comparable(
        Summaries.summarize(
            spark.read().parquet(input), OPTIONS, GREEDY, List.of("id"), partitions));
  }

  @Test
  void completesEveryRowOfASubmittedJobAsOneProcessDoes() throws Exception {
    Path output = folder.resolve("output");

    StandaloneCluster.Submitted run =
        cluster.submit(
            "run",
            SampleModel.ROOT.resolve("conf").resolve("sample.json").toString(),
            "--input",
            input,
            "--output",
            output.toString(),
            "--set",
            "output.partitions=7",
            "--set",
            "request.long=error",
            "--set",
            "request.part-tokens=0",
            "--set",
            "sampling.max_tokens=160",
            "--set",
            "engine.kv-cache-bytes=" + (64L << 20));

    assertThat(run.exitCode()).as(run.output()).isZero();
    try (SparkSession spark = Summaries.session("local[1]").getOrCreate()) {
      Dataset<Row> rows = spark.read().parquet(output.toString());
      assertThat(Summaries.comparable(rows)).isEqualTo(inOneProcess);
      List<Row> failed =
          rows.where("finish_reason = 'error'").select("id", "error").orderBy("id").collectAsList();
      assertThat(failed)
          .extracting(row -> row.getString(0))
          .containsExactly("empty", "long", "null");
      assertThat(failed.get(0).getString(1)).isEqualTo("no text: column 'body' is empty");
      assertThat(failed.get(1).getString(1)).startsWith("prompt too long: ");
      assertThat(failed.get(2).getString(1)).isEqualTo("no text: column 'body' is null");
      assertThat(rows.where("completion IS NOT NULL AND error IS NULL").count())
          .isEqualTo(DOCUMENTS);
    }
  }

  @Test
  void opensTheModelOnceOnEachExecutor() throws Exception {
    try (SparkSession spark =
        Summaries.session(cluster.url())
            .config("spark.jars", StandaloneCluster.APPLICATION.toString())
            .config("spark.executor.memory", "600m")
            .config("spark.cores.max", 2)
            .config(
                "spark.scheduler.minRegisteredResourcesRatio", 1) // both executors from the start
            .config("spark.plugins", GlmPlugin.class.getName())
            .config("spark.glm.model", SampleModel.FOLDER.toString())
            .config("spark.glm.threads", OPTIONS.threads())
            .config("spark.glm.kv-cache-bytes", OPTIONS.kvCacheBytes())
            .config("spark.ui.enabled", true)
            .config("spark.ui.port", 0)
            .config("spark.metrics.namespace", "glm")
            .getOrCreate()) {
      var pages = new MetricsPages(spark);
      assertThat(pages.reaches("engines", 2)).isTrue();

      assertThat(summarize(spark, 200)).isEqualTo(inOneProcess);
      assertThat(ExecutorEngines.openedByExecutor(spark)).isEqualTo(Map.of("0", 1, "1", 1));
      int drawn =
          SampleModel.documents().stream()
              .limit(DOCUMENTS)
              .mapToInt(SampleModel.Document::drawn)
              .sum();
      assertThat(pages.reaches("decode-tokens", drawn))
          .as("%s, expected %d", pages.gauge("decode-tokens"), drawn)
          .isTrue();
    }
  }
}
