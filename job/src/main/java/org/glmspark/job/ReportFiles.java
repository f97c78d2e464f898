package org.glmspark.job;

import java.io.IOException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.glmspark.job.options.OptionKeys;
import org.glmspark.job.report.Report;
import org.glmspark.job.report.RunFacts;
import org.glmspark.job.report.Throughput;
import org.glmspark.model.EngineVersion;
import org.glmspark.udfs.ResultColumns;
import org.jspecify.annotations.Nullable;

/// Writes `report.json` and `report.html` of a run.
///
/// @param files the file system of the output
/// @param folder where the two are put
record ReportFiles(FileSystem files, Path folder) {

  /// Counts the rows of a run and writes what came of it.
  ///
  /// @param output rows of the output that the report is of
  /// @param target where the output is, for people
  /// @param counts how many rows there are
  /// @param workRemains why not all rows of the input are in the output, or null if they are
  void write(
      Dataset<Row> output,
      ResultColumns results,
      RunResult run,
      Path target,
      RunFacts.RowCounts counts,
      @Nullable String workRemains,
      Throughput throughput)
      throws IOException {
    var facts =
        new RunFacts(
            place(target),
            workRemains,
            run.started(),
            run.generation(),
            run.tokensPerSecond(),
            counts,
            EngineVersion.current(),
            run.sparkVersion(),
            run.modelDigest(),
            run.kernels(),
            OptionKeys.json(run.options()));
    Report.of(measured(output, results), throughput, facts).write(files, folder);
  }

  /// The whole path: a page is read by those who are elsewhere.
  private static String place(Path target) {
    return "file".equals(target.toUri().getScheme()) ? target.toUri().getPath() : target.toString();
  }

  /// The rows with the plain columns that a report counts.
  private static Dataset<Row> measured(Dataset<Row> output, ResultColumns results) {
    return output.select(
        ResultNames.column(output, results, "lineage", "row_id").as("row_id"),
        ResultNames.column(output, results, "error").as("error"),
        tokens(output, results, "prompt"),
        tokens(output, results, "cached"),
        tokens(output, results, "completion"),
        millis(output, results, "queue_ms"),
        millis(output, results, "prefill_ms"),
        millis(output, results, "decode_ms"));
  }

  private static Column tokens(Dataset<Row> output, ResultColumns results, String field) {
    return ResultNames.column(output, results, "usage", field).as(field + "_tokens");
  }

  private static Column millis(Dataset<Row> output, ResultColumns results, String field) {
    return ResultNames.column(output, results, "timing", field).as(field);
  }
}
