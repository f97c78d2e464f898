package org.glmspark.grammar;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;

/// A format over a model's tokens. Serves any number of threads and sequences: what one finds about
/// a place in an answer, all others know.
public final class AnswerGrammar {
  private final AnswerVocabulary vocabulary;
  private final Automaton automaton;
  private final int textStart;

  /// @throws IllegalArgumentException if the vocabulary lacks bytes that every answer has
  AnswerGrammar(AnswerFormat format, AnswerVocabulary vocabulary) {
    this.vocabulary = vocabulary;
    Graph graph = AnswerRules.of(format);
    textStart = graph.start();
    if (vocabulary.blankLed()) {
      graph.letBlankLead();
    }
    automaton = new Automaton(graph, ShortestCompletion.inTokens(graph, vocabulary.all()));
    if (automaton.start().isFinal()) {
      throw new IllegalArgumentException(
          "the model's vocabulary lacks bytes that every answer of the format %s has"
              .formatted(format.json()));
    }
  }

  /// With so many tokens there is an answer, whatever the tokenizer makes of it: a bound on the
  /// shortest one. Fewer may do where a token reaches across the parts of a JSON text.
  public int leastTokens() {
    return Math.max(1, automaton.start().cost());
  }

  /// The beginning of an answer.
  ///
  /// @param tokens most that the answer may have, at least [#leastTokens()]
  /// @param stopTokens what may follow an answer
  /// @throws IllegalArgumentException if there are too few tokens
  public AnswerState start(int tokens, int[] stopTokens) {
    if (tokens < leastTokens()) {
      throw new IllegalArgumentException(
          "%d tokens, expected at least %d".formatted(tokens, leastTokens()));
    }
    return new AnswerState(this, automaton.start(), tokens, stopTokens);
  }

  AnswerVocabulary vocabulary() {
    return vocabulary;
  }

  /// The text of an answer, without the blank that a tokenizer puts before it.
  public String text(List<Integer> tokens) {
    var joined = new ByteArrayOutputStream();
    tokens.forEach(token -> joined.writeBytes(vocabulary.bytes(token)));
    byte[] bytes = joined.toByteArray();
    if (vocabulary.blankLed() && bytes.length > 0 && bytes[0] == ' ') {
      byte[] rest = Arrays.copyOfRange(bytes, 1, bytes.length);
      if (automaton.at(textStart).next(rest).accepting()) {
        return new String(rest, UTF_8);
      }
    }
    return new String(bytes, UTF_8);
  }
}
