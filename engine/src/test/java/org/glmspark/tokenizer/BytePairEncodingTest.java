package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.glmspark.format.MalformedModelException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BytePairEncodingTest {
  /// Ranks that no training would give: long tokens before their parts, parts that are missing.
  @ParameterizedTest(name = "seed = {0}")
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void joinsPairsInTheOrderOfAnySetOfRanks(int seed) {
    var random = new Random(seed);
    for (int vocabulary = 0; vocabulary < 50; vocabulary++) {
      int letters = 1 + random.nextInt(3);
      int size = letters == 1 ? 4 + random.nextInt(5) : 10 + random.nextInt(50);
      var tokens = new ArrayList<>(List.of("a", "b", "c"));
      while (tokens.size() < size) {
        String token = letters(random, letters, 2 + random.nextInt(8));
        if (!tokens.contains(token)) {
          tokens.add(token);
        }
      }
      if (random.nextBoolean()) {
        Collections.shuffle(tokens, random);
      }
      check(tokens, random, letters);
    }
  }

  private static void check(List<String> tokens, Random random, int letters) {
    var table = new TokenTable(tokens.size());
    Map<String, Integer> ranks = new HashMap<>();
    for (String token : tokens) {
      ranks.put(token, ranks.size());
      table.put(ranks.get(token), token.getBytes(ISO_8859_1));
    }
    var slow = new SlowTokenizer(ranks);
    int[] order = IntStream.range(0, tokens.size()).toArray();
    BytePairEncoding.Unit unit =
        random.nextBoolean() ? BytePairEncoding.Unit.BYTE : BytePairEncoding.Unit.CHARACTER;
    var encoding = BytePairEncoding.of("t", table, order, unit, ByteFallback.singleBytes(table));
    // one for all words: nothing of a word may stay behind
    BytePairEncoding.WordEncoder merging = encoding.encoder(0);
    BytePairEncoding.WordEncoder backtracking = encoding.backtracking()::encode;
    for (int i = 0; i < 100; i++) {
      String word = letters(random, letters, 1 + random.nextInt(40));
      int[] merged = slow.merged(word);
      assertThat(encode(merging, word)).as("%s of %s", word, tokens).isEqualTo(merged);
      assertThat(encode(backtracking, word)).as("%s of %s", word, tokens).isEqualTo(merged);
    }
  }

  @Test
  void refusesATokenThatIsAbsurdlyLong() {
    var table = new TokenTable(1);
    table.put(0, new byte[1025]);

    assertThatThrownBy(() ->
            BytePairEncoding.of(
                "tokenizer.model",
                table,
                new int[] {0},
                BytePairEncoding.Unit.BYTE,
                ByteFallback.singleBytes(table)))
        .isInstanceOf(MalformedModelException.class)
        .hasMessage("tokenizer.model: vocabulary: a token has 1025 bytes, expected at most 1024");
  }

  private static int[] encode(BytePairEncoding.WordEncoder encoder, String word) {
    byte[] surrounded = ("b" + word + "a").getBytes(ISO_8859_1);
    var tokens = new TokenBuffer();
    encoder.encode(surrounded, 1, surrounded.length - 1, tokens);
    return tokens.toArray();
  }

  private static String letters(Random random, int letters, int length) {
    var word = new StringBuilder();
    for (int i = 0; i < length; i++) {
      word.append((char) ('a' + random.nextInt(letters)));
    }
    return word.toString();
  }
}
