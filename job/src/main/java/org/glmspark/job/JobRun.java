package org.glmspark.job;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.glmspark.job.options.InputFormat;
import org.glmspark.job.options.InputOptions;
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
import org.glmspark.udfs.openai.BatchInput;
import org.jspecify.annotations.Nullable;

/// One run of a job: everything that can be refused is refused first, then the rows that are not
/// done are completed and committed, round by round.
final class JobRun {
  private static final Pattern SQL_STATE = Pattern.compile("\\s+SQLSTATE: \\w+$");

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
    if (scope != Scope.MISSING_ROWS && options.output().mode() != OutputMode.RESUME) {
      throw new RefusedException(
          "%s changes an output that is there, expected output.mode=resume, found %s"
              .formatted(
                  scope == Scope.NEW_FILES ? "--incremental" : "--retry-failed",
                  OptionKeys.constant(options.output().mode())));
    }
    if (scope == Scope.NEW_FILES && options.input().format() == InputFormat.OPENAI_BATCH) {
      throw new RefusedException(
          "--incremental reads files that Spark can follow, and input.format is openai-batch; "
              + "run each batch file as a job of its own");
    }
    @Nullable Instant deadline = options.limits().deadline(Clock.system(ZoneId.systemDefault()));
    Path input = new Path(options.input().path());
    requireInput(input);
    try (OutputFolder output = outputFolder(input)) {
      Dataset<Row> rows = read();
      ModelHandle model = options.model(new PackingLine(terminal, progress));
      Generation generation = options.generation(model, options.input().key());
      StructType schema = refusing(() -> generation.outputSchema(rows.schema()));
      RunSettings settings =
          RunSettings.of(options, scope, model.digest(), spark.version(), schema);
      if (options.output().mode() == OutputMode.RESUME) {
        settings.requireSameKind(output);
      }
      String roundColumn = roundColumn(rows);
      Task task = task(generation, rows, terminal, progress);
      RoundWriter rounds = output.begin(roundColumn);
      output.write(settings.fileName(), RunSettings.bytes(settings.running()));
      try {
        return work(task, settings, generation, rounds, deadline, output);
      } catch (Exception e) { // Spark throws checked exceptions that its methods do not declare
        noteBrokenOff(settings, output, e);
        throw e;
      }
    }
  }

  private Outcome work(
      Task task,
      RunSettings settings,
      Generation generation,
      RoundWriter rounds,
      @Nullable Instant deadline,
      OutputFolder output)
      throws IOException {
    RowProgress counters = RowProgress.register(spark.sparkContext());
    OutputRows outputRows = OutputRows.of(spark, options, settings.schema(), generation.model());
    var work = new RoundWork(generation, outputRows, rounds, settings, counters, deadline);
    RunProgress followed = RunProgress.follow(spark.sparkContext(), counters);
    Instant began = Instant.now();
    try {
      task.run(work, followed, output);
    } finally {
      followed.leave(spark.sparkContext());
    }
    RunResult result = work.result(Duration.between(began, Instant.now()));
    output.write(settings.fileName(), RunSettings.bytes(result.json()));
    new ReportFiles(output, generation.columns())
        .write(result, work.written(), work.output().count(), followed.throughput());
    TextTable firstRows = RunReport.firstRows(work.output(), options, generation.columns());
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

  /// What is left to do when all is prepared.
  private interface Task {
    void run(RoundWork work, RunProgress followed, OutputFolder output) throws IOException;
  }

  /// @throws RefusedException if the keys of the input's rows are none
  private Task task(
      Generation generation, Dataset<Row> input, Terminal terminal, PrintWriter progress) {
    if (scope == Scope.NEW_FILES) {
      return (work, _, output) ->
          new NewFiles(generation, options.input(), work).add(input, output);
    }
    Dataset<Row> plan = refusing(() -> generation.plan(input));
    return scope == Scope.FAILED_ROWS
        ? (work, _, _) -> work.retryFailed(plan)
        : (work, followed, _) -> addMissing(work, plan, terminal, progress, followed);
  }

  private void addMissing(
      RoundWork work,
      Dataset<Row> plan,
      Terminal terminal,
      PrintWriter progress,
      RunProgress followed)
      throws IOException {
    try (RowsToDo rows = work.missing(plan);
        var _ = ProgressLine.show(terminal, progress, followed::done, rows.count())) {
      work.add(rows);
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

  private OutputFolder outputFolder(Path input) throws IOException {
    Path path = new Path(options.output().path());
    List<Path> read = new ArrayList<>(options.model().source().location().paths());
    read.add(input);
    return OutputFolder.open(
        fileSystem(path), path, options.output().mode(), WriterProcess.current(), read);
  }

  private void requireInput(Path path) throws IOException {
    FileStatus[] found = fileSystem(path).globStatus(path);
    if (found == null || found.length == 0) {
      throw new RefusedException(
          "input '%s' is not there, expected %s files".formatted(path, format(options.input())));
    }
  }

  private Dataset<Row> read() {
    InputOptions input = options.input();
    try {
      if (input.format() == InputFormat.OPENAI_BATCH) {
        return BatchInput.read(spark, input.path(), input.options());
      }
      return spark.read().format(format(input)).options(input.options()).load(input.path());
    } catch (Exception e) { // Spark throws checked exceptions that its methods do not declare
      if (e instanceof SparkThrowable || e instanceof IllegalArgumentException) {
        String sentence = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
        throw new RefusedException(
            "input '%s' cannot be read as %s: %s"
                .formatted(input.path(), format(input), SQL_STATE.matcher(sentence).replaceAll("")),
            e);
      }
      throw e;
    }
  }

  private FileSystem fileSystem(Path path) {
    Configuration configuration = spark.sparkContext().hadoopConfiguration();
    try {
      return path.getFileSystem(configuration);
    } catch (IOException e) {
      throw new RefusedException(
          "'%s' is on a file system that cannot be used: %s".formatted(path, e.getMessage()), e);
    }
  }

  private static String format(InputOptions input) {
    return OptionKeys.constant(input.format());
  }
}
