package org.glmspark.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.glmspark.generation.EngineOptions;
import org.glmspark.model.ModelOverrides;
import org.glmspark.pack.PackOptions;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.udfs.Generation;
import org.glmspark.udfs.ModelHandle;
import org.glmspark.udfs.ModelSource;
import org.glmspark.udfs.PromptSource;
import org.glmspark.udfs.ResultColumns;
import org.glmspark.udfs.distribution.ModelLocation;
import org.glmspark.udfs.distribution.ModelProgress;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Executors of one node bring a model there that lies elsewhere, all at the same time.
///
/// The driver runs on the same machine: what it copied is taken away before the executors need it.
class ModelDistributionIT {
  private static final int DOCUMENTS = 8;
  private static final EngineOptions OPTIONS =
      EngineOptions.defaults().withThreads(1).withKvCacheBytes(64L << 20);

  @TempDir private static Path folder;
  private static StoredPack pack;
  private static StandaloneCluster cluster;
  private static SparkSession spark;
  private static List<String> expected;

  @BeforeAll
  static void start() throws Exception {
    pack = new StoredPack(folder);
    try (SparkSession local = Summaries.session("local[2]").getOrCreate()) {
      expected = summarize(local, ModelHandle.of(SampleModel.FOLDER, OPTIONS));
    }
    cluster = new StandaloneCluster(folder);
    spark =
        Summaries.session(cluster.url())
            .config("spark.jars", StandaloneCluster.APPLICATION.toString())
            .config("spark.files", pack.source.toString())
            .config("spark.executor.memory", "600m")
            .config("spark.cores.max", 2)
            .config("spark.scheduler.minRegisteredResourcesRatio", 1) // both executors at once
            .getOrCreate();
  }

  @AfterAll
  static void stop() throws IOException {
    if (spark != null) {
      spark.close();
    }
    if (cluster != null) {
      cluster.close();
    }
  }

  private static ModelHandle handle(String location, Path cache, int maxBatch) {
    return ModelHandle.of(
        new ModelSource(
            ModelLocation.parse(location),
            ModelOverrides.NONE,
            PackOptions.NATURAL,
            cache.toString()),
        OPTIONS.withMaxBatch(maxBatch), // so that engines are not shared with other tests
        ModelProgress.SILENT);
  }

  private static List<String> summarize(SparkSession session, ModelHandle model) {
    return Summaries.comparable(
        new Generation(
                model,
                new PromptSource.Summarize("body", 50),
                SamplingParameters.greedy(160),
                List.of("id"),
                ResultColumns.plain(),
                4)
            .apply(Summaries.documents(session, DOCUMENTS)));
  }

  private static void delete(Path tree) throws IOException {
    try (Stream<Path> all = Files.walk(tree)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  /// Lines in the executors' logs that say a copy was made in a cache.
  private static long copiesMade(Path cache) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      long copies = 0;
      for (Path log : files.filter(file -> file.endsWith("stderr")).toList()) {
        copies +=
            Files.readAllLines(log).stream()
                .filter(line -> line.contains("copied the model: " + cache + "/"))
                .count();
      }
      return copies;
    }
  }

  @Test
  void executorsOfOneNodeMakeOneCopyAndNoneOfADamagedFile() throws Exception {
    Path cache = folder.resolve("cache");
    ModelHandle model = handle(pack.uri(), cache, 3);
    delete(cache);
    pack.flip(pack.size() - 1);

    assertThat(catchThrowable(() -> summarize(spark, model)))
        .hasMessageContaining("model.glmpack: is damaged: its content does not fit its checksum");
    assertThat(copiesMade(cache)).isZero();

    pack.flip(pack.size() - 1);
    assertThat(summarize(spark, model)).isEqualTo(expected);
    assertThat(copiesMade(cache)).isEqualTo(1);
  }

  @Test
  void aFileThatWasGivenToSparkIsSharedByTheExecutorsOfANode() throws Exception {
    Path cache = folder.resolve("cache-of-given");
    ModelHandle model = handle("files:source.glmpack", cache, 5);
    delete(cache);

    assertThat(summarize(spark, model)).isEqualTo(expected);
    assertThat(copiesMade(cache)).isEqualTo(1);
  }
}
