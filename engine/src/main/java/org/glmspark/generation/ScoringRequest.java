package org.glmspark.generation;

/// A text whose tokens the model is to find more or less probable.
///
/// @param tokens the whole text as token ids, prefix and roles included; not copied, so not to be
///   changed
/// @param firstScored index of the first token that gets a log-probability, from 1 on: those before
///   it are only read
public record ScoringRequest(int[] tokens, int firstScored) {
  public ScoringRequest {
    if (firstScored < 1 || firstScored >= tokens.length) {
      throw new IllegalArgumentException(
          "first scored token %d of %d, expected 1 to %d"
              .formatted(firstScored, tokens.length, tokens.length - 1));
    }
  }
}
