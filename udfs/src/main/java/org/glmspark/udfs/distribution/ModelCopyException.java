package org.glmspark.udfs.distribution;

import org.jspecify.annotations.Nullable;

/// A model that cannot be brought to this machine. The message is a sentence: where, what was
/// found, what to do. Nothing half is left behind, and the next call tries again.
public final class ModelCopyException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ModelCopyException(String message) {
    super(message);
  }

  ModelCopyException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
