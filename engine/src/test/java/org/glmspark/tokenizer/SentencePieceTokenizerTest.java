package org.glmspark.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SentencePieceTokenizerTest {
  private static final List<Piece> PIECES = SamplePieces.pieces();
  private static final SentencePieceTokenizer SAMPLE =
      SentencePieceTokenizer.parse(
          "tokenizer.model", SamplePieces.file(PIECES), TokenizerFamily.CHATGLM3.specialTokens());

  @ParameterizedTest
  @EnumSource(
      value = TokenizerFamily.class,
      names = {"CHATGLM2", "CHATGLM3"})
  void encodesAndDecodesEveryGoldenCaseOfChatGlm(TokenizerFamily family) throws IOException {
    Path folder = PublishedTokenizer.folder(family.name().toLowerCase(Locale.ROOT));
    var tokenizer =
        SentencePieceTokenizer.load(folder.resolve("tokenizer.model"), family.specialTokens());
    int encoded = 0;
    int decoded = 0;
    for (JsonNode row : SampleTokenizer.jsonLines(folder.resolve("golden.jsonl"))) {
      String text = row.required("text").asText();
      int[] ids = SampleTokenizer.ints(row.required("ids"));
      if (row.required("kind").asText().equals("encode")) {
        int prefix = row.path("prefix").asBoolean() ? 2 : 0;
        assertThat(tokenizer.encode(text))
            .as(text)
            .isEqualTo(Arrays.copyOfRange(ids, prefix, ids.length));
        encoded++;
      } else if (row.required("kind").asText().equals("decode")) {
        assertThat(tokenizer.decode(ids)).as(text).isEqualTo(text);
        decoded++;
      }
    }
    assertThat(encoded).isBetween(115, 116);
    assertThat(decoded).isEqualTo(15);
    assertThat(tokenizer.specialToken("</s>")).isEqualTo(2);
    assertThat(tokenizer.specialToken("eop")).isEqualTo(64793);
    assertThat(tokenizer.vocabulary().size()).isEqualTo(64789 + family.specialTokens().size());
  }

  @Test
  void encodesRandomTextAsItsSlowTwinWithThePublishedVocabulary() throws IOException {
    Path file = PublishedTokenizer.folder("chatglm3").resolve("tokenizer.model");
    List<Piece> pieces = SentencePieceFile.parse(WholeFile.read(file));
    var tokenizer = SentencePieceTokenizer.load(file, List.of());
    var random = new Random(5);
    for (int i = 0; i < 300; i++) {
      String text = RandomText.wellFormed(RandomText.of(random, 30)) + letters(random, 20);
      assertThat(tokenizer.encode(text))
          .as(text)
          .isEqualTo(SamplePieces.encodeSlowly(pieces, text));
    }
    // 'tribu' ranks before 'ribu', from which it is made: joined as soon as that is there
    assertThat(tokenizer.encode("tribution distribute"))
        .isEqualTo(SamplePieces.encodeSlowly(pieces, "tribution distribute"));
  }

  @ParameterizedTest(name = "seed = {0}")
  @ValueSource(ints = {1, 2, 3})
  void encodesRandomTextAsItsSlowTwinAndBack(int seed) {
    var random = new Random(seed);
    for (int i = 0; i < 1_000; i++) {
      String text = RandomText.of(random, 20) + letters(random, 30);
      String read = RandomText.wellFormed(text);

      int[] tokens = SAMPLE.encode(text);

      assertThat(tokens).as(text).isEqualTo(SamplePieces.encodeSlowly(PIECES, read));
      assertThat(SAMPLE.decode(tokens)).isEqualTo(read.replace('\u2581', ' '));
    }
  }

  /// A quadratic or recursive step would take hours here, or overflow the stack.
  @ParameterizedTest
  @ValueSource(strings = {"a", " ", "\n", "\u3000", "7", "中", "\ud840\udc00", "ab", "\u2581"})
  void encodesAMegabyteOfOnePiece(String piece) {
    String text = piece.repeat((1 << 20) / piece.length()) + "x";
    String few = piece.repeat(150);

    assertThat(SAMPLE.decode(SAMPLE.encode(text))).isEqualTo(text.replace('\u2581', ' '));
    assertThat(SAMPLE.encode(few)).isEqualTo(SamplePieces.encodeSlowly(PIECES, few));
  }

  @Test
  void namesTheControlPiecesAndThoseAfterTheLast() {
    int pieces = PIECES.size();

    assertThat(SAMPLE.vocabulary().specialTokens())
        .hasSize(12)
        .containsEntry("<unk>", 0)
        .containsEntry("</s>", 2)
        .containsEntry("[MASK]", pieces)
        .containsEntry("<|observation|>", pieces + 8);
    assertThat(SAMPLE.vocabulary().size()).isEqualTo(pieces + 9);
    assertThat(SAMPLE.vocabulary().tokensWithBytes()).isEqualTo(pieces - 3);
  }

  @Test
  void readsABlankAndItsSignAsOne() {
    assertThat(SAMPLE.encode("the\u2581cat")).isEqualTo(SAMPLE.encode("the cat"));
    assertThat(SAMPLE.encode("")).isEmpty();
    assertThat(SAMPLE.decode()).isEmpty();
    assertThat(SAMPLE.decode(SAMPLE.encode(" "))).isEqualTo(" ");
    assertThat(SAMPLE.vocabulary().bytes(SAMPLE.encode("the")[0])).startsWith(' ', 't');
  }

  @Test
  void dropsOneBlankOfTheFirstPieceThatHasText() {
    int[] the = SAMPLE.encode("the");
    int newline = 3 + '\n';
    int blank = 3 + ' ';
    int mask = SAMPLE.specialToken("[gMASK]");

    assertThat(SAMPLE.decode(mask, 2, the[0])).isEqualTo("the");
    assertThat(SAMPLE.decode(the[0], mask, the[0])).isEqualTo("the the");
    assertThat(SAMPLE.decode(newline, the[0])).isEqualTo("\n the");
    assertThat(SAMPLE.decode(blank, the[0])).isEqualTo("  the"); // a byte is no piece of text
  }

  @Test
  void decodesEachStrayByteAsOneReplacement() {
    int[] tokens = {3 + 0xF0, 3 + 0x9F, 3 + 0x91, 3 + 'a', 3 + 0xE4, 3 + 0xC3, 3 + 0xA9, 3 + 0xFF};

    assertThat(SAMPLE.decode(tokens)).isEqualTo("\ufffd\ufffd\ufffda\ufffdé\ufffd");
    // a special token between two bytes of a character is as if it were not there
    assertThat(SAMPLE.decode(3 + 0xC3, SAMPLE.specialToken("sop"), 3 + 0xA9)).isEqualTo("é");
  }

  private static String letters(Random random, int length) {
    var text = new StringBuilder();
    for (int i = random.nextInt(length); i > 0; i--) {
      text.append("abthe rtiu".charAt(random.nextInt(10)));
    }
    return text.toString();
  }
}
