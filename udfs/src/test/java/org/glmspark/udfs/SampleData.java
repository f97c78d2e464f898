package org.glmspark.udfs;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.glmspark.generation.EngineOptions;

/// The documents that come with the project, the model that can summarise them, and what it must
/// answer.
public final class SampleData {
  private static final Path FOLDER = find();

  private SampleData() {}

  private static Path find() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(folder.resolve("sample-data"))) {
      folder = folder.getParent();
      if (folder == null) {
        throw new IllegalStateException(
            "no folder 'sample-data' in or above " + Path.of("").toAbsolutePath());
      }
    }
    return folder.resolve("sample-data");
  }

  public static Path model() {
    return FOLDER.resolve("model");
  }

  /// One thread and little memory: several engines are open at once while tests run.
  static EngineOptions options(int maxBatch) {
    return EngineOptions.defaults()
        .withThreads(1)
        .withMaxBatch(maxBatch)
        .withStepTokens(128)
        .withKvCacheBytes(16 << 20);
  }

  /// `id`, `body` and the other columns of the first documents.
  static Dataset<Row> documents(int count) {
    return LocalSpark.session()
        .read()
        .json(FOLDER.resolve("documents.jsonl").toString())
        .orderBy("id")
        .limit(count);
  }

  /// One of the texts that are longer than the model's context: notes with blank lines between
  /// them.
  static String longDocument(String id) {
    return LocalSpark.session()
        .read()
        .json(FOLDER.resolve("long-documents.jsonl").toString())
        .where(functions.col("id").equalTo(id))
        .select("body")
        .first()
        .getString(0);
  }

  /// The summary of every document in at most 50 words, by id.
  static Map<String, String> summaries() {
    return LocalSpark.session()
        .read()
        .json(FOLDER.resolve("expected.jsonl").toString())
        .select("id", "summary")
        .collectAsList()
        .stream()
        .collect(Collectors.toMap(row -> row.getString(0), row -> row.getString(1)));
  }
}
