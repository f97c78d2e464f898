package org.glmspark.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.glmspark.generation.EngineOptions;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.udfs.Generation;
import org.glmspark.udfs.ModelHandle;
import org.glmspark.udfs.PromptSource;
import org.glmspark.udfs.ResultColumns;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What equal tokens for all executors gain over equal rows: `mvn -B verify -Pbench -pl tests -am`.
///
/// Texts are as long as Zipf has it, the second half as long as the first, the third a third.
@Tag("bench")
class BalanceBenchmarkIT {
  private static final int CORPORA = 3;
  private static final int ROWS = 60;
  private static final int LONGEST_CHARACTERS = 40_000;
  private static final int CONTEXT_TOKENS = 32_768;
  private static final long KV_CACHE_BYTES = 256L << 20;
  private static final int MAX_TOKENS = 8;
  private static final StructType SCHEMA =
      new StructType().add("id", DataTypes.StringType).add("body", DataTypes.StringType);

  @TempDir private static Path folder;

  @Test
  void measuresWhatEqualTokensGain() throws Exception {
    Path model = modelOfLongTexts();
    double byRows = 0;
    double byTokens = 0;
    for (int corpus = 1; corpus <= CORPORA; corpus++) {
      Path input = folder.resolve("input-" + corpus);
      double rows;
      double tokens;
      try (var runs =
          new SubmittedRuns(
              folder.resolve("cluster-" + corpus), List.of("127.0.0.1", "127.0.0.1"))) {
        write(runs.spark(), input, new Random(corpus));
        tokens = secondsByTokens(runs, model, input);
        runs.spark().stop();
        rows = secondsByRows(runs.cluster.url(), model, input);
      }
      System.out.printf(
          Locale.ROOT, "corpus %d: equal rows %.1f s, equal tokens %.1f s%n", corpus, rows, tokens);
      byRows += rows;
      byTokens += tokens;
    }
    System.out.printf(
        Locale.ROOT,
        "%d skewed rows on two executors: equal rows %.1f s, equal tokens %.1f s; ratio %.3f"
            + " (below 0.9)%n",
        CORPORA * ROWS,
        byRows,
        byTokens,
        byTokens / byRows);
  }

  /// The sample model, told that it takes long texts: what it says of them is worth nothing, what
  /// they cost is real.
  private static Path modelOfLongTexts() throws IOException {
    Path model = Files.createDirectory(folder.resolve("model"));
    try (DirectoryStream<Path> files = Files.newDirectoryStream(SampleModel.FOLDER)) {
      for (Path file : files) {
        Files.copy(file, model.resolve(file.getFileName()));
      }
    }
    Path file = model.resolve("config.json");
    ObjectMapper json = new ObjectMapper();
    ObjectNode config = (ObjectNode) json.readTree(file.toFile());
    config.put("seq_length", CONTEXT_TOKENS);
    json.writeValue(file.toFile(), config);
    return model;
  }

  private static void write(SparkSession spark, Path input, Random random) {
    List<String> bodies = SampleModel.documents().stream().map(SampleModel.Document::body).toList();
    List<Row> rows = new ArrayList<>();
    for (int rank = 1; rank <= ROWS; rank++) {
      var text = new StringBuilder();
      while (text.length() < LONGEST_CHARACTERS / rank) {
        text.append(bodies.get(random.nextInt(bodies.size()))).append(' ');
      }
      String id = "%08x".formatted(random.nextInt());
      rows.add(RowFactory.create(id, text.substring(0, LONGEST_CHARACTERS / rank)));
    }
    spark.createDataFrame(rows, SCHEMA).write().parquet(input.toString());
  }

  private static double secondsByTokens(SubmittedRuns runs, Path model, Path input)
      throws Exception {
    Path output = folder.resolve(input.getFileName() + "-by-tokens");
    var driver =
        runs.begin(
            Map.of("spark.scheduler.minRegisteredResourcesRatio", "1"),
            "--input",
            input.toString(),
            "--output",
            output.toString(),
            "--set",
            "model.path=" + model,
            "--set",
            "sampling.max_tokens=" + MAX_TOKENS,
            "--set",
            "engine.kv-cache-bytes=" + KV_CACHE_BYTES,
            "--set",
            "output.partitions=2");
    StandaloneCluster.Submitted run = driver.ended();
    assertThat(run.exitCode()).as(run.output()).isZero();
    assertThat(runs.rows(output).where("error IS NULL").count()).isEqualTo(ROWS);
    return SubmittedRuns.lastRun(output).get("seconds").asDouble();
  }

  private static double secondsByRows(String master, Path model, Path input) throws IOException {
    EngineOptions options =
        EngineOptions.defaults().withThreads(1).withKvCacheBytes(KV_CACHE_BYTES);
    try (SparkSession spark =
        Summaries.session(master)
            .config("spark.jars", StandaloneCluster.APPLICATION.toString())
            .config("spark.executor.memory", "600m")
            .config("spark.sql.shuffle.partitions", 4)
            .config("spark.scheduler.minRegisteredResourcesRatio", 1)
            .getOrCreate()) {
      Dataset<Row> rows = spark.read().parquet(input.toString());
      long start = System.nanoTime();
      new Generation(
              ModelHandle.of(model, options),
              new PromptSource.Summarize("body", 50),
              SamplingParameters.greedy(MAX_TOKENS),
              List.of("id"),
              ResultColumns.plain(),
              2)
          .apply(rows)
          .write()
          .parquet(folder.resolve(input.getFileName() + "-by-rows").toString());
      return (System.nanoTime() - start) / 1e9;
    }
  }
}
