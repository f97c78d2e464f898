package org.glmspark.job;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.glmspark.job.options.JobOptions;
import org.glmspark.job.options.OptionKeys;
import org.glmspark.job.options.OutputMode;
import org.glmspark.job.options.RefusedException;
import org.glmspark.job.output.OutputFolder;
import org.glmspark.job.output.RoundWriter;
import org.glmspark.job.output.WriterProcess;
import org.glmspark.job.report.RunProgress;
import org.glmspark.udfs.Generation;
import org.glmspark.udfs.ModelHandle;
import org.glmspark.udfs.RowProgress;
import org.jspecify.annotations.Nullable;

/// One run of a job: everything that can be refused is refused first, then the rows that are not
/// done are completed and committed, round by round.
final class JobRun {
  private final SparkSession spark;
  private final JobOptions options;
  private final Scope scope;

  /// Which rows a run is about.
  enum Scope {
    /// Those that the output has not.
    MISSING_ROWS,
    /// Those that the output has as failed; what they give now takes their place.
    FAILED_ROWS,
    /// Those of files that no run of this kind has read before.
    NEW_FILES
  }

  /// What a run leaves.
  ///
  /// @param result what was asked for and what came of it
  /// @param firstRows some rows, to show
  /// @param output where all of them are
  record Outcome(RunResult result, TextTable firstRows, Path output) {
    /// The page that shows what the run did.
    Path report() {
      return OutputFolder.file(output, ReportFiles.PAGE);
    }
  }

  JobRun(SparkSession spark, JobOptions options, Scope scope) {
    this.spark = spark;
    this.options = options;
    this.scope = scope;
  }

  /// Does the run.
  ///
  /// @param progress is told how far it is
  /// @throws RefusedException before any work, if the job does not fit its input or its output
  /// @throws org.glmspark.format.MalformedModelException before any work, if the model is broken
  Outcome execute(Terminal terminal, PrintWriter progress) throws IOException {
    requireOptionsOfScope();
    @Nullable Instant deadline = options.limits().deadline(Clock.system(ZoneId.systemDefault()));
    var input = new JobInput(spark, options.input());
    Dataset<Row> rows = rows(input);
    try (OutputFolder output = outputFolder(input)) {
      ModelHandle model = options.model(new PackingLine(terminal, progress));
      Generation generation = options.generation(model, options.input().key());
      StructType schema = refusing(() -> generation.outputSchema(rows.schema()));
      RunSettings settings =
          RunSettings.of(options, scope, model.digest(), spark.version(), schema);
      if (options.output().mode() == OutputMode.RESUME) {
        settings.requireSameKind(output);
      }
      String roundColumn = roundColumn(rows);
      @Nullable OutputTable table = outputTable(schema);
      Task task = task(generation, input, rows);
      RoundWriter rounds = output.begin(roundColumn);
      OutputRows outputRows = OutputRows.of(spark, options, schema, model);
      outputRows.requireWritable(rounds);
      var counters = RowProgress.register(spark.sparkContext());
      var work = new RoundWork(generation, outputRows, rounds, table, settings, counters, deadline);
      output.write(settings.fileName(), RunSettings.bytes(settings.running()));
      try {
        return run(task, work, counters, output, terminal, progress);
      } catch (Exception e) { // Spark throws checked exceptions that its methods do not declare
        noteBrokenOff(settings, output, e);
        throw e;
      }
    }
  }

  /// All rows there are. Files that are gone, or have not come yet, are nothing new: earlier runs
  /// tell their columns.
  private Dataset<Row> rows(JobInput input) throws IOException {
    try {
      return input.rows();
    } catch (RefusedException e) {
      if (scope != Scope.NEW_FILES || !JobInput.isWithoutFiles(e)) {
        throw e;
      }
      Path path = new Path(options.output().path());
      List<byte[]> runs = OutputFolder.runs(JobInput.fileSystem(spark, path), path);
      if (runs.isEmpty()) {
        throw e;
      }
      return spark.createDataFrame(List.of(), RunSettings.parse(runs.getLast()).inputSchema());
    }
  }

