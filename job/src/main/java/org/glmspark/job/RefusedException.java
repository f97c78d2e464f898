package org.glmspark.job;

import org.jspecify.annotations.Nullable;

/// A command that cannot be done as asked. The message is a sentence for whoever typed it: what was
/// found, what was expected, where.
final class RefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  RefusedException(String message) {
    super(message);
  }

  RefusedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
