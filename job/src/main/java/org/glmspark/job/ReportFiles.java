package org.glmspark.job;

import java.io.IOException;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.glmspark.job.options.OptionKeys;
import org.glmspark.job.output.OutputFolder;
import org.glmspark.job.report.Report;
import org.glmspark.job.report.RunFacts;
import org.glmspark.job.report.Throughput;
import org.glmspark.model.EngineVersion;
import org.glmspark.udfs.ResultColumns;

/// Puts the report of a run beside the rows of its output.
///
/// @param output where both are
/// @param results the names of the result columns
record ReportFiles(OutputFolder output, ResultColumns results) {
  /// The name of the page, see [OutputFolder#file].
  static final String PAGE = "report.html";

  /// Counts the rows of a run and writes what came of it, in place of an older report.
  ///
  /// @param rows of the output, those that the report is of
  /// @param rowsInOutput how many the output has in all
  void write(RunResult run, Dataset<Row> rows, long rowsInOutput, Throughput throughput)
      throws IOException {
    Report report = Report.of(measured(rows), throughput, facts(run, rowsInOutput));
    output.write("report.json", report.json());
    output.write(PAGE, report.html());
  }

  private RunFacts facts(RunResult run, long rowsInOutput) {
    Totals totals = run.totals();
    RunSettings settings = run.settings();
    return new RunFacts(
        place(output.target()),
        run.stopped(),
        settings.started(),
        run.took(),
        run.tokensPerSecond(),
        new RunFacts.RowCounts(
            rowsInOutput,
            totals.rows(),
            run.rowsLeft(),
            totals.generatedRequests(),
            totals.requests() - totals.generatedRequests()),
        EngineVersion.current(),
        settings.sparkVersion(),
        settings.modelDigest(),
        run.kernels(),
        OptionKeys.json(settings.options()));
  }

  /// The whole path: a page is read by those who are elsewhere.
  private static String place(Path target) {
    return "file".equals(target.toUri().getScheme()) ? target.toUri().getPath() : target.toString();
  }

  /// The rows with the plain columns that a report counts.
  private Dataset<Row> measured(Dataset<Row> rows) {
    return rows.select(
        ResultNames.column(rows, results, "lineage", "row_id").as("row_id"),
        ResultNames.column(rows, results, "error").as("error"),
        tokens(rows, "prompt"),
        tokens(rows, "cached"),
        tokens(rows, "completion"),
        millis(rows, "queue_ms"),
        millis(rows, "prefill_ms"),
        millis(rows, "decode_ms"));
  }

  private Column tokens(Dataset<Row> rows, String field) {
    return ResultNames.column(rows, results, "usage", field).as(field + "_tokens");
  }

  private Column millis(Dataset<Row> rows, String field) {
    return ResultNames.column(rows, results, "timing", field).as(field);
  }
}
