package org.glmspark.generation;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.glmspark.tokenizer.BytePairTokenizer;
import org.glmspark.tokenizer.SampleTokenizer;
import org.glmspark.tokenizer.StreamingDecoder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StopStringsTest {
  private static final BytePairTokenizer TOKENIZER = SampleTokenizer.load();

  private static int[] bytes(String text) {
    byte[] bytes = text.getBytes(UTF_8);
    int[] tokens = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      tokens[i] = SampleTokenizer.singleByte(TOKENIZER, bytes[i] & 0xFF);
    }
    return tokens;
  }

  /// The text before the first stop string, or null; all tokens before the one that completes it
  /// must not.
  private static String textBefore(int[] tokens, String... strings) {
    var search = new StopStrings(TOKENIZER, List.of(strings));
    for (int token : tokens) {
      if (search.completedBy(token)) {
        return search.textBefore();
      }
      assertThat(search.textBefore()).isNull();
    }
    return null;
  }

  @Test
  void findsAStringThatIsSplitWithinItsCharacters() {
    assertThat(textBefore(bytes("天气很好。🚀结束"), "🚀结")).isEqualTo("天气很好。");
    assertThat(textBefore(bytes("one 🚀 two"), "🚁", "\n", "two!")).isNull();
  }

  /// With a tokenizer to which every part of the text is a token, whatever characters it cuts.
  @Test
  void findsAStringHoweverItIsSplitOverTokens() {
    byte[] text = "中ab🚀结c".getBytes(UTF_8);
    Map<String, Integer> ids = new LinkedHashMap<>();
    for (int b = 0; b < 256; b++) {
      ids.put(String.valueOf((char) b), b);
    }
    for (int length = 2; length <= text.length; length++) {
      for (int start = 0; start + length <= text.length; start++) {
        ids.putIfAbsent(new String(text, start, length, ISO_8859_1), ids.size());
      }
    }
    BytePairTokenizer tokenizer = tokenizer(ids);
    int stopEnd = text.length - 1;
    for (int cuts = 0; cuts < 1 << (text.length - 1); cuts++) {
      var search = new StopStrings(tokenizer, List.of("b🚀结"));
      int start = 0;
      for (int end = 1; end <= text.length && search.textBefore() == null; end++) {
        boolean cut = end == text.length || (cuts >> (end - 1) & 1) == 1;
        if (cut) {
          String token = new String(text, start, end - start, ISO_8859_1);
          assertThat(search.completedBy(ids.get(token)))
              .as("cuts %s, token up to byte %d", Integer.toBinaryString(cuts), end)
              .isEqualTo(end >= stopEnd);
          start = end;
        }
      }
      assertThat(search.textBefore()).isEqualTo("中a");
    }
  }

  private static BytePairTokenizer tokenizer(Map<String, Integer> ids) {
    var ranks = new StringBuilder();
    ids.forEach((token, id) -> {
      String base64 = Base64.getEncoder().encodeToString(token.getBytes(ISO_8859_1));
      ranks.append(base64).append(' ').append(id).append('\n');
    });
    return BytePairTokenizer.parseRanks("every part", ranks.toString().getBytes(ISO_8859_1));
  }

  @Test
  void findsAStringThatBeginsLikeItself() {
    assertThat(textBefore(bytes("xaaab"), "aab")).isEqualTo("xa");
    assertThat(textBefore(bytes("abaabab"), "abab")).isEqualTo("aba");
  }

  @Test
  void ofSeveralStringsTheOneThatIsCompleteFirstCounts() {
    assertThat(textBefore(bytes("abcdef"), "bcde", "cd")).isEqualTo("ab");
    assertThat(textBefore(bytes("abcdef"), "cd", "abcd")).isEmpty();
  }

  @Test
  void theWhiteSpaceBeforeTheFirstWordIsNoPartOfACompletion() {
    assertThat(textBefore(bytes("\n\nfirst line\nsecond"), "\n")).isEqualTo("\n\nfirst line");
    assertThat(textBefore(bytes("\nEND"), "\nEND")).isEmpty();
  }

  /// The whole text searched for every string at every place. It stays slow: it is what we trust.
  private record Reference(int tokens, String text) {
    static Reference of(List<Integer> tokens, Set<String> strings, int minTokens) {
      var decoder = new StreamingDecoder(TOKENIZER);
      var text = new StringBuilder();
      for (int i = 0; i < tokens.size(); i++) {
        int before = text.length();
        text.append(decoder.next(tokens.get(i)));
        for (int end = before + 1; end <= text.length() && i >= minTokens; end++) {
          String head = text.substring(0, end);
          int longest =
              strings.stream().filter(head::endsWith).mapToInt(String::length).max().orElse(0);
          if (longest > 0 && !head.isBlank()) {
            return new Reference(i + 1, head.substring(0, end - longest));
          }
        }
      }
      return new Reference(tokens.size(), null);
    }
  }

  @ParameterizedTest(name = "seed = {0}")
  @ValueSource(ints = {1, 2, 3})
  void findsWhatTheReferenceFinds(int seed) {
    Random random = new Random(seed);
    int[] letters = bytes(" \n a a ab中🚀");
    int found = 0;
    for (int i = 0; i < 4_000; i++) {
      List<Integer> tokens = new ArrayList<>();
      for (int k = random.nextInt(40); k > 0; k--) {
        tokens.add(
            random.nextInt(10) == 0
                ? random.nextInt(TOKENIZER.vocabulary().size() + 5)
                : letters[random.nextInt(letters.length)]);
      }
      String text = TOKENIZER.decode(tokens);
      Set<String> strings = new TreeSet<>(Set.of("aaaa", "中🚀"));
      for (int k = 0; k < 3 && !text.isEmpty(); k++) {
        int start = random.nextInt(text.length());
        strings.add(text.substring(start, Math.min(text.length(), start + 2 + random.nextInt(4))));
      }
      int minTokens = random.nextInt(10);
      Reference expected = Reference.of(tokens, strings, minTokens);

      var search = new StopStrings(TOKENIZER, strings);
      int read = 0;
      boolean complete = false;
      while (read < tokens.size() && !complete) {
        int token = tokens.get(read++);
        if (read <= minTokens) {
          search.pass(token);
        } else {
          complete = search.completedBy(token);
        }
      }
      assertThat(new Reference(read, search.textBefore())).isEqualTo(expected);
      found += complete ? 1 : 0;
    }
    assertThat(found).isBetween(1_000, 3_900);
  }
}
