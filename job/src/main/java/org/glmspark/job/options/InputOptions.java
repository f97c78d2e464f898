package org.glmspark.job.options;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.glmspark.udfs.openai.BatchInput;
import org.jspecify.annotations.Nullable;

/// Where the rows come from.
///
/// @param path as Spark takes it: a file, a folder, a pattern, on any file system it knows; null
///   for a table, or a format whose options say where the rows are
/// @param table a table or view of a catalog that Spark is configured with, in place of the path
/// @param format how the rows are stored there
/// @param options Spark's options of the format, such as `header` for CSV
/// @param key the columns that tell a row from all others; empty if there are none; of a batch file
///   its lines' own
public record InputOptions(
    @Key(
            value = "file, folder or pattern to read, as Spark takes it",
            defaultValue = "null",
            text = Key.Text.PATH)
        @Nullable String path,
    @Key(value = "catalog table or view to read, in place of path", defaultValue = "null")
        @Nullable String table,
    @Key(
            value =
                "how it is stored: openai-batch, or any format that Spark finds a source for, such"
                    + " as parquet, json, csv, text, orc; with their jars avro, jdbc, delta",
            defaultValue = "parquet")
        String format,
    @Key(value = "Spark's options of the format, such as \"header\" for csv", defaultValue = "{}")
        Map<String, String> options,
    @Key(value = "columns that tell a row from all others, for row ids", defaultValue = "[]")
        List<String> key) {

  /// The format of OpenAI's batch files: requests to `/v1/chat/completions`, one a line.
  public static final String OPENAI_BATCH = "openai-batch";

  /// The formats that lie in files, of those that every Spark has, or takes with a jar of its own.
  private static final Set<String> OF_FILES =
      Set.of("parquet", "json", "csv", "text", "orc", "avro", "xml", OPENAI_BATCH);

  public InputOptions {
    if (path != null && path.isBlank()) {
      throw new IllegalArgumentException("path is empty, expected a file, folder or pattern");
    }
    if (table != null && path != null) {
      throw new IllegalArgumentException(
          "table '%s' does not go with path, expected one of them".formatted(table));
    }
    if (table != null && format.equals(OPENAI_BATCH)) {
      throw new IllegalArgumentException(
          "table '%s' does not go with format openai-batch, whose lines are in files"
              .formatted(table));
    }
    if (table == null && path == null && OF_FILES.contains(format)) {
      throw new IllegalArgumentException(
          "neither path nor table is given, expected one of them for format " + format);
    }
    options = Map.copyOf(options);
    key = List.copyOf(key);
    if (format.equals(OPENAI_BATCH)) {
      if (!key.isEmpty() && !key.equals(List.of(BatchInput.ID))) {
        throw new IllegalArgumentException(
            "key is %s, expected none: lines of a batch have their custom_id".formatted(key));
      }
      key = List.of(BatchInput.ID);
    }
  }

  /// Whether the rows are the lines of OpenAI's batch files.
  public boolean isBatch() {
    return format.equals(OPENAI_BATCH);
  }

  /// Where the files are, or null if the rows come from elsewhere.
  public @Nullable String files() {
    return table == null && OF_FILES.contains(format) ? path : null;
  }
}
