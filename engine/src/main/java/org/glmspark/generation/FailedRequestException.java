package org.glmspark.generation;

/// One request made the engine fail; others go on. The cause is what was thrown.
public final class FailedRequestException extends RuntimeException {
  private static final long serialVersionUID = 1;

  FailedRequestException(Throwable cause) {
    super("the request failed: " + cause, cause);
  }
}
