package org.glmspark.udfs;

import java.io.Serializable;

/// What becomes of a row whose text is too long to be asked about in one piece.
///
/// @param handling what is done
/// @param partTokens most tokens of a text that is asked about in one piece; 0 for as many as the
///   model's context and the engine's cache leave
public record LongText(Handling handling, int partTokens) implements Serializable {
  /// An error for what the model does not take, and for nothing else.
  static final LongText LEFT_TO_THE_ENGINE = new LongText(Handling.ERROR, 0);

  /// Less text than this is not worth a prompt.
  static final int LEAST_PART_TOKENS = 16;

  /// What is done about such a text.
  public enum Handling {
    /// Its parts are asked about, then their answers together, as [LongDocument] says.
    MAP_REDUCE,
    /// The row has an error that says how long the text is.
    ERROR,
    /// The end of the text is left out, and the row says how much that is.
    TRUNCATE
  }

  /// @throws IllegalArgumentException if `partTokens` is too small for a text
  public LongText {
    requirePartTokens(partTokens);
  }

  static void requirePartTokens(int partTokens) {
    if (partTokens < 0 || (partTokens > 0 && partTokens < LEAST_PART_TOKENS)) {
      throw new IllegalArgumentException(
          "part-tokens is %d, expected 0 (what the model's context leaves) or at least %d"
              .formatted(partTokens, LEAST_PART_TOKENS));
    }
  }

  /// Whether the engine alone decides: an error for what the model does not take.
  boolean leftToTheEngine() {
    return handling == Handling.ERROR && partTokens == 0;
  }

  /// What was done to the text of a row.
  ///
  /// @param parts that were asked about before the last answer, of all levels
  /// @param levels of parts
  /// @param cappedParts those parts whose answer a limit cut off
  /// @param leftOutTokens tokens of the text that the model has not seen, and of parts about which
  ///   its answer was empty
  record Done(int parts, int levels, int cappedParts, int leftOutTokens) {}
}
