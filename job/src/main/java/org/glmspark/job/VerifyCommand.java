package org.glmspark.job;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `glm verify`: runs rows of an output again and compares.
@Command(
    name = "verify",
    description = {
      "Runs some rows of an output again, from their lineage, and compares the bytes.",
      "Everything but timing and usage.cached must be the same."
    },
    footer = {"", "Example:", "  glm verify target/sample-summaries --sample 20"})
final class VerifyCommand implements Callable<Integer> {
  private static final int DIFFERENT = 1;
  private static final int MOST_SHOWN = 20;

  @SuppressWarnings("NullAway.Init") // picocli's work
  @Spec
  private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli's work
  @Parameters(paramLabel = "OUTPUT", description = "folder that glm run wrote")
  private String output;

  @Option(
      names = "--sample",
      paramLabel = "N",
      defaultValue = "100",
      description = "most rows to run again (default: 100)")
  private int sample;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "which rows: the same number takes the same (default: 0)")
  private long seed;

  @Override
  public Integer call() throws IOException {
    if (sample < 1) {
      throw new picocli.CommandLine.ParameterException(
          spec.commandLine(), "--sample is %d, expected 1 or more".formatted(sample));
    }
    SparkSession spark =
        SubmittedSession.open(SubmittedSession.configuration(), "glm verify", Terminal.current());
    try {
      var path = new Path(output);
      var verification =
          new Verification(
              spark, path.getFileSystem(spark.sparkContext().hadoopConfiguration()), path);
      return report(verification.of(sample, seed));
    } finally {
      spark.stop();
    }
  }

  private int report(Verification.Outcome outcome) {
    PrintWriter out = spec.commandLine().getOut();
    outcome.differing().entrySet().stream()
        .limit(MOST_SHOWN)
        .forEach(row -> out.println("row '%s' %s".formatted(row.getKey(), row.getValue())));
    outcome.changed().stream()
        .limit(MOST_SHOWN)
        .forEach(row ->
            out.println(
                "row '%s' has a request id that the settings of no run give".formatted(row)));
    out.println(
        String.format(
            Locale.ROOT,
            "%,d rows run again: %,d the same, %,d differ; %,d could not be compared",
            outcome.rows(),
            outcome.rows() - outcome.differing().size(),
            outcome.differing().size(),
            outcome.changed().size()));
    out.flush();
    return outcome.differing().isEmpty() && outcome.changed().isEmpty() ? 0 : DIFFERENT;
  }
}
