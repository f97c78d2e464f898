package org.glmspark.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.glmspark.format.MalformedModelException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BytePairTokenizerTest {
  private static final BytePairTokenizer SAMPLE = SampleTokenizer.load();

  @Test
  void encodesAndDecodesEveryGoldenCaseOfGlm4() throws IOException {
    Path folder = PublishedTokenizer.folder("glm4");
    var tokenizer = BytePairTokenizer.load(folder);
    int encoded = 0;
    int decoded = 0;
    for (JsonNode row : SampleTokenizer.jsonLines(folder.resolve("golden.jsonl"))) {
      String text = row.required("text").asText();
      int[] ids = SampleTokenizer.ints(row.required("ids"));
      if (row.required("kind").asText().equals("encode")) {
        int prefix = row.path("prefix").asBoolean() ? 2 : 0;
        assertThat(tokenizer.encode(text)).as(text).isEqualTo(without(prefix, ids));
        assertThat(tokenizer.decode(ids)).isEqualTo(text);
        encoded++;
      } else if (row.required("kind").asText().equals("decode")) {
        assertThat(tokenizer.decode(ids)).isEqualTo(text);
        decoded++;
      }
    }
    assertThat(encoded).isEqualTo(115);
    assertThat(decoded).isEqualTo(8);
    assertThat(tokenizer.specialToken("<|endoftext|>")).isEqualTo(151329);
    assertThat(tokenizer.specialToken("<|end_of_video|>")).isEqualTo(151342);
    assertThat(tokenizer.vocabulary().size()).isEqualTo(151343);
  }

  @Test
  void takesAWholeWordBeforeItsPairs() throws IOException {
    var tokenizer = BytePairTokenizer.load(PublishedTokenizer.folder("glm4"));

    assertThat(tokenizer.encode(" 参考")).containsExactly(99855);
    assertThat(tokenizer.decode(26767, 224, 98580)).isEqualTo(" 参考"); // what merging alone gives
  }

  @ParameterizedTest(name = "seed = {0}")
  @ValueSource(ints = {1, 2, 3})
  void encodesRandomTextAsItsSlowTwinAndBack(int seed) throws IOException {
    var slow = SlowTokenizer.read(SampleTokenizer.folder().resolve("tokenizer.model"));
    var random = new Random(seed);
    for (int i = 0; i < 2_000; i++) {
      String text = RandomText.of(random, 30);
      String read = RandomText.wellFormed(text);

      int[] tokens = SAMPLE.encode(text);

      assertThat(tokens).as(text).isEqualTo(slow.encode(read));
      assertThat(SAMPLE.decode(tokens)).isEqualTo(read);
    }
  }

  @Test
  void encodesRandomTextAsItsSlowTwinWithThePublishedVocabulary() throws IOException {
    Path folder = PublishedTokenizer.folder("glm4");
    var tokenizer = BytePairTokenizer.load(folder);
    var slow = SlowTokenizer.read(folder.resolve("tokenizer.model"));
    var random = new Random(4);
    for (int i = 0; i < 2_000; i++) {
      String text = RandomText.wellFormed(RandomText.of(random, 30));
      assertThat(tokenizer.encode(text)).as(text).isEqualTo(slow.encode(text));
    }
  }

  /// A quadratic or recursive step would take hours here, or overflow the stack.
  @ParameterizedTest
  @ValueSource(
      strings = {"a", " ", "\n", "\r\n", "\u3000", "7", "!", "中", "\ud840\udc00", "'", " a"})
  void encodesAMegabyteOfOnePiece(String piece) throws IOException {
    var slow = SlowTokenizer.read(SampleTokenizer.folder().resolve("tokenizer.model"));
    String text = piece.repeat((1 << 20) / piece.length()) + "x";

    assertThat(SAMPLE.decode(SAMPLE.encode(text))).isEqualTo(text);
    assertThat(SAMPLE.encode(piece.repeat(700))).isEqualTo(slow.encode(piece.repeat(700)));
  }

  @Test
  void takesUnpairedSurrogatesAsReplacementCharacters() {
    assertThat(SAMPLE.encode("a\ud800b\udc00\ud83d"))
        .isEqualTo(SAMPLE.encode("a\ufffdb\ufffd\ufffd"))
        .isNotEqualTo(SAMPLE.encode("a?b??"));
    assertThat(SAMPLE.decode(SAMPLE.encode("\ud83d\ude80"))).isEqualTo("🚀");
  }

  @Test
  void neverMakesSpecialTokensFromText() {
    int ranks = SAMPLE.vocabulary().tokensWithBytes();
    for (String special : SAMPLE.vocabulary().specialTokens().keySet()) {
      int[] tokens = SAMPLE.encode("x" + special + special);

      assertThat(IntStream.of(tokens)).allMatch(token -> token < ranks);
      assertThat(SAMPLE.decode(tokens)).isEqualTo("x" + special + special);
    }
  }

  @Test
  void decodesNothingFromTokensWithoutBytes() {
    int[] hi = SAMPLE.encode("Hi");
    var tokens = new ArrayList<Integer>(List.of(SAMPLE.specialToken("<sop>")));
    for (int token : hi) {
      tokens.add(token);
      tokens.add(151_551); // a padding row of the embedding
    }

    assertThat(SAMPLE.decode(tokens)).isEqualTo("Hi");
    assertThat(SAMPLE.encode("")).isEmpty();
    assertThat(SAMPLE.decode()).isEmpty();
    assertThatThrownBy(() -> SAMPLE.decode(3, -7))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("token id -7, expected at least 0");
  }

  @Test
  void decodesBrokenUtf8AsOneReplacementForEachIllFormedPart() {
    int[] bytes = {0xF0, 0x9F, 0x91, 'a', 0xE4, 0xC3, 0xA9, 0xE4, 0xBD, 0x80, 0xBF, 0xFF};

    assertThat(SAMPLE.decode(singleBytes(bytes))).isEqualTo("\ufffda\ufffdé\u4f40\ufffd\ufffd");
  }

  @Test
  void servesManyThreadsAtOnce() throws IOException {
    List<String> bodies =
        SampleTokenizer.summaries().stream().map(SampleTokenizer.Summary::body).toList();
    List<List<Integer>> alone = bodies.stream().map(BytePairTokenizerTest::tokens).toList();

    List<List<Integer>> together =
        Collections.nCopies(20, bodies).parallelStream()
            .flatMap(List::stream)
            .map(BytePairTokenizerTest::tokens)
            .toList();

    for (int i = 0; i < together.size(); i++) {
      assertThat(together.get(i)).isEqualTo(alone.get(i % alone.size()));
    }
  }

  @Test
  void namesTheSpecialTokenThatIsMissing() {
    assertThatThrownBy(() -> SAMPLE.specialToken("<|bot|>"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'<|bot|>'")
        .hasMessageContaining("<|assistant|>");
  }

  @Test
  void numbersTheSpecialTokensAfterTheRanksWhenTheConfigIsAbsent(@TempDir Path folder)
      throws IOException {
    Files.copy(
        SampleTokenizer.folder().resolve("tokenizer.model"), folder.resolve("tokenizer.model"));

    assertThat(BytePairTokenizer.load(folder).vocabulary().specialTokens())
        .isEqualTo(SAMPLE.vocabulary().specialTokens())
        .hasSize(14)
        .containsEntry("<|endoftext|>", 2034);
  }

  @Test
  void saysThatTheModelFileIsMissing(@TempDir Path folder) {
    assertThatThrownBy(() -> BytePairTokenizer.load(folder))
        .isInstanceOf(MalformedModelException.class)
        .hasMessage("tokenizer.model: " + folder + ": there is no such file here");
  }

  private static List<Integer> tokens(String text) {
    return IntStream.of(SAMPLE.encode(text)).boxed().toList();
  }

  private static int[] without(int prefix, int[] ids) {
    return Arrays.copyOfRange(ids, prefix, ids.length);
  }

  private static int[] singleBytes(int... bytes) {
    int[] ids = bytes.clone();
    for (int i = 0; i < ids.length; i++) {
      ids[i] = SampleTokenizer.singleByte(SAMPLE, bytes[i]);
    }
    return ids;
  }
}
