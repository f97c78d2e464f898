package org.glmspark.job;

import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.glmspark.job.options.RefusedException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `glm sql`: SQL with the functions of [org.glmspark.udfs.GlmSparkExtensions].
///
/// It reads statements by itself: Spark's own shell needs Hive, which Spark's jars for programs do
/// not have.
@Command(
    name = "sql",
    description = {
      "Runs SQL in Spark, with the functions ai_query, ai_summarize, ai_classify, ...",
      "Without SQL and FILE it reads statements, each ended by a semicolon, until `exit`.",
      "Where spark.glm.model and spark.glm.models say nothing, the sample model answers. Where"
          + " there is no other table of that name, `docs` are the sample documents."
    },
    footer = {
      "",
      "SHOW FUNCTIONS LIKE 'ai_*' lists them; DESCRIBE FUNCTION EXTENDED ai_summarize explains"
          + " one.",
      "",
      "Examples:",
      "  glm sql \"SELECT id, ai_summarize(body) FROM docs LIMIT 5\"",
      "  glm sql --conf spark.glm.model=/models/glm-4-9b-chat -f report.sql"
    })
final class SqlCommand implements Callable<Integer> {
  private static final String MODEL = "spark.glm.model";
  private static final String DOCUMENTS = "docs";

  private final Path home;

  @SuppressWarnings("NullAway.Init") // picocli's work
  @Spec
  private CommandSpec spec;

  @Parameters(arity = "0..1", paramLabel = "SQL", description = "statements, divided by semicolons")
  private @Nullable String text;

  @Option(names = "-f", paramLabel = "FILE", description = "run the statements of a file")
  private @Nullable Path file;

  @Option(names = "--json", description = "print a JSON object for each row")
  private boolean json;

  /// @param home the project's folder, which has the sample model and documents
  SqlCommand(Path home) {
    this.home = home;
  }

  @Override
  public Integer call() throws IOException {
    @Nullable String script = script();
    Terminal terminal = Terminal.current();
    SparkConf conf = SubmittedSession.configuration();
    configure(conf, terminal);
    if (terminal.interactive()) {
      // The launcher passes standard error on through another process. The progress that Spark
      // draws there, and clears away, must not come after the rows.
      System.setErr(System.out);
    }
    SparkSession spark = SubmittedSession.open(conf, "glm sql", terminal);
    try {
      offerDocuments(spark);
      var printer =
          new SqlPrinter(
              json ? SqlPrinter.Format.JSON : SqlPrinter.Format.TABLE,
              terminal.interactive() ? terminal.columns() : Integer.MAX_VALUE,
              spec.commandLine().getOut());
      if (script == null) {
        Console console = Objects.requireNonNull(System.console()); // the terminal is interactive
        new SqlPrompt(spark, printer, console::readLine, spec.commandLine().getOut()).run();
      } else {
        runAll(spark, SqlStatements.of(script), printer);
      }
    } finally {
      spark.stop();
    }
    return 0;
  }

  /// The statements to run, or null if somebody is going to type them.
  private @Nullable String script() throws IOException {
    if (text != null && file != null) {
      throw new ParameterException(
          spec.commandLine(), "both SQL and -f %s are given, expected one".formatted(file));
    }
    if (file != null) {
      try {
        return Files.readString(file);
      } catch (NoSuchFileException e) {
        throw new RefusedException("%s: there is no such file".formatted(file), e);
      } catch (IOException e) {
        throw new RefusedException("%s cannot be read as text: %s".formatted(file, e), e);
      }
    }
    if (text != null || Terminal.current().interactive()) {
      return text;
    }
    try (var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      return input.readAllAsString();
    }
  }

  /// What the session needs, as far as nobody has set it.
  private void configure(SparkConf conf, Terminal terminal) {
    conf.setIfMissing("spark.ui.showConsoleProgress", String.valueOf(terminal.interactive()));
    // Spark's own interval: nothing is drawn here of what heartbeats carry
    conf.setIfMissing("spark.executor.heartbeatInterval", "10s");
    boolean hasModel =
        Arrays.stream(conf.getAll())
            .anyMatch(
                setting -> setting._1().equals(MODEL) || setting._1().startsWith(MODEL + "s."));
    Path sample = home.resolve("sample-data").resolve("model");
    if (!hasModel && Files.isDirectory(sample)) {
      conf.set(MODEL, sample.toAbsolutePath().normalize().toString());
    }
  }

  private void offerDocuments(SparkSession spark) {
    Path documents = home.resolve("sample-data").resolve("documents");
    if (Files.isDirectory(documents) && !spark.catalog().tableExists(DOCUMENTS)) {
      spark
          .read()
          .parquet(documents.toAbsolutePath().normalize().toUri().toString())
          .createOrReplaceTempView(DOCUMENTS);
    }
  }

  /// Runs statements until one fails, and tells which.
  private static void runAll(SparkSession spark, List<String> statements, SqlPrinter printer) {
    for (int i = 0; i < statements.size(); i++) {
      try {
        run(spark, statements.get(i), printer);
      } catch (RefusedException e) {
        throw statements.size() == 1
            ? e
            : new RefusedException("statement %d: %s".formatted(i + 1, e.getMessage()), e);
      }
    }
  }

  /// Runs a statement and shows its rows.
  ///
  /// @return the number of rows
  /// @throws RefusedException if Spark does not do the statement
  static int run(SparkSession spark, String statement, SqlPrinter printer) {
    spark.sparkContext().setJobDescription(statement); // what Spark's UI calls its queries
    try {
      Dataset<Row> rows = spark.sql(statement);
      return printer.print(rows);
    } catch (Exception e) { // Spark throws checked exceptions that its methods do not declare
      throw SqlFailure.of(e);
    }
  }
}
