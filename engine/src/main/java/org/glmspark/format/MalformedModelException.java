package org.glmspark.format;

/// A model file is not what it should be: truncated, contradictory or hostile.
///
/// The message reads `file: place: problem`, and the problem says what was found and what was
/// expected.
public final class MalformedModelException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /// @param file the name of the file
  /// @param place where in it: a tensor, a key, a line
  /// @param problem what was found and what was expected
  public MalformedModelException(String file, String place, String problem) {
    super(message(file, place, problem));
  }

  /// @param file the name of the file
  /// @param place where in it: a tensor, a key, a line
  /// @param problem what was found and what was expected
  /// @param cause what refused the file
  public MalformedModelException(String file, String place, String problem, Throwable cause) {
    super(message(file, place, problem), cause);
  }

  private static String message(String file, String place, String problem) {
    return file + ": " + place + ": " + problem;
  }
}
