package org.glmspark.job.options;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where the rows and their completions go.
///
/// @param path a folder on any file system Spark knows
/// @param format how the files are stored: one that holds structs
/// @param table a table of a catalog that gets all rows too, or null for none
/// @param mode what happens if the folder exists
/// @param prefix put before the name of every result column
/// @param struct the one struct column that takes all result columns, or null for one column each
/// @param partitions tasks that share the rows of a round; 0 for four to each core
/// @param partitionBy columns by whose values the rows lie in folders of their own
/// @param rowsPerFile most rows of a file; 0 for one file from each task
/// @param roundRows most requests that are committed together; 0 for as many as `roundMinutes`
///   takes
/// @param roundMinutes how long the rows that are committed together may take
public record OutputOptions(
    @Key(value = "folder to write", text = Key.Text.PATH) String path,
    @Key(
            value =
                "how the files are stored: parquet, json, orc, openai-batch, or another format that"
                    + " Spark writes structs in, such as avro with its jar",
            defaultValue = "parquet")
        String format,
    @Key(
            value = "catalog table that all rows are appended to as well; made if it is not there",
            defaultValue = "null")
        @Nullable String table,
    @Key(value = "what to do with rows that are there", defaultValue = "resume") OutputMode mode,
    @Key(value = "put before the name of every result column", defaultValue = "\"\"") String prefix,
    @Key(value = "one struct column for all results, with this name", defaultValue = "null")
        @Nullable String struct,
    @Key(
            value = "tasks that share the rows of a round; 0 for four to each core",
            defaultValue = "0")
        int partitions,
    @Key(value = "columns by whose values rows lie in folders of their own", defaultValue = "[]")
        List<String> partitionBy,
    @Key(value = "most rows of a file; 0 for one file from each task", defaultValue = "0")
        int rowsPerFile,
    @Key(
            value = "most requests committed together; 0 for as many as round-minutes takes",
            defaultValue = "0")
        int roundRows,
    @Key(
            value = "minutes that requests committed together may take, about; a kill loses them",
            defaultValue = "10")
        int roundMinutes) {

  public OutputOptions {
    partitionBy = List.copyOf(partitionBy);
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
    if (table != null && mode == OutputMode.OVERWRITE) {
      throw new IllegalArgumentException(
          "table '%s' does not go with mode overwrite: rows are only appended to a table"
              .formatted(table));
    }
    if (table != null && format.equals(InputOptions.OPENAI_BATCH)) {
      throw new IllegalArgumentException(
          "table '%s' does not go with format openai-batch, whose lines have no columns"
              .formatted(table));
    }
    if (format.equals(InputOptions.OPENAI_BATCH) && (struct != null || !prefix.isEmpty())) {
      throw new IllegalArgumentException(
          "%s does not go with format openai-batch, whose lines have no columns"
              .formatted(struct == null ? "prefix" : "struct"));
    }
    if (partitions < 0) {
      throw new IllegalArgumentException(
          "partitions is %d, expected 0 (four to each core) or more".formatted(partitions));
    }
    if (rowsPerFile < 0) {
      throw new IllegalArgumentException(
          "rows-per-file is %d, expected 0 (one file from each task) or more"
              .formatted(rowsPerFile));
    }
    if (roundRows < 0) {
      throw new IllegalArgumentException(
          "round-rows is %d, expected 0 (by round-minutes) or more".formatted(roundRows));
    }
    if (roundMinutes < 1) {
      throw new IllegalArgumentException(
          "round-minutes is %d, expected 1 or more".formatted(roundMinutes));
    }
  }

  /// Whether the output is lines as OpenAI's batches answer.
  public boolean isBatch() {
    return format.equals(InputOptions.OPENAI_BATCH);
  }

  /// The column that readers of the output see the number of a row's round in.
  public String roundColumn() {
    return struct == null ? prefix + "round" : struct + "_round";
  }

  /// Whether columns have names of their own, or files another arrangement than the tasks give.
  boolean isArranged() {
    return struct != null || !prefix.isEmpty() || !partitionBy.isEmpty() || rowsPerFile > 0;
  }
}
