package org.glmspark.tokenizer;

/// The tokens of a model.
public final class Vocabulary {
  private Vocabulary() {}

  /// One more than the highest id of a token, special ones included.
  public int size() {
    throw new UnsupportedOperationException();
  }
}
