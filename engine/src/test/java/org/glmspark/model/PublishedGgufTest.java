package org.glmspark.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.glmspark.prompt.ChatFormat;
import org.glmspark.prompt.ChatMessage;
import org.glmspark.tokenizer.PublishedVocabulary;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// GGUF files with the vocabularies of the published models.
class PublishedGgufTest {
  @TempDir Path folder;

  private ModelDescription describe(GgufModel model, ModelOverrides overrides) {
    Path path = folder.resolve("m.gguf");
    model.write(path);
    return ModelLoader.describe(path, overrides);
  }

  private static int[] greeting(ModelDescription description) {
    return description.requireChatTemplate().encode(List.of(ChatMessage.user("你好")));
  }

  @Test
  void theVocabularyOfGlm4GivesItsTokenizerAndChatFormat() throws IOException {
    ModelDescription description =
        describe(
            GgufModel.chatGlm(151_552).keys("tokenizer", PublishedVocabulary::writeGlm4),
            ModelOverrides.NONE);

    assertThat(description.family())
        .isEqualTo(new FamilyChoice(ModelFamily.GLM4, "a vocabulary of 151,552"));
    assertThat(description.tokenizerOrigin()).isEqualTo("tokenizer.ggml.tokens");
    assertThat(description.chatFormat()).isEqualTo(ChatFormat.GLM_4);
    assertThat(greeting(description)).containsExactly(151331, 151333, 151336, 198, 109377, 151337);
    assertThat(description.config().stopTokens()).containsExactly(151_329, 151_336, 151_338);
    PublishedVocabulary.requireGoldenCases(description.requireTokenizer(), "glm4");
  }

  @Test
  void sandwichNormsGiveTheChatFormatOf0414() {
    ModelDescription description =
        describe(
            GgufModel.glm4(151_552).keys("tokenizer", PublishedVocabulary::writeGlm4),
            ModelOverrides.NONE);

    assertThat(description.family().family()).isEqualTo(ModelFamily.GLM4_0414);
    assertThat(description.chatFormat()).isEqualTo(ChatFormat.GLM_4_0414);
    assertThat(greeting(description)).containsExactly(151331, 151333, 151336, 198, 109377, 151337);
  }

  @Test
  void theVocabularyOfChatGlm3GivesItsTokenizerAndChatFormat() throws IOException {
    GgufModel model =
        GgufModel.chatGlm(65_024).keys("tokenizer", PublishedVocabulary::writeChatGlm3);
    ModelDescription description = describe(model, ModelOverrides.NONE);

    assertThat(description.family())
        .isEqualTo(
            new FamilyChoice(
                ModelFamily.CHATGLM3,
                "GGUF files have the SentencePiece vocabulary of ChatGLM3 only"));
    assertThat(description.chatFormat()).isEqualTo(ChatFormat.CHATGLM3);
    assertThat(greeting(description))
        .containsExactly(64790, 64792, 64795, 30910, 13, 36474, 54591, 64796);
    assertThat(description.config().stopTokens()).containsExactly(2, 64_795, 64_797);
    PublishedVocabulary.requireGoldenCases(description.requireTokenizer(), "chatglm3");

    ModelDescription two =
        describe(
            model.float32("chatglm.rope.freq_base", 1e4f),
            new ModelOverrides(null, null, null, ChatFormat.CHATGLM2));
    assertThat(two.chatFormat()).isEqualTo(ChatFormat.CHATGLM2);
    assertThat(greeting(two)).startsWith(64790, 64792, 790, 30951).endsWith(55437, 31211);
  }
}
