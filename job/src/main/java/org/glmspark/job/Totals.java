package org.glmspark.job;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.glmspark.udfs.ResultColumns;

/// What came of a run, counted from its output: Spark's accumulators count work again that is done
/// again, rows do not lie.
///
/// @param rows rows of the output
/// @param failedByReason how many of them have no completion, by the words before the colon of
///   `error`
/// @param promptTokens tokens of all prompts
/// @param completionTokens tokens of all completions
record Totals(
    long rows, Map<String, Long> failedByReason, long promptTokens, long completionTokens) {
  Totals {
    failedByReason = new TreeMap<>(failedByReason);
  }

  long failed() {
    return failedByReason.values().stream().mapToLong(Long::longValue).sum();
  }

  /// Counts the rows of an output.
  static Totals of(Dataset<Row> output, ResultColumns columns) {
    List<Row> groups =
        output
            .groupBy(
                functions
                    .substring_index(ResultNames.column(output, columns, "error"), ":", 1)
                    .as("reason"))
            .agg(
                functions.count(functions.lit(1)),
                functions.sum(ResultNames.column(output, columns, "usage", "prompt")),
                functions.sum(ResultNames.column(output, columns, "usage", "completion")))
            .collectAsList();
    Map<String, Long> failed = new TreeMap<>();
    long rows = 0;
    long promptTokens = 0;
    long completionTokens = 0;
    for (Row group : groups) {
      rows += group.getLong(1);
      promptTokens += group.getLong(2);
      completionTokens += group.getLong(3);
      if (!group.isNullAt(0)) {
        failed.put(group.getString(0), group.getLong(1));
      }
    }
    return new Totals(rows, failed, promptTokens, completionTokens);
  }
}
