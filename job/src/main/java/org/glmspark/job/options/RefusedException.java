package org.glmspark.job.options;

import org.jspecify.annotations.Nullable;

/// A command that cannot be done as asked. The message is a sentence for whoever typed it: what was
/// found, what was expected, where.
public final class RefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public RefusedException(String message) {
    super(message);
  }

  public RefusedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
