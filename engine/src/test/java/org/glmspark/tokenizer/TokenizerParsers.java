package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntFunction;

/// The parsers of tokenizers, for fuzzers: each takes the content of a file. What it makes of it
/// has to encode and decode a text.
public final class TokenizerParsers {
  private static final String FILE = "fuzz";
  private static final String TEXT = "Ein Satz\u2581\n\n 12345 \u4f60\u597d \ud83d\ude42 aaaaaaaa";
  private static final int RANKS = 300;

  private TokenizerParsers() {}

  /// `tokenizer.model` of GLM-4.
  public static void rankFile(byte[] content) {
    use(BytePairTokenizer.parseRanks(FILE, content));
  }

  public static void tokenizerJson(byte[] content) {
    use(BytePairTokenizer.parseJson(FILE, content));
  }

  /// `tokenizer.model` of ChatGLM2 and ChatGLM3.
  public static void sentencePiece(byte[] content) {
    use(
        SentencePieceTokenizer.parse(
            new WholeFile(FILE, content), TokenizerFamily.CHATGLM3.specialTokens()));
  }

  public static void tokenizerConfig(byte[] content) {
    SpecialTokens.parse(new WholeFile(FILE, content), RANKS);
  }

  /// A `tokenizer.json` of these tokens with bytes.
  public static byte[] json(byte[]... tokens) {
    var vocabulary =
        new Vocabulary(tokens, SpecialTokens.following(tokens.length), DecodingRule.PLAIN);
    return SampleJson.file(vocabulary).getBytes(UTF_8);
  }

  /// Some bytes as `tokenizer.json` and GGUF write them.
  public static String characters(byte[] token) {
    return SampleJson.characters(token);
  }

  /// Models as of [#sentencePiece] of as many pieces as their bytes can hold, by what these are.
  public static Map<String, byte[]> densePieces(int bytes) {
    var random = new Random(1);
    return Map.of(
        "characters",
        pieces(bytes, id -> SamplePieces.bytesField(1, character(id))),
        "long pieces",
        pieces(
            bytes,
            id ->
                id < 26
                    ? SamplePieces.bytesField(1, new byte[] {(byte) ('a' + id)})
                    : SamplePieces.concatenated(
                        SamplePieces.bytesField(1, letters(random)),
                        SamplePieces.floatField(2, -id))),
        "padding",
        pieces(
            bytes,
            id ->
                SamplePieces.concatenated(
                    SamplePieces.bytesField(1, new byte[] {'x'}), SamplePieces.numberField(3, 5))),
        "empty pieces",
        pieces(bytes, id -> new byte[0]));
  }

  private static byte[] pieces(int bytes, IntFunction<byte[]> piece) {
    var file = new ByteArrayOutputStream();
    for (int b = 0; b < 256; b++) {
      byte[] text = SamplePieces.bytesField(1, "<0x%02X>".formatted(b).getBytes(UTF_8));
      byte[] type = SamplePieces.numberField(3, 6);
      file.writeBytes(SamplePieces.bytesField(1, SamplePieces.concatenated(text, type)));
    }
    for (int id = 0; file.size() < bytes; id++) {
      file.writeBytes(SamplePieces.bytesField(1, piece.apply(id)));
    }
    file.writeBytes(SamplePieces.file(List.of())); // the rest of a model
    return file.toByteArray();
  }

  private static byte[] character(int id) {
    int character = 0x100 + id;
    return Character.toString(character < Character.MIN_SURROGATE ? character : character + 0x800)
        .getBytes(UTF_8);
  }

  private static byte[] letters(Random random) {
    byte[] letters = new byte[1000];
    for (int i = 0; i < letters.length; i++) {
      letters[i] = (byte) ('a' + random.nextInt(26));
    }
    return letters;
  }

  private static void use(Tokenizer tokenizer) {
    tokenizer.decode(tokenizer.encode(TEXT));
  }
}