  /// @throws RefusedException if the job cannot have a run that is about these rows
  private void requireOptionsOfScope() {
    if (scope != Scope.MISSING_ROWS && options.output().mode() != OutputMode.RESUME) {
      throw new RefusedException(
          "%s changes an output that is there, expected output.mode=resume, found %s"
              .formatted(
                  scope == Scope.NEW_FILES ? "--incremental" : "--retry-failed",
                  OptionKeys.constant(options.output().mode())));
    }
    if (scope == Scope.NEW_FILES && options.input().isBatch()) {
      throw new RefusedException(
          "--incremental reads files that Spark can follow, and input.format is openai-batch; "
              + "run each batch file as a job of its own");
    }
    if (scope == Scope.FAILED_ROWS && options.output().table() != null) {
      throw new RefusedException(
          "--retry-failed replaces rows, and rows are only appended to output.table '%s'; complete the folder alone, with --set output.table=null, and load the table anew"
              .formatted(options.output().table()));
    }
  }

  private Outcome run(
      Task task,
      RoundWork work,
      RowProgress counters,
      OutputFolder output,
      Terminal terminal,
      PrintWriter progress)
      throws IOException {
    RunProgress followed = RunProgress.follow(spark.sparkContext(), counters);
    Instant began = Instant.now();
    try {
      work.completeTable();
      task.run(work, output, rows -> ProgressLine.show(terminal, progress, followed::done, rows));
    } finally {
      followed.leave(spark.sparkContext());
    }
    RunResult result = work.result(Duration.between(began, Instant.now()));
    output.write(result.settings().fileName(), RunSettings.bytes(result.json()));
    new ReportFiles(output, options.results())
        .write(result, work.written(), work.output().count(), followed.throughput());
    work.discardRetried();
    TextTable firstRows = RunReport.firstRows(work.output(), options, options.results());
    output.complete();
    return new Outcome(result, firstRows, output.target());
  }

  /// Nothing but a note: what ended the run may keep it from being written, too.
  private static void noteBrokenOff(RunSettings settings, OutputFolder output, Exception e) {
    try {
      output.write(settings.fileName(), RunSettings.bytes(settings.brokenOff(e)));
    } catch (IOException unwritten) {
      e.addSuppressed(unwritten);
    }
  }

  private @Nullable OutputTable outputTable(StructType schema) {
    @Nullable String name = options.output().table();
    return name == null
        ? null
        : OutputTable.open(spark, name, options.output(), schema, options.results());
  }

  /// What is left to do when all is prepared.
  private interface Task {
    void run(RoundWork work, OutputFolder output, LongFunction<ProgressLine> line)
        throws IOException;
  }

  /// @throws RefusedException if the keys of the input's rows are none
  private Task task(Generation generation, JobInput input, Dataset<Row> rows) {
    if (scope == Scope.NEW_FILES) {
      Dataset<Row> stream = input.stream(rows.schema());
      return (work, output, line) -> new NewFiles(generation, work, line).add(stream, output);
    }
    Dataset<Row> plan = refusing(() -> generation.plan(rows));
    return scope == Scope.FAILED_ROWS
        ? (work, _, line) -> work.retryFailed(plan, line)
        : (work, _, line) -> addMissing(work, plan, line);
  }

  private static void addMissing(RoundWork work, Dataset<Row> plan, LongFunction<ProgressLine> line)
      throws IOException {
    try (RowsToDo rows = work.missing(plan)) {
      work.add(rows, line);
    }
    work.addColumns();
  }

  private static <T> T refusing(Supplier<T> check) {
    try {
      return check.get();
    } catch (IllegalArgumentException e) { // a column that is missing, a clash, a key that is none
      throw new RefusedException(String.valueOf(e.getMessage()), e);
    }
  }

  /// The column of the number of a round.
  private String roundColumn(Dataset<Row> input) {
    String name = options.output().roundColumn();
    requireColumns(input);
    for (String column : input.columns()) {
      if (column.equalsIgnoreCase(name)) {
        throw new RefusedException(
            "'%s' is a column of the input already; set output.prefix, or output.struct to hold the results"
                .formatted(name));
      }
    }
    return name;
  }

  private void requireColumns(Dataset<Row> input) {
    List<String> columns = List.of(input.columns());
    for (String column : options.output().partitionBy()) {
      if (columns.stream().noneMatch(column::equalsIgnoreCase)) {
        throw new RefusedException(
            "output.partition-by: column '%s' is not in the input, which has %s"
                .formatted(column, String.join(", ", columns)));
      }
    }
  }

  private OutputFolder outputFolder(JobInput input) throws IOException {
    Path path = new Path(options.output().path());
    List<Path> read = new ArrayList<>(options.model().source().location().paths());
    read.addAll(input.paths());
    return OutputFolder.open(
        JobInput.fileSystem(spark, path),
        path,
        options.output().mode(),
        WriterProcess.current(),
        read);
  }
}
