package org.glmspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.glmspark.format.FormatParsers;
import org.glmspark.format.GgufBytes;
import org.glmspark.format.GgufFile;
import org.glmspark.format.MalformedModelException;
import org.glmspark.tokenizer.TokenizerFamily;
import org.junit.jupiter.api.Test;

class GgufTokenizerTest {
  private static GgufBytes file() {
    return new GgufBytes().text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", "glm4");
  }

  private static GgufTokenizer tokenizer(GgufBytes file) {
    GgufFile parsed = FormatParsers.gguf(file.bytes());
    return new GgufTokenizer(parsed.name(), parsed.metadata());
  }

  @Test
  void refusesListsOfTheWrongTypeOrLength() {
    assertRefused(
        file().int32s("tokenizer.ggml.tokens", 1, 2),
        "key 'tokenizer.ggml.tokens': is 2 int32 numbers: 1, 2, expected an array of strings");
    assertRefused(
        file().text("tokenizer.ggml.tokens", "a"), "is \"a\", expected an array of strings");
    assertRefused(
        file()
            .texts("tokenizer.ggml.tokens", "a", "b")
            .texts("tokenizer.ggml.token_type", "1", "1"),
        "key 'tokenizer.ggml.token_type': is 2 strings: \"1\", \"1\", expected an array of whole");
    assertRefused(
        file().texts("tokenizer.ggml.tokens", "a", "b").int32s("tokenizer.ggml.scores", 1, 2),
        "key 'tokenizer.ggml.scores': is 2 int32 numbers: 1, 2, expected an array of floating");
    assertRefused(
        file().texts("tokenizer.ggml.tokens", "a", "b").int32s("tokenizer.ggml.token_type", 1),
        "tokenizer.ggml.token_type: has 1, expected 2, one for each token");
    assertRefused(
        file()
            .texts("tokenizer.ggml.tokens", "a", "b")
            .int32s("tokenizer.ggml.token_type", 1, 1)
            .float32s("tokenizer.ggml.scores", 1, 2, 3),
        "tokenizer.ggml.scores: has 3, expected 2, one for each token");
  }

  private static void assertRefused(GgufBytes file, String message) {
    assertThatThrownBy(() -> tokenizer(file))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining(message);
  }

  @Test
  void saysWhyThereIsNoTokenizerForAVocabularyThatNoTextEncodesTo() {
    GgufTokenizer tokenizer =
        tokenizer(
            file()
                .texts("tokenizer.ggml.tokens", "a", "b")
                .int32s("tokenizer.ggml.token_type", 1, 1));

    assertThat(tokenizer.load(TokenizerFamily.GLM4)).isNull();
    assertThat(tokenizer.origin()).contains("2 tokens: none is the single byte 0x00");
  }
}
