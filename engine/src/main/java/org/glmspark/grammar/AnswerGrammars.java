package org.glmspark.grammar;

import java.util.LinkedHashMap;
import java.util.Map;
import org.glmspark.tokenizer.Vocabulary;
import org.jspecify.annotations.Nullable;

/// The formats that are in use over one model's tokens. Those used last are kept, because rows of a
/// dataset share theirs.
public final class AnswerGrammars {
  private static final int KEPT = 16;

  private final Vocabulary vocabulary;
  private final int size;
  private @Nullable AnswerVocabulary prepared;

  private final Map<AnswerFormat, AnswerGrammar> grammars =
      new LinkedHashMap<>(2 * KEPT, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<AnswerFormat, AnswerGrammar> eldest) {
          return size() > KEPT;
        }
      };

  /// @param size of the model's vocabulary: tokens of the tokenizer from this id on cannot be
  ///   chosen
  public AnswerGrammars(Vocabulary vocabulary, int size) {
    this.vocabulary = vocabulary;
    this.size = size;
  }

  /// A format over the model's tokens. Any thread may call.
  ///
  /// @throws IllegalArgumentException if the vocabulary lacks bytes that every answer has
  public synchronized AnswerGrammar of(AnswerFormat format) {
    AnswerVocabulary tokens = prepared;
    if (tokens == null) {
      tokens = new AnswerVocabulary(vocabulary, size);
      prepared = tokens;
    }
    AnswerGrammar grammar = grammars.get(format);
    if (grammar == null) {
      grammar = new AnswerGrammar(format, tokens);
      grammars.put(format, grammar);
    }
    return grammar;
  }
}
