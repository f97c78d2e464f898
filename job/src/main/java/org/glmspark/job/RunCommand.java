package org.glmspark.job;

import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import org.glmspark.job.options.JobFile;
import org.glmspark.job.options.JobOptions;
import org.glmspark.job.options.RefusedException;
import org.glmspark.model.ModelDescription;
import org.glmspark.model.ModelLoader;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.udfs.distribution.ModelLocation;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `glm run`: completes the rows that a job file names, with Spark.
@Command(
    name = "run",
    description = {
      "Completes a prompt for each row of a data set, with Spark.",
      "Without FILE it runs conf/sample.json, which summarises the sample documents."
    },
    footer = {
      "",
      "A relative path is meant from the job file's folder where the file gives it.",
      "On the command line Spark takes it: from the current folder, unless a cluster",
      "has another default file system.",
      "",
      "Example:",
      "  glm run conf/sample.json --set sampling.max_tokens=80 --output summaries"
    })
final class RunCommand implements Callable<Integer> {
  private final Path home;

  @SuppressWarnings("NullAway.Init") // picocli's work
  @Spec
  private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "FILE",
      description = "job file, JSON; its keys are below")
  private @Nullable Path file;

  @Option(
      names = "--input",
      paramLabel = "PATH",
      description = "read this, whatever input.path says")
  private @Nullable String input;

  @Option(
      names = "--output",
      paramLabel = "PATH",
      description = "write this, whatever output.path says")
  private @Nullable String output;

  @Option(
      names = "--deadline",
      paramLabel = "TIME",
      description = "begin no row after this: 06:00, 2026-12-24T06:00Z, 5h30m; limits.deadline")
  private @Nullable String deadline;

  @Option(
      names = "--max-tokens-total",
      paramLabel = "N",
      description = "most tokens of prompts and completions in all; limits.max-tokens")
  private @Nullable String maxTokensTotal;

  @Option(
      names = "--retry-failed",
      description = "complete the failed rows of the output again, and nothing else")
  private boolean retryFailed;

  @Option(
      names = "--incremental",
      description = "complete the rows that came to files or a table since the last such run")
  private boolean incremental;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "a value for any key of the job file, JSON or text; repeatable")
  private List<String> assignments = new ArrayList<>();

  /// @param home the project's folder, which has the job that runs by default
  RunCommand(Path home) {
    this.home = home;
  }

  @Override
  public Integer call() throws Exception {
    JobOptions options = options();
    JobRun.Scope scope = scope();
    Terminal terminal = Terminal.current();
    PrintWriter err = spec.commandLine().getErr();
    boolean given = options.model().source().location() instanceof ModelLocation.Given;
    if (!given) { // before Spark starts, which takes long
      checkModel(options, err);
    }
    SparkSession spark =
        SubmittedSession.open(SubmittedSession.configuration(), "glm run", terminal);
    try {
      if (given) { // only then Spark has the file
        checkModel(options, err);
      }
      JobRun.Outcome outcome = new JobRun(spark, options, scope).execute(terminal, err);
      RunReport.print(spec.commandLine().getOut(), outcome, sinceStart(), terminal.columns());
      return outcome.result().stopped() == null ? CommandLine.ExitCode.OK : Main.WORK_REMAINS;
    } catch (Exception e) { // Spark throws checked exceptions that its methods do not declare
      throw BrokenRunException.isBehind(e) ? new BrokenRunException(options.output().mode(), e) : e;
    } finally {
      spark.stop();
    }
  }

  private JobRun.Scope scope() {
    if (retryFailed && incremental) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--retry-failed and --incremental do not go together");
    }
    if (incremental) {
      return JobRun.Scope.NEW_FILES;
    }
    return retryFailed ? JobRun.Scope.FAILED_ROWS : JobRun.Scope.MISSING_ROWS;
  }

  /// Refuses a broken model, and warns of a doubtful one.
  private static void checkModel(JobOptions options, PrintWriter err) {
    ModelDescription model =
        ModelLoader.describe(ModelArgument.here(options.model(), err), options.model().overrides());
    model.requireChatTemplate();
    requireTokens(options.sampling().parameters(), model);
    model.warnings().forEach(warning -> err.println("warning: " + warning));
  }

  private static void requireTokens(SamplingParameters sampling, ModelDescription model) {
    try {
      sampling.requireIdsBelow(model.config().vocabularySize());
    } catch (IllegalArgumentException e) {
      throw new RefusedException("sampling." + e.getMessage(), e);
    }
  }

  private JobOptions options() {
    Path named = file == null ? home.resolve("conf").resolve("sample.json") : file;
    JobFile job = JobFile.read(RunReport.shortened(named));
    assignments.forEach(job::set);
    if (input != null) {
      job.set("--input", "input.path", input);
    }
    if (output != null) {
      job.set("--output", "output.path", output);
    }
    if (deadline != null) {
      job.set("--deadline", "limits.deadline", deadline);
    }
    if (maxTokensTotal != null) {
      job.set("limits.max-tokens=" + maxTokensTotal);
    }
    return job.options();
  }

  private static Duration sinceStart() {
    return Duration.ofMillis(ManagementFactory.getRuntimeMXBean().getUptime());
  }
}
