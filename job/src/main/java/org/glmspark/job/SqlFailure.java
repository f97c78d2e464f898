package org.glmspark.job;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.SparkThrowable;
import org.glmspark.format.MalformedModelException;
import org.glmspark.job.options.RefusedException;
import org.glmspark.pack.PackingException;

/// Says in one sentence why Spark did not do a statement.
final class SqlFailure {
  private SqlFailure() {}

  /// The sentence.
  ///
  /// @param e what Spark threw, with the reasons inside
  /// @throws RuntimeException `e` itself, if it is a fault of a program and not of the statement
  static RefusedException of(Exception e) {
    List<Throwable> chain = new ArrayList<>();
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      chain.add(cause);
    }
    // Spark wraps what a task threw: the innermost reason that was written for users says most
    return chain.reversed().stream()
        .filter(SqlFailure::isForUsers)
        .findFirst()
        .map(reason -> new RefusedException(sentence(reason), e))
        .orElseThrow(() -> new IllegalStateException(String.valueOf(e.getMessage()), e));
  }

  private static boolean isForUsers(Throwable reason) {
    return reason.getMessage() != null
        && (reason instanceof SparkThrowable
            || reason instanceof MalformedModelException
            || reason instanceof PackingException
            || reason instanceof IllegalArgumentException);
  }

  /// The first line that says something: what follows shows the statement, or its plan.
  private static String sentence(Throwable reason) {
    String message = String.valueOf(reason.getMessage()).strip();
    return message.lines().findFirst().orElse(reason.toString()).replaceFirst(";$", "");
  }
}
