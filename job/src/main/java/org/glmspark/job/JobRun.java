package org.glmspark.job;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.glmspark.job.options.InputOptions;
import org.glmspark.job.options.JobOptions;
import org.glmspark.job.options.OptionKeys;
import org.glmspark.job.report.Report;
import org.glmspark.job.report.RunFacts;
import org.glmspark.job.report.RunProgress;
import org.glmspark.udfs.Generation;
import org.glmspark.udfs.ModelHandle;
import org.glmspark.udfs.ResultColumns;
import org.glmspark.udfs.RowProgress;

/// One run of a job: everything that can be refused is refused first, then the rows are completed
/// and written aside, counted there, and put in the output's place.
final class JobRun {
  private static final Pattern SQL_STATE = Pattern.compile("\\s+SQLSTATE: \\w+$");

  private final SparkSession spark;
  private final JobOptions options;
  private final ResultColumns results;

  /// What a run leaves.
  ///
  /// @param result what was asked for and what came of it
  /// @param firstRows some rows, to show
  /// @param output where all of them are
  record Outcome(RunResult result, TextTable firstRows, Path output) {
    /// The page that shows what the run did.
    Path report() {
      return new Path(OutputFolder.ownFolder(output), Report.PAGE);
    }
  }

  JobRun(SparkSession spark, JobOptions options) {
    this.spark = spark;
    this.options = options;
    results = new ResultColumns(options.output().prefix(), options.output().struct());
  }

  /// Does the run.
  ///
  /// @param progress is told how far it is
  /// @throws RefusedException before any work, if the job does not fit its input or its output
  /// @throws org.glmspark.format.MalformedModelException before any work, if the model is broken
  Outcome execute(Terminal terminal, PrintWriter progress) throws IOException {
    Path inputPath = new Path(options.input().path());
    requireInput(inputPath);
    OutputFolder output = outputFolder();
    output.check(List.of(inputPath, new Path(options.model().path().toUri())));
    Dataset<Row> input = read();
    RowProgress counters = RowProgress.register(spark.sparkContext());
    ModelHandle model = model(terminal, progress);
    Dataset<Row> completed = completed(input, model, counters);
    Path aside = output.begin();
    try {
      Instant started = Instant.now();
      RunProgress followed = RunProgress.follow(spark.sparkContext(), counters);
      try (var _ = ProgressLine.show(terminal, progress, followed::done, input.count())) {
        write(completed, aside);
      } finally {
        followed.leave(spark.sparkContext());
      }
      Duration took = Duration.between(started, Instant.now());
      Dataset<Row> written = read(aside, completed.schema());
      Totals totals = Totals.of(written, results);
      TextTable firstRows = RunReport.firstRows(written, options, results);
      var result =
          new RunResult(
              options,
              model.digest(),
              spark.version(),
              counters.distinctKernels(),
              started,
              took,
              totals);
      new ReportFiles(fileSystem(aside), OutputFolder.ownFolder(aside))
          .write(
              written,
              results,
              result,
              output.target(),
              new RunFacts.RowCounts(totals.rows(), totals.rows(), totals.rows(), 0),
              null,
              followed.throughput());
      output.commit(result.json());
      return new Outcome(result, firstRows, output.target());
    } catch (Throwable t) {
      abandon(output, t);
      throw t;
    }
  }

  private static void abandon(OutputFolder output, Throwable reason) {
    try {
      output.abandon();
    } catch (IOException e) {
      reason.addSuppressed(e);
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

  private Dataset<Row> completed(Dataset<Row> input, ModelHandle model, RowProgress counters) {
    Generation generation =
        new Generation(
            model,
            options.request().prompt(),
            options.sampling().parameters(),
            options.request().responseFormat(),
            options.input().key(),
            results,
            options.output().partitions());
    try {
      return generation.apply(input, counters);
    } catch (IllegalArgumentException e) { // a column that is missing, a clash, a key that is none
      throw new RefusedException(String.valueOf(e.getMessage()), e);
    }
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

  private void write(Dataset<Row> rows, Path folder) {
    rows.write()
        .mode(SaveMode.Append) // the folder exists, but holds no rows
        .format(OptionKeys.constant(options.output().format()))
        .save(folder.toString());
  }

  /// The rows in a folder that Spark would take for a hidden one by its name: so by its files.
  private Dataset<Row> read(Path folder, StructType schema) throws IOException {
    String[] files =
        Arrays.stream(fileSystem(folder).listStatus(folder))
            .filter(FileStatus::isFile)
            .map(file -> file.getPath().toString())
            .filter(file -> file.substring(file.lastIndexOf('/') + 1).startsWith("part-"))
            .toArray(String[]::new);
    return spark
        .read()
        .schema(schema)
        .format(OptionKeys.constant(options.output().format()))
        .load(files);
  }

  private OutputFolder outputFolder() throws IOException {
    Path path = new Path(options.output().path());
    return new OutputFolder(
        fileSystem(path), path, options.output().mode(), WriterProcess.current());
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
