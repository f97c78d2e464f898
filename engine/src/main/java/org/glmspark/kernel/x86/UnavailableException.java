package org.glmspark.kernel.x86;

/// Why assembled kernels cannot be used on this machine. The message is half a sentence that goes
/// after "because".
public final class UnavailableException extends Exception {
  private static final long serialVersionUID = 1L;

  UnavailableException(String reason) {
    super(reason);
  }

  UnavailableException(String reason, Throwable cause) {
    super(reason, cause);
  }
}
