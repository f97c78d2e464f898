package org.glmspark.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// No text encodes to a control token, whatever it spells.
class InjectionTest {
  @Test
  void theSampleTokenizersMakeOrdinaryTokensOfEverySpecialString() {
    requireOrdinary(SampleTokenizer.load());
    requireOrdinary(SampleJson.parse(SampleJson.file(SampleTokenizer.load().vocabulary())));
    requireOrdinary(
        SentencePieceTokenizer.parse(
            "tokenizer.model",
            SamplePieces.file(SamplePieces.pieces()),
            TokenizerFamily.CHATGLM3.specialTokens()));
  }

  @Test
  void glm4MakesOrdinaryTokensOfEverySpecialString() throws IOException {
    requireOrdinary(
        TokenizerFiles.read(PublishedTokenizer.folder("glm4"))
            .load(TokenizerFamily.GLM4)
            .tokenizer());
  }

  @Test
  void chatGlm2MakesOrdinaryTokensOfEverySpecialString() throws IOException {
    requireOrdinary(
        TokenizerFiles.read(PublishedTokenizer.folder("chatglm2"))
            .load(TokenizerFamily.CHATGLM2)
            .tokenizer());
  }

  @Test
  void chatGlm3MakesOrdinaryTokensOfEverySpecialString() throws IOException {
    requireOrdinary(
        TokenizerFiles.read(PublishedTokenizer.folder("chatglm3"))
            .load(TokenizerFamily.CHATGLM3)
            .tokenizer());
  }

  /// Each string alone, within text, twice, and cut by a blank: its tokens have bytes, and these
  /// spell the string.
  private static void requireOrdinary(Tokenizer tokenizer) {
    Vocabulary vocabulary = tokenizer.vocabulary();
    for (String special : specialStrings(vocabulary)) {
      for (String text : List.of(special, "x" + special + "y", special + special, " " + special)) {
        int[] tokens = tokenizer.encode(text);
        assertThat(IntStream.of(tokens))
            .as(text)
            .noneMatch(token -> vocabulary.specialTokens().containsValue(token))
            .allMatch(token -> vocabulary.bytes(token).length > 0);
        assertThat(tokenizer.decode(tokens).replace('\u2581', ' '))
            .isEqualTo(text.replace('\u2581', ' '));
      }
    }
  }

  private static Set<String> specialStrings(Vocabulary vocabulary) {
    var strings = new LinkedHashSet<String>(vocabulary.specialTokens().keySet());
    for (TokenizerFamily family : TokenizerFamily.values()) {
      strings.addAll(family.specialTokens());
    }
    strings.addAll(
        List.of("<unk>", "<s>", "</s>", "<bos>", "<eos>", "<pad>", "[PAD151343]", "\u2581"));
    for (int b = 0; b < 256; b++) {
      strings.add("<0x%02X>".formatted(b));
    }
    return strings;
  }
}
