package org.glmspark.generation;

import org.jspecify.annotations.Nullable;

/// Why a row has no completion: a reason to count by, and what was found in this row.
///
/// @param cause what was thrown, where the error is one of this program and not of the row
public record RowError(Reason reason, String detail, @Nullable Throwable cause) {
  public RowError(Reason reason, String detail) {
    this(reason, detail, null);
  }

  /// What went wrong, without the numbers of one row.
  public enum Reason {
    NO_TEXT("no text"),
    /// What the row asks for is none that a model could be asked, or not this one.
    INVALID_REQUEST("invalid request"),
    PROMPT_TOO_LONG("prompt too long"),
    CACHE_TOO_SMALL("cache too small"),
    ANSWER_TOO_LONG("answer too long"),
    NOT_FINITE("numbers out of range"),
    NO_TOKEN_ALLOWED("no token is allowed"),
    /// The request made the engine fail, which goes on with the others.
    INTERNAL("internal error");

    private final String phrase;

    Reason(String phrase) {
      this.phrase = phrase;
    }

    /// The words an error sentence begins with.
    public String phrase() {
      return phrase;
    }
  }

  /// The sentence for people: the reason, a colon, what was found and what was expected.
  public String sentence() {
    return reason.phrase() + ": " + detail;
  }
}
