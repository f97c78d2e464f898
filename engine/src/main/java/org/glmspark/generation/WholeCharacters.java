package org.glmspark.generation;

import java.util.List;
import org.glmspark.tokenizer.StreamingDecoder;
import org.glmspark.tokenizer.Tokenizer;

/// The text of a completion that a limit cut off: if that was within a character, without it.
final class WholeCharacters {
  private static final String REPLACEMENT = "\ufffd";

  private WholeCharacters() {}

  /// Takes half a character from the end of a text. What is no character because the model wrote it
  /// so stays, as U+FFFD.
  ///
  /// @param text of the tokens
  /// @param tokens the whole completion
  static String of(String text, List<Integer> tokens, Tokenizer tokenizer) {
    if (!text.endsWith(REPLACEMENT)) {
      return text;
    }
    StreamingDecoder decoder = new StreamingDecoder(tokenizer);
    for (int token : tokens) {
      var _ = decoder.next(token);
    }
    return decoder.finish().isEmpty()
        ? text
        : text.substring(0, text.length() - REPLACEMENT.length()).stripTrailing();
  }
}
