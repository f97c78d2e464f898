package org.glmspark.tokenizer;

import java.util.List;

/// Text to token ids and back, as one family of models was trained.
///
/// No text encodes to a special token, also where it spells one: those are put in by id, and
/// decoding leaves them out.
public interface Tokenizer {
  /// The tokens that this tokenizer knows.
  Vocabulary vocabulary();

  /// The tokens of a text; none for an empty one. An unpaired surrogate, which is no Unicode, is
  /// taken as U+FFFD.
  int[] encode(String text);

  /// The text of tokens. Special tokens and ids beyond the vocabulary have none; bytes that are no
  /// UTF-8 become U+FFFD.
  ///
  /// @throws IllegalArgumentException if an id is negative
  String decode(int... tokens);

  /// As [#decode(int...)].
  default String decode(List<Integer> tokens) {
    return decode(tokens.stream().mapToInt(Integer::intValue).toArray());
  }

  /// The id of a special token.
  ///
  /// @param text as the model's files write it, such as `<|user|>`
  /// @throws IllegalArgumentException if there is no such token
  default int specialToken(String text) {
    Integer id = vocabulary().specialTokens().get(text);
    if (id == null) {
      throw new IllegalArgumentException(
          "no special token '%s', expected one of %s"
              .formatted(text, vocabulary().specialTokens().keySet()));
    }
    return id;
  }
}
