package org.glmspark.job;

import java.io.IOException;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.streaming.StreamingQueryException;
import org.glmspark.job.options.OutputMode;

/// A run that broke off in the midst of its work, by a disk that is full or executors that are lost
/// again and again, and what that means for its output.
final class BrokenRunException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /// @param mode of the output
  BrokenRunException(OutputMode mode, Exception cause) {
    super("the run broke off: %s; %s".formatted(words(cause), remains(mode)), cause);
  }

  /// Whether an exception comes from Spark or a file system, and not from a fault of ours.
  static boolean isBehind(Exception e) {
    return e instanceof IOException
        || e instanceof SparkThrowable
        || e.getCause() instanceof StreamingQueryException;
  }

  /// What happened at last; Spark says around it where, in many lines.
  private static String words(Throwable e) {
    Throwable last = e;
    while (last.getCause() != null) {
      last = last.getCause();
    }
    String all = String.valueOf(last.getMessage()).strip();
    String first = all.lines().findFirst().orElse("");
    return last instanceof SparkThrowable
        ? first
        : "%s: %s".formatted(last.getClass().getSimpleName(), first);
  }

  private static String remains(OutputMode mode) {
    return switch (mode) {
      case RESUME -> "the rounds that are committed stay, and the same command goes on";
      case ERROR_IF_EXISTS ->
          "the rounds that are committed stay, and --set output.mode=resume goes on";
      case OVERWRITE -> "what was in the output before is still there";
    };
  }
}
