package org.glmspark.format;

/// A model file that breaks its format or contradicts another file of the model.
///
/// The message is one sentence, `file: place: what was found and what was expected`.
public final class MalformedModelException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /// @param file the file's name
  /// @param place where in the file: a tensor, a key, a position
  /// @param problem what was found there and what was expected
  public MalformedModelException(String file, String place, String problem) {
    super(file + ": " + place + ": " + problem);
  }

  /// The same, for a problem that an exception told of.
  public MalformedModelException(String file, String place, String problem, Throwable cause) {
    super(file + ": " + place + ": " + problem, cause);
  }
}
