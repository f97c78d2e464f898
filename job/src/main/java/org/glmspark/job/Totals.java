package org.glmspark.job;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.glmspark.udfs.ResultColumns;

/// What came of a run, counted from its output: Spark's accumulators count work again that is done
/// again, rows do not lie.
///
/// Of rows with the same request, one was generated and has times; the others took its answer.
///
/// @param rows rows of the output
/// @param failedByReason how many of them have no completion, by the words before the colon of
///   `error`
/// @param requests rows that asked the model, and those that took its answer to others; a row that
///   failed before it could ask is none
/// @param generatedRequests those of them that did not take the answer of another
/// @param promptTokens tokens of all prompts
/// @param completionTokens tokens of all completions
/// @param generatedPromptTokens tokens of the prompts of generated requests
/// @param generatedCompletionTokens tokens of their completions
record Totals(
    long rows,
    Map<String, Long> failedByReason,
    long requests,
    long generatedRequests,
    long promptTokens,
    long completionTokens,
    long generatedPromptTokens,
    long generatedCompletionTokens) {
  static final Totals NONE = new Totals(0, Map.of(), 0, 0, 0, 0, 0, 0);

  Totals {
    failedByReason = new TreeMap<>(failedByReason);
  }

  long failed() {
    return failedByReason.values().stream().mapToLong(Long::longValue).sum();
  }

  /// Tokens that the engines have seen.
  long generatedTokens() {
    return generatedPromptTokens + generatedCompletionTokens;
  }

  Totals plus(Totals other) {
    Map<String, Long> failed = new TreeMap<>(failedByReason);
    other.failedByReason.forEach((reason, count) -> failed.merge(reason, count, Long::sum));
    return new Totals(
        rows + other.rows,
        failed,
        requests + other.requests,
        generatedRequests + other.generatedRequests,
        promptTokens + other.promptTokens,
        completionTokens + other.completionTokens,
        generatedPromptTokens + other.generatedPromptTokens,
        generatedCompletionTokens + other.generatedCompletionTokens);
  }

  /// Counts the rows of an output.
  static Totals of(Dataset<Row> output, ResultColumns columns) {
    Column prompt = ResultNames.column(output, columns, "usage", "prompt");
    Column completion = ResultNames.column(output, columns, "usage", "completion");
    Column generated = ResultNames.column(output, columns, "timing", "prefill_ms").gt(0);
    Column one = functions.lit(1L);
    Column none = functions.lit(0L);
    List<Row> groups =
        output
            .groupBy(
                functions
                    .substring_index(ResultNames.column(output, columns, "error"), ":", 1)
                    .as("reason"))
            .agg(
                functions.count(one),
                functions.count(ResultNames.column(output, columns, "lineage", "request_id")),
                functions.sum(functions.when(generated, one).otherwise(none)),
                functions.sum(prompt),
                functions.sum(completion),
                functions.sum(functions.when(generated, prompt).otherwise(none)),
                functions.sum(functions.when(generated, completion).otherwise(none)))
            .collectAsList();
    Totals totals = NONE;
    for (Row group : groups) {
      long rows = group.getLong(1);
      totals =
          totals.plus(
              new Totals(
                  rows,
                  group.isNullAt(0) ? Map.of() : Map.of(group.getString(0), rows),
                  group.isNullAt(0) ? group.getLong(2) : group.getLong(3),
                  group.getLong(3),
                  group.getLong(4),
                  group.getLong(5),
                  group.getLong(6),
                  group.getLong(7)));
    }
    return totals;
  }
}
