package org.glmspark.job;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;

/// `glm` in this process.
final class CommandLine {
  static final String SAMPLE_MODEL = "../sample-data/model";

  private static final Path PROJECT = Path.of("..");

  private StringWriter out = new StringWriter();
  private StringWriter err = new StringWriter();

  /// Runs a command.
  ///
  /// @return its exit code
  int run(String... arguments) {
    out = new StringWriter();
    err = new StringWriter();
    return Main.run(PROJECT, new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }

  /// What the last command printed.
  String out() {
    return out.toString();
  }

  /// What the last command said of itself: progress, and why it failed.
  String err() {
    return err.toString();
  }
}
