package org.glmspark.tests;

import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.glmspark.generation.EngineOptions;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.udfs.Generation;
import org.glmspark.udfs.LongText;
import org.glmspark.udfs.ModelHandle;
import org.glmspark.udfs.PromptSource;
import org.glmspark.udfs.ResultColumns;

/// The sample documents on their way through Spark.
final class Summaries {
  private Summaries() {}

  /// A session that leaves the machine as it was: no page to look at, nothing to look up in the
  /// network.
  static SparkSession.Builder session(String master) {
    return SparkSession.builder()
        .master(master)
        .config("spark.ui.enabled", false)
        .config("spark.sql.shuffle.partitions", 2)
        .config("spark.glm.pack-cache", SampleModel.PACKS.toString())
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1");
  }

  /// The first documents in the order of their ids, which run from `doc-0001` to `doc-0300`.
  static Dataset<Row> documents(SparkSession spark, int count) {
    return spark
        .read()
        .parquet(SampleModel.DATA.resolve("documents").toString())
        .where(functions.col("id").leq("doc-%04d".formatted(count)));
  }

  /// Summaries of documents; one that is too long for a prompt is a row with an error.
  static Dataset<Row> summarize(
      Dataset<Row> documents,
      EngineOptions options,
      SamplingParameters sampling,
      List<String> keyColumns,
      int partitions) {
    return new Generation(
            ModelHandle.of(SampleModel.FOLDER, options),
            new PromptSource.Summarize("body", 50, new LongText(LongText.Handling.ERROR, 0)),
            sampling,
            keyColumns,
            ResultColumns.plain(),
            partitions)
        .apply(documents);
  }

  /// All that must be the same whoever completes a row and when, one text for each row, sorted.
  static List<String> comparable(Dataset<Row> output) {
    return output
        .drop("timing", "round")
        .withColumn("usage", functions.struct("usage.prompt", "usage.completion"))
        .select(
            functions.to_json(
                functions.struct(functions.col("*")), Map.of("ignoreNullFields", "false")))
        .as(Encoders.STRING())
        .collectAsList()
        .stream()
        .sorted()
        .toList();
  }
}
