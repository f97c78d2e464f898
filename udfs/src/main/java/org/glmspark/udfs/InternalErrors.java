package org.glmspark.udfs;

import org.glmspark.generation.RowError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Puts into the executor's log what the error of a row has no room for: where this program failed.
public final class InternalErrors {
  private static final Logger LOG = LoggerFactory.getLogger(InternalErrors.class);

  private InternalErrors() {}

  /// Logs an error that the row is not to blame for; others speak for themselves.
  ///
  /// @param row which one, for people
  public static void log(String row, RowError error) {
    if (error.cause() != null) {
      LOG.warn("{}: {}", row, error.sentence(), error.cause());
    }
  }
}
