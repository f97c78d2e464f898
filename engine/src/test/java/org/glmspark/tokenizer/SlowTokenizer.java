package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// GLM-4's tokenizer as its description reads: the regular expression, and a search of all pairs
/// for every join. It stays slow: it is what we trust.
///
/// @param ranks the bytes of each token, as Latin-1 characters, and its rank
record SlowTokenizer(Map<String, Integer> ranks) {
  private static final Pattern WORD =
      Pattern.compile(
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
              + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
          Pattern.UNICODE_CASE | Pattern.UNICODE_CHARACTER_CLASS);

  static SlowTokenizer read(Path file) throws IOException {
    var ranks = new HashMap<String, Integer>();
    for (String line : Files.readAllLines(file, ISO_8859_1)) {
      int blank = line.indexOf(' ');
      byte[] token = Base64.getDecoder().decode(line.substring(0, blank));
      ranks.put(new String(token, ISO_8859_1), Integer.parseInt(line.substring(blank + 1)));
    }
    return new SlowTokenizer(ranks);
  }

  static List<String> words(String text) {
    var words = new ArrayList<String>();
    for (Matcher matcher = WORD.matcher(text); matcher.find(); ) {
      words.add(matcher.group());
    }
    return words;
  }

  int[] encode(String text) {
    return words(text).stream()
        .map(SlowTokenizer::latin1)
        .flatMap(w -> word(w).stream())
        .mapToInt(ranks::get)
        .toArray();
  }

  /// What joining pairs makes of a word of Latin-1 characters, also if the word is a token.
  int[] merged(String word) {
    return parts(word).stream().mapToInt(ranks::get).toArray();
  }

  /// The tokens of a word, given as one character for each of its bytes.
  private List<String> word(String word) {
    return ranks.containsKey(word) ? List.of(word) : parts(word);
  }

  private List<String> parts(String word) {
    List<String> parts =
        word.chars().mapToObj(Character::toString).collect(Collectors.toCollection(ArrayList::new));
    while (true) {
      int best = -1;
      int bestRank = Integer.MAX_VALUE;
      for (int i = 0; i + 1 < parts.size(); i++) {
        int rank = ranks.getOrDefault(parts.get(i) + parts.get(i + 1), Integer.MAX_VALUE);
        if (rank < bestRank) {
          best = i;
          bestRank = rank;
        }
      }
      if (best < 0) {
        return parts;
      }
      parts.set(best, parts.get(best) + parts.remove(best + 1));
    }
  }

  private static String latin1(String text) {
    return new String(text.getBytes(UTF_8), ISO_8859_1);
  }
}
