package org.glmspark.generation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.glmspark.tokenizer.SamplePieces;
import org.glmspark.tokenizer.SampleTokenizer;
import org.glmspark.tokenizer.Tokenizer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BadWordsTest {

  /// Whether one of the sequences is the end of a text's tokens.
  private static boolean forbidsEndOf(List<int[]> sequences, int[] text) {
    return sequences.stream()
        .anyMatch(word ->
            word.length <= text.length
                && Arrays.equals(
                    word, Arrays.copyOfRange(text, text.length - word.length, text.length)));
  }

  private static void requireForbidden(Tokenizer tokenizer, String word) {
    List<int[]> sequences = BadWords.encode(List.of(word), tokenizer);
    assertThat(sequences)
        .allSatisfy(ids -> assertThat(tokenizer.decode(ids).strip()).isEqualTo(word.strip()));
    for (String before : List.of("", "é ", "é")) {
      int[] text = tokenizer.encode(before + word.strip());
      if (Character.isIdeographic(word.codePointAt(0)) || !before.equals("é")) {
        assertThat(forbidsEndOf(sequences, text)).as("'%s' before it", before).isTrue();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cat", " the", "天气", "学习中文", "🦙"})
  void aWordIsForbiddenAtTheBeginningAndAfterABlankAndInChineseText(String word) {
    requireForbidden(SamplePieces.tokenizer(), word);
    requireForbidden(SampleTokenizer.load(), word);
  }
}
