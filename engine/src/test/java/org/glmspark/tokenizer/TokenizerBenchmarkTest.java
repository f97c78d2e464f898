package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Megabytes per second on one core with the published vocabularies: `mvn -B test -Pbench -pl
/// engine -Dtest=TokenizerBenchmarkTest`.
@Tag("bench")
class TokenizerBenchmarkTest {
  private static final int MEGABYTE = 1 << 20;
  private static final int ROUNDS = 8;

  @Test
  void measuresGlm4() throws IOException {
    measure(
        TokenizerFiles.read(PublishedTokenizer.folder("glm4"))
            .load(TokenizerFamily.GLM4)
            .tokenizer());
  }

  @Test
  void measuresChatGlm3() throws IOException {
    measure(
        TokenizerFiles.read(PublishedTokenizer.folder("chatglm3"))
            .load(TokenizerFamily.CHATGLM3)
            .tokenizer());
  }

  private static void measure(Tokenizer tokenizer) throws IOException {
    for (Map.Entry<String, String> entry : texts().entrySet()) {
      String text = entry.getValue();
      double bytes = text.getBytes(UTF_8).length;
      double best = Double.MAX_VALUE;
      int tokens = 0;
      for (int round = 0; round < ROUNDS; round++) {
        long start = System.nanoTime();
        tokens = tokenizer.encode(text).length;
        best = Math.min(best, (System.nanoTime() - start) / 1e9);
      }
      assertThat(tokens).isPositive();
      System.out.printf(
          Locale.ROOT,
          "%-24s %-28s %6.1f MB/s, %.2f bytes per token%n",
          tokenizer.getClass().getSimpleName(),
          entry.getKey(),
          bytes / 1e6 / best,
          bytes / tokens);
    }
  }

  private static Map<String, String> texts() throws IOException {
    String prose =
        SampleTokenizer.summaries().stream()
            .map(SampleTokenizer.Summary::body)
            .collect(Collectors.joining("\n\n"));
    var texts = new LinkedHashMap<String, String>();
    texts.put("prose, 4 MB", repeated(prose, 4 * MEGABYTE));
    texts.put("prose, 10 MB in one line", repeated(prose.replace('\n', ' '), 10 * MEGABYTE));
    for (String piece : List.of("a", " ", "-", "=", "\n", "7", "中", "🦙", "ab", "the", "北京")) {
      String name =
          "1 MB of " + (piece.isBlank() ? "U+%04X".formatted((int) piece.charAt(0)) : piece);
      texts.put(name, repeated(piece, MEGABYTE));
    }
    texts.put("1 MB of random letters", random('a', 26, MEGABYTE));
    texts.put("1 MB of random a and b", random('a', 2, MEGABYTE));
    texts.put("random Chinese characters", random('\u4e00', 3000, MEGABYTE / 3));
    return texts;
  }

  private static String repeated(String piece, int bytes) {
    return piece.repeat(Math.ceilDiv(bytes, piece.getBytes(UTF_8).length));
  }

  private static String random(int first, int count, int length) {
    var random = new Random(1);
    var text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      text.append((char) (first + random.nextInt(count)));
    }
    return text.toString();
  }
}
