package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PairMergerTest {
  /// Ranks that no training would give: long tokens before their parts, parts that are missing.
  @ParameterizedTest(name = "seed = {0}")
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void joinsPairsInTheOrderOfAnySetOfRanks(int seed) {
    var random = new Random(seed);
    var tokens = new ArrayList<>(List.of("a", "b", "c"));
    while (tokens.size() < 60) {
      String token = letters(random, 2 + random.nextInt(6));
      if (!tokens.contains(token)) {
        tokens.add(token);
      }
    }
    Collections.shuffle(tokens, random);
    var table = new TokenTable(tokens.size());
    Map<String, Integer> ranks = new HashMap<>();
    for (String token : tokens) {
      ranks.put(token, ranks.size());
      table.put(ranks.get(token), token.getBytes(ISO_8859_1));
    }
    var slow = new SlowTokenizer(ranks);
    var merger =
        new PairMerger(
            table,
            IntStream.range(0, tokens.size()).toArray(),
            BytePairEncoding.Unit.BYTE,
            ByteFallback.singleBytes(
                table)); // one for all words: nothing of a word may stay behind

    for (int i = 0; i < 500; i++) {
      String word = letters(random, 1 + random.nextInt(40));
      if (!ranks.containsKey(word)) {
        assertThat(merge(merger, word)).as(word).isEqualTo(slow.encode(word));
      }
    }
  }

  private static int[] merge(PairMerger merger, String word) {
    byte[] surrounded = ("b" + word + "a").getBytes(ISO_8859_1);
    var tokens = new TokenBuffer();
    merger.encode(surrounded, 1, surrounded.length - 1, tokens);
    return tokens.toArray();
  }

  private static String letters(Random random, int length) {
    var word = new StringBuilder();
    for (int i = 0; i < length; i++) {
      word.append((char) ('a' + random.nextInt(3)));
    }
    return word.toString();
  }
}
