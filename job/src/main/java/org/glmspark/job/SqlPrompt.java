package org.glmspark.job;

import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.function.Function;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.SparkSession;
import org.glmspark.job.options.RefusedException;
import org.jspecify.annotations.Nullable;

/// Runs statements as they are typed, each when its semicolon has come. A statement that fails does
/// not end it, and an interrupt cancels the statement that runs, or takes back what was typed.
final class SqlPrompt {
  /// The exit code of a program that an interrupt ended.
  private static final int INTERRUPTED = 130;

  private final SparkSession spark;
  private final SqlPrinter printer;
  private final Function<String, @Nullable String> lines;
  private final PrintWriter out;

  /// @param lines asks for a line with a prompt; null at the end
  /// @param out for what is said of the statements
  SqlPrompt(
      SparkSession spark,
      SqlPrinter printer,
      Function<String, @Nullable String> lines,
      PrintWriter out) {
    this.spark = spark;
    this.printer = printer;
    this.lines = lines;
    this.out = out;
  }

  /// Runs statements until `exit` or the end of the lines.
  void run() {
    out.println("Statements end with a semicolon; `exit` ends this.");
    var pending = new StringBuilder();
    for (String line = read(pending);
        line != null && !isExit(pending, line);
        line = read(pending)) {
      pending.append(line).append('\n');
      if (SqlStatements.isComplete(pending.toString())) {
        SqlStatements.of(pending.toString()).forEach(this::run);
        pending.setLength(0);
      }
    }
  }

  /// A line; an empty one where an interrupt takes back what was typed; null at the end.
  private @Nullable String read(StringBuilder pending) {
    try {
      return lines.apply(pending.isEmpty() ? "glm> " : "   > ");
    } catch (RuntimeException e) {
      // the JDK's line editor throws it, and does not export it
      if (!e.getClass().getSimpleName().equals("UserInterruptException")) {
        throw e;
      }
      pending.setLength(0);
      return "";
    }
  }

  private static boolean isExit(StringBuilder pending, String line) {
    String word = line.strip().toLowerCase(Locale.ROOT).replaceFirst("\\s*;$", "");
    return pending.isEmpty() && (word.equals("exit") || word.equals("quit"));
  }

  private void run(String statement) {
    Instant start = Instant.now();
    var running = new Running(spark.sparkContext());
    try (var _ = InterruptSignal.handledBy(running::cancel)) {
      int rows = SqlCommand.run(spark, statement, printer);
      out.println("%,d %s, %s".formatted(rows, rows == 1 ? "row" : "rows", since(start)));
    } catch (RuntimeException e) {
      if (running.isCancelled()) {
        out.println(); // what is drawn of the progress stays as it is
        out.println("cancelled, " + since(start));
      } else if (e instanceof RefusedException) {
        out.println(e.getMessage());
      } else { // a fault of a program, not of the statement
        e.printStackTrace(out);
      }
    } finally {
      running.end();
    }
  }

  private static String since(Instant start) {
    double seconds = Duration.between(start, Instant.now()).toMillis() / 1e3;
    return String.format(Locale.ROOT, "%.1f s", seconds);
  }

  /// A statement that this thread runs, and that another can cancel.
  private static final class Running {
    private final SparkContext context;
    private final Thread thread = Thread.currentThread();
    private boolean cancelled;
    private boolean ended;

    Running(SparkContext context) {
      this.context = context;
    }

    /// Cancels the statement; the second time, ends the program.
    synchronized void cancel() {
      if (ended) {
        return;
      }
      if (cancelled) {
        Runtime.getRuntime().exit(INTERRUPTED);
      }
      cancelled = true;
      context.cancelAllJobs();
      thread.interrupt(); // it may be about to start a job
    }

    synchronized boolean isCancelled() {
      return cancelled;
    }

    /// From here on nothing can be cancelled, and nothing of it goes on.
    synchronized void end() {
      ended = true;
      if (cancelled) {
        var _ = Thread.interrupted();
        context.cancelAllJobs(); // a wait that was interrupted leaves its job behind
      }
    }
  }
}
