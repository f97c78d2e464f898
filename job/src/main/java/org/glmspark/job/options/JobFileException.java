package org.glmspark.job.options;

import org.jspecify.annotations.Nullable;

/// A job file, or an option that changes one, that cannot be understood. The message is a sentence
/// for whoever wrote it: where, what was found, what was expected.
public final class JobFileException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  JobFileException(String message) {
    super(message);
  }

  JobFileException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
