package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.glmspark.format.MalformedModelException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SentencePieceFileTest {
  private static final List<Piece> PIECES = SamplePieces.pieces();
  private static final byte[] TRAINER = SamplePieces.trainer(2, 1);
  private static final byte[] NORMALIZER = SamplePieces.normalizer("identity", 1, 0, 1);

  @Test
  void readsWhatIsWritten() {
    assertThat(SentencePieceFile.parse(new WholeFile("m", SamplePieces.file(PIECES))))
        .isEqualTo(PIECES);
    assertThat(SentencePieceFile.isOne(SamplePieces.file(PIECES))).isTrue();
    assertThat(SentencePieceFile.isOne("\n\r\nIQ== 0\n".getBytes(UTF_8))).isFalse();
    assertThat(SentencePieceFile.isOne(new byte[0])).isFalse();
  }

  static Stream<Arguments> differentModels() {
    return Stream.of(
        model(SamplePieces.trainer(1, 1), NORMALIZER, "trainer_spec.model_type: is 1, expected 2"),
        model(new byte[0], NORMALIZER, "trainer_spec.model_type: is 1, expected 2"),
        model(
            SamplePieces.trainer(2, 0),
            NORMALIZER,
            "trainer_spec.byte_fallback: is false, expected true"),
        model(
            SamplePieces.concatenated(TRAINER, SamplePieces.numberField(24, 1)),
            NORMALIZER,
            "treat_whitespace_as_suffix: is true, expected false"),
        model(
            TRAINER,
            SamplePieces.normalizer("nmt_nfkc", 1, 0, 1),
            "normalizer_spec.name: is 'nmt_nfkc', expected 'identity'"),
        model(
            TRAINER,
            SamplePieces.normalizer("identity", 0, 0, 1),
            "add_dummy_prefix: is false, expected true"),
        model(
            TRAINER,
            SamplePieces.normalizer("identity", 1, 1, 1),
            "remove_extra_whitespaces: is true, expected false"),
        model(
            TRAINER,
            SamplePieces.normalizer("identity", 1, 0, 0),
            "escape_whitespaces: is false, expected true"),
        model(
            TRAINER,
            SamplePieces.concatenated(NORMALIZER, SamplePieces.bytesField(2, new byte[7])),
            "precompiled_charsmap: has 7 bytes, expected none"));
  }

  private static Arguments model(byte[] trainer, byte[] normalizer, String problem) {
    return Arguments.of(trainer, normalizer, problem);
  }

  @ParameterizedTest(name = "{2}")
  @MethodSource("differentModels")
  void refusesAModelThatEncodesInAnotherWay(byte[] trainer, byte[] normalizer, String problem) {
    assertThatThrownBy(() -> parse(SamplePieces.file(PIECES, trainer, normalizer)))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageStartingWith("tokenizer.model: ")
        .hasMessageContaining(problem);
  }

  static Stream<Arguments> badPieces() {
    return Stream.of(
        piece("", 1000, Piece.Type.NORMAL, "has no text, expected one"),
        piece("a b", 1000, Piece.Type.NORMAL, "is 'a b', expected a text"),
        piece("ca", Float.NaN, Piece.Type.NORMAL, "has the score NaN, expected a number"),
        piece("the", 1000, Piece.Type.NORMAL, "is 'the' again, piece "),
        piece("tz", 1000, Piece.Type.NORMAL, "expected each of its characters to be a piece"),
        piece("hatc", 0, Piece.Type.NORMAL, "has the score 0.0 like piece 259"),
        piece("hatc", -0f, Piece.Type.NORMAL, "has the score 0.0 like piece 259"),
        piece("<0x41>", 0, Piece.Type.BYTE, "is '<0x41>' again, piece 68 is"),
        piece("<0x4g>", 0, Piece.Type.BYTE, "is '<0x4g>', expected a byte like <0x0A>"),
        piece("</s>", 0, Piece.Type.CONTROL, "is '</s>' again, piece 2 is"),
        piece("user", 0, Piece.Type.USER_DEFINED, "is 'user', a user-defined piece"),
        piece("t".repeat(2000), 1, Piece.Type.NORMAL, "a token has 2000 bytes"));
  }

  private static Arguments piece(String text, float score, Piece.Type type, String problem) {
    return Arguments.of(new Piece(text, score, type), problem);
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("badPieces")
  void refusesABadPieceAndNamesIt(Piece piece, String problem) {
    var pieces = new ArrayList<>(PIECES);
    pieces.add(piece);

    assertThatThrownBy(() -> parse(SamplePieces.file(pieces)))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining(problem);
  }

  @Test
  void refusesAModelThatLacksAByteOrHasNoSettings() {
    var pieces = new ArrayList<>(PIECES);
    pieces.remove(3 + 0x7F);

    assertThatThrownBy(() -> parse(SamplePieces.file(pieces)))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining("none is the byte <0x7F>, expected all 256 bytes");
    assertThatThrownBy(() -> parse(new byte[0]))
        .isInstanceOf(MalformedModelException.class)
        .hasMessage("tokenizer.model: end: 0 pieces and no trainer_spec, expected one");
  }

  static Stream<Arguments> brokenFields() {
    return Stream.of(
        Arguments.of(new byte[] {0}, "offset 0: the tag of a field is 0"),
        Arguments.of(new byte[] {(byte) 0x80}, "offset 0: 0 bytes are left"),
        Arguments.of(new byte[] {10, 5, 1}, "field 1 has 5 bytes, expected at most the 1"),
        Arguments.of(
            SamplePieces.concatenated(new byte[] {10}, SamplePieces.varint(-1)),
            "field 1 has 18446744073709551615 bytes"),
        Arguments.of(new byte[] {8, 1}, "field 1 has wire type 0, expected 2"),
        Arguments.of(new byte[] {0x7B, 0x7C}, "field 15 has wire type 3"),
        Arguments.of(new byte[] {0x79, 1, 2}, "2 bytes are left, expected at least 8"),
        Arguments.of(new byte[] {10, 2, 0x18, 9}, "offset 2: piece type 9, expected 1 to 6"),
        Arguments.of(new byte[] {10, 3, 10, 1, (byte) 0xFF}, "the text of field 1 is no UTF-8"),
        Arguments.of(
            new byte[] {0x78, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1},
            "a number has more than 10 bytes"),
        Arguments.of(
            SamplePieces.concatenated(
                SamplePieces.bytesField(2, TRAINER), SamplePieces.bytesField(2, TRAINER)),
            "field 2 again, expected it once"));
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("brokenFields")
  void refusesABrokenFieldAndSaysWhere(byte[] file, String problem) {
    assertThatThrownBy(() -> parse(file))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageStartingWith("tokenizer.model: offset ")
        .hasMessageContaining(problem);
  }

  @Test
  void refusesTheFileCutAtEveryByte() {
    byte[] file = SamplePieces.file(PIECES);
    for (int length = 0; length < file.length; length++) {
      byte[] cut = Arrays.copyOf(file, length);
      assertThatThrownBy(() -> parse(cut)).isInstanceOf(MalformedModelException.class);
    }
  }

  @Test
  void refusesDamagedFilesWithTheDeclaredExceptionOnly() {
    byte[] file = SamplePieces.file(PIECES);
    var random = new Random(7);
    int refused = 0;
    for (int i = 0; i < 3_000; i++) {
      byte[] damaged = file.clone();
      for (int faults = 1 + random.nextInt(3); faults > 0; faults--) {
        damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
      }
      try {
        SentencePieceTokenizer tokenizer = parse(damaged);
        assertThatCode(() -> tokenizer.decode(tokenizer.encode("the cat 北京 ß\n")))
            .doesNotThrowAnyException();
      } catch (MalformedModelException e) {
        assertThat(e).hasMessageStartingWith("tokenizer.model: ");
        refused++;
      }
    }
    assertThat(refused).isBetween(1_000, 2_999); // some damage makes another valid file
  }

  private static SentencePieceTokenizer parse(byte[] file) {
    return SentencePieceTokenizer.parse("tokenizer.model", file, List.of("[MASK]"));
  }
}
