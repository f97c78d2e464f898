package org.glmspark.udfs.openai;

import org.glmspark.generation.RowError;

/// A row asks for something that cannot be asked. Never leaves the reading of the row: it becomes
/// the row's error.
public final class InvalidRequestException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient RequestError error;

  InvalidRequestException(RequestError error) {
    super(error.message(), null, false, false); // control flow: nobody looks where it was thrown
    this.error = error;
  }

  /// Something that the model, or its way of writing conversations, cannot take.
  ///
  /// @param place in the request
  public static InvalidRequestException unsupported(String place, String sentence) {
    return new InvalidRequestException(
        new RequestError(place, RequestError.UNSUPPORTED, place + sentence));
  }

  /// A sampling parameter that the model cannot take.
  ///
  /// @param refusal begins with the parameter's name
  public static InvalidRequestException ofParameter(IllegalArgumentException refusal) {
    String sentence = String.valueOf(refusal.getMessage());
    return new InvalidRequestException(RequestError.of(RequestError.INVALID_VALUE, sentence));
  }

  /// What is wrong.
  public RequestError error() {
    return error;
  }

  /// The same as the error of a row.
  public RowError rowError() {
    return new RowError(RowError.Reason.INVALID_REQUEST, error.message());
  }
}
