package org.glmspark.job;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.glmspark.job.options.JobFile;
import org.glmspark.job.options.JobOptions;
import org.glmspark.job.report.LocalSpark;

/// The job of `conf/sample.json` in a folder that has a small input, `in.jsonl`, and gets the
/// output, `out`. In settings, FOLDER stands for the folder.
final class SampleJob {
  static final Path DATA = Path.of("..", "sample-data");

  private final Path folder;
  private final List<String> settings;

  /// What runs say of their progress.
  private final StringWriter progress;

  private SampleJob(Path folder, List<String> settings, StringWriter progress) {
    this.folder = folder;
    this.settings = settings;
    this.progress = progress;
  }

  /// Writes the input: three documents of the sample, and three that cannot be summarised.
  static SampleJob in(Path folder) throws IOException {
    try (Stream<String> documents = Files.lines(DATA.resolve("documents.jsonl"))) {
      List<String> rows =
          Stream.concat(
                  documents.limit(3),
                  Stream.of(
                      "{\"id\": \"null\", \"body\": null}",
                      "{\"id\": \"empty\", \"body\": \"\"}",
                      "{\"id\": \"long\", \"body\": \"%s\"}".formatted("word ".repeat(2000))))
              .toList();
      Files.write(folder.resolve("in.jsonl"), rows);
    }
    return new SampleJob(
        folder,
        List.of(
            "input.format=json",
            "input.path=FOLDER/in.jsonl",
            "output.path=FOLDER/out",
            "output.partitions=2",
            "request.long=error"),
        new StringWriter());
  }

  /// The same job with more settings, or other ones.
  SampleJob with(String... assignments) {
    return new SampleJob(
        folder, Stream.concat(settings.stream(), Stream.of(assignments)).toList(), progress);
  }

  JobOptions options() {
    JobFile job = JobFile.read(Path.of("..", "conf", "sample.json"));
    settings.forEach(setting -> job.set(setting.replace("FOLDER", folder.toString())));
    return job.options();
  }

  /// Runs the job, with more settings.
  JobRun.Outcome run(String... assignments) throws IOException {
    return run(JobRun.Scope.MISSING_ROWS, assignments);
  }

  JobRun.Outcome run(JobRun.Scope scope, String... assignments) throws IOException {
    return with(assignments).execute(scope, new Terminal(false, 100));
  }

  /// As [#run(String...)], with somebody at a terminal.
  JobRun.Outcome runWatched(String... assignments) throws IOException {
    return with(assignments).execute(JobRun.Scope.MISSING_ROWS, new Terminal(true, 100));
  }

  private JobRun.Outcome execute(JobRun.Scope scope, Terminal terminal) throws IOException {
    return new JobRun(LocalSpark.session(), options(), scope)
        .execute(terminal, new PrintWriter(progress, true));
  }

  /// What all runs so far said of their progress.
  String progress() {
    return progress.toString();
  }

  void addInput(String... rows) throws IOException {
    Files.write(folder.resolve("in.jsonl"), List.of(rows), StandardOpenOption.APPEND);
  }

  Dataset<Row> output() {
    return LocalSpark.session().read().parquet(folder.resolve("out").toString());
  }

  /// Rows of the output as texts, without what may differ from run to run, sorted.
  List<String> rows() {
    return output()
        .selectExpr("to_json(struct(id, body, completion, error, finish_reason, lineage))")
        .as(Encoders.STRING())
        .collectAsList()
        .stream()
        .sorted()
        .toList();
  }
}
