package org.glmspark.job;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.glmspark.job.options.JobOptions;
import org.glmspark.job.options.OutputMode;
import org.glmspark.udfs.ResultColumns;
import org.jspecify.annotations.Nullable;

/// What the console shows of a run: some rows, the totals, where the rest and the report are.
final class RunReport {
  private static final int ROWS_SHOWN = 10;

  /// More of a text than any terminal shows in a cell.
  private static final int MOST_CHARACTERS = 1000;

  private RunReport() {}

  /// The first rows of an output by its key, or any if it has none, as a table.
  static TextTable firstRows(Dataset<Row> output, JobOptions options, ResultColumns results) {
    List<String> keys = options.input().key();
    List<String> read = options.prompt().columns();
    List<String> shown = Stream.concat(keys.stream(), read.stream()).distinct().toList();
    Column completion =
        functions.coalesce(
            ResultNames.column(output, results, "completion"),
            ResultNames.column(output, results, "error"));
    Column[] cells =
        Stream.concat(
                shown.stream().map(name -> ResultNames.inputColumn(output, name)),
                Stream.of(completion))
            .map(cell -> functions.substring(cell.cast("string"), 1, MOST_CHARACTERS))
            .toArray(Column[]::new);
    Column[] order =
        keys.stream().map(name -> ResultNames.inputColumn(output, name)).toArray(Column[]::new);
    Dataset<Row> ordered = order.length == 0 ? output : output.orderBy(order);
    List<List<String>> rows =
        ordered.limit(ROWS_SHOWN).select(cells).collectAsList().stream()
            .map(RunReport::cells)
            .toList();
    List<String> header = new ArrayList<>(shown);
    header.add(options.request().task() == null ? "completion" : "summary");
    return new TextTable(header, rows);
  }

  private static List<String> cells(Row row) {
    List<String> cells = new ArrayList<>();
    for (int i = 0; i < row.size(); i++) {
      @Nullable String text = row.getString(i);
      cells.add(text == null ? "" : text);
    }
    return cells;
  }

  /// Writes table and totals.
  ///
  /// @param all how long everything took, from the start of the program
  /// @param columns the width of a line
  static void print(PrintWriter out, JobRun.Outcome outcome, Duration all, int columns) {
    RunResult run = outcome.result();
    Totals totals = run.totals();
    if (totals.rows() > 0) {
      outcome.firstRows().lines(columns).forEach(out::println);
      out.println();
    }
    out.println("rows     " + rows(totals));
    if (run.rowsBefore() > 0) {
      out.println(String.format(Locale.ROOT, "before   %,d rows", run.rowsBefore()));
    }
    if (totals.generatedRequests() < totals.requests()) {
      out.println(
          String.format(
              Locale.ROOT,
              "repeats  %,d rows took the answer of another; %,d requests were generated",
              totals.requests() - totals.generatedRequests(),
              totals.generatedRequests()));
    }
    out.println(
        String.format(
            Locale.ROOT,
            "tokens   %,d prompt, %,d completion, %,.0f completion tokens/s",
            totals.generatedPromptTokens(),
            totals.generatedCompletionTokens(),
            run.tokensPerSecond()));
    out.println(
        String.format(
            Locale.ROOT,
            "time     %.1f s for the rows, %.1f s in all",
            run.took().toMillis() / 1e3,
            all.toMillis() / 1e3));
    if (!run.kernels().isEmpty()) { // without a row no engine is opened
      out.println("kernels  " + String.join("; ", run.kernels()));
    }
    out.println(
        "output   %s (%s)"
            .formatted(shortened(outcome.output()), run.settings().options().output().format()));
    out.println("report   " + shortened(outcome.report()));
    if (run.stopped() != null) {
      out.println(
          String.format(
              Locale.ROOT,
              "left     %,d rows: %s; %s goes on",
              run.rowsLeft(),
              run.stopped(),
              run.settings().options().output().mode() == OutputMode.RESUME
                  ? "the same command"
                  : "--set output.mode=resume"));
    }
    out.flush();
  }

  /// `300, 3 failed: 2 no text, 1 prompt too long`.
  static String rows(Totals totals) {
    String rows = String.format(Locale.ROOT, "%,d", totals.rows());
    if (totals.failed() == 0) {
      return rows + ", none failed";
    }
    String reasons =
        totals.failedByReason().entrySet().stream()
            .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
            .map(reason -> String.format(Locale.ROOT, "%,d %s", reason.getValue(), reason.getKey()))
            .collect(Collectors.joining(", "));
    return rows + String.format(Locale.ROOT, ", %,d failed: ", totals.failed()) + reasons;
  }

  /// A place as people say it: from the current folder, if it is in there.
  static Path shortened(Path place) {
    Path here = Path.of("").toAbsolutePath();
    Path absolute = place.toAbsolutePath().normalize();
    return absolute.startsWith(here) ? here.relativize(absolute) : absolute;
  }

  private static String shortened(org.apache.hadoop.fs.Path place) {
    return "file".equals(place.toUri().getScheme())
        ? shortened(Path.of(place.toUri().getPath())).toString()
        : place.toString();
  }
}
