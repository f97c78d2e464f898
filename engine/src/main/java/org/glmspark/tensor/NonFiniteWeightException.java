package org.glmspark.tensor;

/// A weight or scale that is infinite or no number, or becomes infinite in the type it is to be
/// kept in.
public final class NonFiniteWeightException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String file;
  private final String place;
  private final String problem;

  /// @param file the file's name
  /// @param place where in the file
  /// @param problem what was found there and what was expected
  NonFiniteWeightException(String file, String place, String problem) {
    super(file + ": " + place + ": " + problem);
    this.file = file;
    this.place = place;
    this.problem = problem;
  }

  /// The file's name.
  public String file() {
    return file;
  }

  /// The tensor, row and columns.
  public String place() {
    return place;
  }

  /// What was found there and what was expected.
  public String problem() {
    return problem;
  }
}
