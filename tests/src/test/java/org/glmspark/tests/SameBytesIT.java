package org.glmspark.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.glmspark.generation.EngineOptions;
import org.glmspark.sampling.SamplingParameters;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// However the work is cut, every row gets the same completion.
class SameBytesIT {
  private static final int DOCUMENTS = 60;

  /// Draws by probability: a logit that differs in its last bit changes a text sooner than an arg
  /// max does.
  private static final SamplingParameters DRAWN =
      SamplingParameters.builder().maxTokens(60).temperature(1.2).topP(0.98).seed(7).build();

  private static SparkSession spark;
  private static List<String> oneByOne;

  @BeforeAll
  static void completeOneRowAfterTheOther() {
    start("local[1]");
    oneByOne = complete(1, 1, 8);
    assertThat(oneByOne).hasSize(DOCUMENTS).doesNotHaveDuplicates();
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static void start(String master) {
    if (spark == null || !spark.sparkContext().master().equals(master)) {
      if (spark != null) {
        spark.stop();
      }
      spark = Summaries.session(master).getOrCreate();
    }
  }

  private static List<String> complete(int partitions, int maxBatch, int stepTokens) {
    int threads = spark.sparkContext().defaultParallelism();
    var options =
        EngineOptions.defaults()
            .withThreads(threads)
            .withMaxBatch(maxBatch)
            .withStepTokens(stepTokens)
            .withKvCacheBytes(64L << 20);
    return Summaries.comparable(
        Summaries.summarize(
            Summaries.documents(spark, DOCUMENTS), options, DRAWN, List.of(), partitions));
  }

  /// Every number of partitions meets every batch limit, and each of them both masters.
  @ParameterizedTest(name = "{0}, {1} partitions, batches of {2}, {3} tokens a step")
  @CsvSource({
    "local[1], 1, 7, 64",
    "local[1], 1, 32, 512",
    "local[1], 7, 2, 512",
    "local[1], 7, 32, 64",
    "local[1], 32, 1, 64",
    "local[1], 32, 7, 512",
    "local[2], 1, 1, 512",
    "local[2], 1, 2, 64",
    "local[2], 7, 1, 64",
    "local[2], 7, 7, 512",
    "local[2], 32, 2, 512",
    "local[2], 32, 32, 64"
  })
  void comeOutHoweverTheRowsAreCut(String master, int partitions, int maxBatch, int stepTokens) {
    start(master);

    assertThat(complete(partitions, maxBatch, stepTokens)).isEqualTo(oneByOne);
  }

  @Test
  void areTheSummariesOfTheReferenceForAllDocuments() {
    start("local[2]");

    List<String> summaries =
        Summaries.summarize(
                Summaries.documents(spark, 300),
                EngineOptions.defaults(),
                SamplingParameters.greedy(160),
                List.of("id"),
                0)
            .orderBy("id")
            .select("completion")
            .collectAsList()
            .stream()
            .map(row -> row.getString(0))
            .toList();

    assertThat(summaries)
        .isEqualTo(SampleModel.documents().stream().map(SampleModel.Document::summary).toList());
  }
}
