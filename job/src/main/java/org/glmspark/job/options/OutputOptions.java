package org.glmspark.job.options;

import org.jspecify.annotations.Nullable;

/// Where the rows and their completions go.
///
/// @param path a folder on any file system Spark knows
/// @param format how the files are stored
/// @param mode what happens if the folder exists
/// @param prefix put before the name of every result column
/// @param struct the one struct column that takes all result columns, or null for one column each
/// @param partitions tasks that share the rows, and files written; 0 for four to each core
public record OutputOptions(
    @Key(value = "folder to write", text = Key.Text.PATH) String path,
    @Key(value = "how the files are stored", defaultValue = "parquet") OutputFormat format,
    @Key(value = "what to do if the folder exists", defaultValue = "error-if-exists")
        OutputMode mode,
    @Key(value = "put before the name of every result column", defaultValue = "\"\"") String prefix,
    @Key(value = "one struct column for all results, with this name", defaultValue = "null")
        @Nullable String struct,
    @Key(
            value = "tasks that share the rows, and files written; 0 for four to each core",
            defaultValue = "0")
        int partitions) {

  public OutputOptions {
    if (path.isBlank()) {
      throw new IllegalArgumentException("path is empty, expected a folder");
    }
    if (struct != null && struct.isBlank()) {
      throw new IllegalArgumentException("struct is empty, expected a column name");
    }
    if (struct != null && !prefix.isEmpty()) {
      throw new IllegalArgumentException(
          "prefix '%s' and struct '%s' are both given, expected at most one of them"
              .formatted(prefix, struct));
    }
    if (format == OutputFormat.OPENAI_BATCH && (struct != null || !prefix.isEmpty())) {
      throw new IllegalArgumentException(
          "%s does not go with format openai-batch, whose lines have no columns"
              .formatted(struct == null ? "prefix" : "struct"));
    }
    if (partitions < 0) {
      throw new IllegalArgumentException(
          "partitions is %d, expected 0 (four to each core) or more".formatted(partitions));
    }
  }
}
