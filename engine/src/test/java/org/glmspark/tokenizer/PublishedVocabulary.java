package org.glmspark.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.glmspark.format.GgufBytes;

/// The published vocabularies as converters write them into GGUF files, padded to the rows of the
/// embedding; and the golden cases that tell whether a tokenizer is the published one. Tests are
/// skipped without the published files.
public final class PublishedVocabulary {
  private static final int GLM4_ROWS = 151_552;
  private static final int CHATGLM_ROWS = 65_024;

  private final List<String> tokens = new ArrayList<>();
  private final List<Integer> types = new ArrayList<>();
  private final List<Float> scores = new ArrayList<>();

  private PublishedVocabulary() {}

  /// Writes the keys of GLM-4's vocabulary.
  public static void writeGlm4(GgufBytes file) {
    var lists = new PublishedVocabulary();
    for (String text : SampleJson.texts(glm4().vocabulary())) {
      lists.add(text, Piece.Type.NORMAL, 0);
    }
    lists.addSpecialTokensAndPadding(TokenizerFamily.GLM4, GLM4_ROWS);
    file.text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", "chatglm-bpe");
    lists.write(file);
    file.texts("tokenizer.ggml.merges", "Ġ Ġ", "i n")
        .uint32("tokenizer.ggml.eos_token_id", 151_329)
        .uint32("tokenizer.ggml.eot_token_id", 151_336)
        .uint32("tokenizer.ggml.unknown_token_id", 151_329)
        .flag("tokenizer.ggml.add_bos_token", 0);
  }

  private static Tokenizer glm4() {
    try {
      return BytePairTokenizer.load(PublishedTokenizer.folder("glm4"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Writes the keys of ChatGLM3's vocabulary.
  public static void writeChatGlm3(GgufBytes file) {
    var lists = new PublishedVocabulary();
    for (Piece piece : pieces()) {
      String text =
          switch (piece.text()) {
            case "<s>" -> "<bos>";
            case "</s>" -> "<eos>";
            default -> piece.text();
          };
      lists.add(text, piece.type(), piece.type() == Piece.Type.NORMAL ? piece.score() : 0);
    }
    lists.addSpecialTokensAndPadding(TokenizerFamily.CHATGLM3, CHATGLM_ROWS);
    file.text("tokenizer.ggml.model", "llama").text("tokenizer.ggml.pre", "chatglm-spm");
    lists.write(file);
    float[] scores = new float[lists.scores.size()];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = lists.scores.get(i);
    }
    file.float32s("tokenizer.ggml.scores", scores).uint32("tokenizer.ggml.eos_token_id", 2);
  }

  private static List<Piece> pieces() {
    Path file = PublishedTokenizer.folder("chatglm3").resolve("tokenizer.model");
    try {
      return SentencePieceFile.parse(WholeFile.read(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void add(String token, Piece.Type type, float score) {
    tokens.add(token);
    types.add(SamplePieces.number(type));
    scores.add(score);
  }

  private void addSpecialTokensAndPadding(TokenizerFamily family, int rows) {
    family.specialTokens().forEach(token -> add(token, Piece.Type.CONTROL, 0));
    while (tokens.size() < rows) {
      add("[PAD" + tokens.size() + "]", Piece.Type.UNUSED, 0);
    }
  }

  private void write(GgufBytes file) {
    file.texts("tokenizer.ggml.tokens", tokens.toArray(String[]::new))
        .int32s("tokenizer.ggml.token_type", types.stream().mapToInt(Integer::intValue).toArray());
  }

  /// Requires that a tokenizer encodes and decodes all golden cases of a family.
  public static void requireGoldenCases(Tokenizer tokenizer, String family) throws IOException {
    Path file = PublishedTokenizer.folder(family).resolve("golden.jsonl");
    int cases = 0;
    for (JsonNode row : SampleTokenizer.jsonLines(file)) {
      String text = row.required("text").asText();
      int[] ids = SampleTokenizer.ints(row.required("ids"));
      String kind = row.required("kind").asText();
      if (kind.equals("encode")) {
        int prefix = row.path("prefix").asBoolean() ? 2 : 0;
        assertThat(tokenizer.encode(text))
            .as(text)
            .isEqualTo(Arrays.copyOfRange(ids, prefix, ids.length));
        cases++;
      } else if (kind.equals("decode")) {
        assertThat(tokenizer.decode(ids)).as(text).isEqualTo(text);
        cases++;
      }
    }
    assertThat(cases).isGreaterThan(100);
  }
}
