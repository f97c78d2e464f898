package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WordSplitterTest {
  /// All planes with characters but 14, which has tags and variation selectors.
  private static final int CODE_POINTS = 0x40000;

  private static final int CODE_POINTS_PER_TEXT = 1024;

  @Test
  void splitsEveryCharacterOfUnicodeAsTheRegularExpressionDoes() {
    for (int first = 0; first < CODE_POINTS; first += CODE_POINTS_PER_TEXT) {
      var text = new StringBuilder();
      for (int c = first; c < first + CODE_POINTS_PER_TEXT; c++) {
        if (Character.getType(c) != Character.SURROGATE) {
          String s = Character.toString(c);
          // beside letters, numbers, blanks, symbols, line breaks and itself, and contracted
          text.append("x#y1#2 # !#\n##'#q'l#".replace("#", s));
        }
      }
      assertThat(split(text.toString())).isEqualTo(SlowTokenizer.words(text.toString()));
    }
  }

  @ParameterizedTest(name = "seed = {0}")
  @ValueSource(ints = {1, 2, 3})
  void splitsRandomTextAsTheRegularExpressionDoes(int seed) {
    var random = new Random(seed);
    for (int i = 0; i < 5_000; i++) {
      String text = RandomText.wellFormed(RandomText.of(random, 30));
      assertThat(split(text)).isEqualTo(SlowTokenizer.words(text));
    }
  }

  private static List<String> split(String text) {
    byte[] utf8 = text.getBytes(UTF_8);
    var words = new ArrayList<String>();
    int end;
    for (int start = 0; start < utf8.length; start = end) {
      end = WordSplitter.end(utf8, start);
      words.add(new String(utf8, start, end - start, UTF_8));
    }
    return words;
  }
}
