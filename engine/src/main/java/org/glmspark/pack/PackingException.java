package org.glmspark.pack;

import org.jspecify.annotations.Nullable;

/// A pack that cannot be written. The message is a sentence: where, what was found, what to do.
public final class PackingException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  PackingException(String message) {
    super(message);
  }

  PackingException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
