package org.glmspark.job;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.glmspark.job.options.InputOptions;
import org.glmspark.job.options.JobOptions;
import org.glmspark.job.options.OptionKeys;
import org.glmspark.job.options.OutputMode;
import org.glmspark.job.options.OutputOptions;
import org.glmspark.job.options.RefusedException;
import org.glmspark.job.output.OutputFolder;
import org.glmspark.job.output.Rounds;
import org.glmspark.job.output.WriterProcess;
import org.glmspark.job.report.RunProgress;
import org.glmspark.udfs.Generation;
import org.glmspark.udfs.ModelHandle;
import org.glmspark.udfs.ResultColumns;
import org.glmspark.udfs.RowProgress;
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
    FAILED_ROWS
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
    @Nullable Instant deadline = options.limits().deadline(Clock.systemDefaultZone());
    Path input = new Path(options.input().path());
    requireInput(input);
    try (OutputFolder output = outputFolder(input)) {
      Dataset<Row> rows = read();
      ModelHandle model = model(terminal, progress);
      Generation generation = generation(model);
      Dataset<Row> plan = plan(generation, rows);
      RunSettings settings =
          RunSettings.of(
              options, model.digest(), spark.version(), generation.columns().append(rows.schema()));
      if (options.output().mode() == OutputMode.RESUME) {
        settings.requireSameSchema(output);
      }
      Rounds rounds = output.begin(roundColumn(rows));
      output.write(settings.fileName(), RunSettings.bytes(settings.json()));
      RowProgress counters = RowProgress.register(spark.sparkContext());
      var outputRows = new OutputRows(spark, options.output(), settings.schema());
      var work = new RoundWork(generation, outputRows, rounds, settings, counters, deadline);
      RunProgress followed = RunProgress.follow(spark.sparkContext(), counters);
      Instant began = Instant.now();
      try {
        switch (scope) {
          case MISSING_ROWS -> addMissing(work, plan, terminal, progress, followed);
          case FAILED_ROWS -> work.retryFailed(plan);
        }
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
  }

  private ModelHandle model(Terminal terminal, PrintWriter progress) {
    return options
        .engine()
        .apply(
            ModelHandle.of(
                options.model().source(),
                options.engine().options(),
                new PackingLine(terminal, progress)));
  }

  private Generation generation(ModelHandle model) {
    return new Generation(
        model,
        options.request().prompt(),
        options.sampling().parameters(),
        options.request().responseFormat(),
        options.input().key(),
        new ResultColumns(options.output().prefix(), options.output().struct()),
        options.output().partitions());
  }

  private static Dataset<Row> plan(Generation generation, Dataset<Row> input) {
    try {
      return generation.plan(input);
    } catch (IllegalArgumentException e) { // a column that is missing, a clash, a key that is none
      throw new RefusedException(String.valueOf(e.getMessage()), e);
    }
  }

  /// The column that readers of the output see the number of a round in.
  private String roundColumn(Dataset<Row> input) {
    OutputOptions output = options.output();
    String name = output.struct() == null ? output.prefix() + "round" : output.struct() + "_round";
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
    return OutputFolder.open(
        fileSystem(path),
        path,
        options.output().mode(),
        WriterProcess.current(),
        List.of(input, new Path(options.model().path().toUri())));
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
