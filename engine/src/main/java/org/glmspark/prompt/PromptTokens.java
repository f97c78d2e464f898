package org.glmspark.prompt;

import java.util.stream.IntStream;
import org.glmspark.tokenizer.Tokenizer;

/// A prompt while it is written: control tokens by id, everything else as plain text.
final class PromptTokens {
  private final Tokenizer tokenizer;
  private final IntStream.Builder tokens = IntStream.builder();

  PromptTokens(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  PromptTokens control(int... ids) {
    IntStream.of(ids).forEach(tokens::add);
    return this;
  }

  /// Adds the tokens of a text alone: they do not merge with those of its neighbours.
  PromptTokens text(String text) {
    return control(tokenizer.encode(text));
  }

  /// All that was added; nothing can be added afterwards.
  int[] toArray() {
    return tokens.build().toArray();
  }
}
