package org.glmspark.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SentencePieceTokenizerTest {
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
    assertThat(encoded).isGreaterThanOrEqualTo(115);
    assertThat(decoded).isEqualTo(15);
    assertThat(tokenizer.specialToken("</s>")).isEqualTo(2);
    assertThat(tokenizer.specialToken("eop")).isEqualTo(64793);
  }
}
