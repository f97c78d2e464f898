package org.glmspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.glmspark.format.MalformedModelException;
import org.glmspark.prompt.ChatFormat;
import org.glmspark.prompt.ChatMessage;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.tokenizer.PublishedTokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Folders with the vocabulary, the settings and the tokenizer files of the published models: what
/// they are taken for, and what the user can say against it.
class PublishedFolderTest {
  private static final int CHATGLM_VOCABULARY = 65_024;
  private static final int GLM4_VOCABULARY = 151_552;
  private static final String CHATGLM2_32K = "\"_name_or_path\": \"THUDM/chatglm2-6b-32k\"";

  @TempDir Path folder;

  private static ModelOverrides chatFormat(ChatFormat format) {
    return new ModelOverrides(null, null, null, format);
  }

  /// The numbers are those of the model: it divides positions, and does not multiply the base.
  @Test
  void chatGlm2ThatInterpolatesPositionsIsRefused() {
    SmallModel.zeros(CHATGLM_VOCABULARY).write(folder, CHATGLM2_32K, "\"rope_ratio\": 4");

    assertThatThrownBy(() -> ModelLoader.describe(folder))
        .isInstanceOf(MalformedModelException.class)
        .hasMessage(
            folder
                + ": rope base: is 40000 (10000 × rope_ratio in config.json), expected 10000"
                + " in a ChatGLM2 (its files call it 'THUDM/chatglm2-6b-32k'): ChatGLM2 with a"
                + " rope_ratio interpolates positions, which is not supported; if this is a"
                + " ChatGLM3, set model.chat-format=chatglm3; if the base is right nevertheless,"
                + " set model.rope-base");
    assertThatThrownBy(() -> ModelLoader.load(folder)).isInstanceOf(MalformedModelException.class);
  }

  @Test
  void theUserCanSayThatItIsAChatGlm3OrThatTheBaseIsRight() {
    SmallModel.zeros(CHATGLM_VOCABULARY).write(folder, CHATGLM2_32K, "\"rope_ratio\": 4");

    ModelDescription three = ModelLoader.describe(folder, chatFormat(ChatFormat.CHATGLM3));
    assertThat(three.family().family()).isEqualTo(ModelFamily.CHATGLM3);
    assertThat(three.config().rope().base()).isEqualTo(40_000);

    ModelDescription base =
        ModelLoader.describe(folder, new ModelOverrides(40_000.0, null, null, null));
    assertThat(base.family().family()).isEqualTo(ModelFamily.CHATGLM2);
    assertThat(base.config().rope().base()).isEqualTo(40_000);
  }

  @Test
  void aChatGlm3ThatTheUserCallsChatGlm2IsRefusedToo() {
    SmallModel.zeros(CHATGLM_VOCABULARY)
        .write(folder, "\"_name_or_path\": \"chatglm3-6b-32k\"", "\"rope_ratio\": 50");

    assertThat(ModelLoader.describe(folder).config().rope().base()).isEqualTo(500_000);
    assertThatThrownBy(() -> ModelLoader.describe(folder, chatFormat(ChatFormat.CHATGLM2)))
        .hasMessageContaining("expected 10000 in a ChatGLM2 (option model.chat-format)");
  }

  @Test
  void aRatioOfOneIsThatOfEveryChatGlm2() {
    SmallModel.zeros(CHATGLM_VOCABULARY)
        .write(folder, "\"_name_or_path\": \"THUDM/chatglm2-6b\"", "\"rope_ratio\": 1");

    assertThat(ModelLoader.describe(folder).config().rope().base()).isEqualTo(10_000);
  }

  /// Without the role tokens, generation runs on into the next turn and never stops.
  @Test
  void theStopTokensAreThoseOfTheFamilyWhateverTheFilesSay() {
    SmallModel.zeros(GLM4_VOCABULARY).write(folder, "\"eos_token_id\": 151329");
    ModelDescription glm4 = ModelLoader.describe(folder);
    assertThat(glm4.config().stopTokens()).containsExactly(151_329, 151_336, 151_338);
    assertThat(glm4.origins().get(Hyperparameter.STOP_TOKENS))
        .isEqualTo("eos_token_id in config.json; 151336, 151338 of GLM-4");

    SmallModel.zeros(CHATGLM_VOCABULARY).write(folder, "\"_name_or_path\": \"chatglm3\"");
    assertThat(ModelLoader.describe(folder).config().stopTokens())
        .containsExactly(2, 64_795, 64_797);
    SmallModel.zeros(CHATGLM_VOCABULARY).write(folder, "\"_name_or_path\": \"chatglm2\"");
    assertThat(ModelLoader.describe(folder).config().stopTokens()).containsExactly(2);
  }

  @Test
  void theStopTokensOfTheGenerationDefaultsAreAmongThem() throws IOException {
    SmallModel.zeros(GLM4_VOCABULARY).write(folder, "\"eos_token_id\": 151329");
    Path defaults = folder.resolve("generation_config.json");
    Files.writeString(defaults, "{\"eos_token_id\": [151329, 7], \"do_sample\": true}");

    ModelDescription description = ModelLoader.describe(folder);

    assertThat(description.config().stopTokens()).containsExactly(7, 151_329, 151_336, 151_338);
    assertThat(description.origins().get(Hyperparameter.STOP_TOKENS))
        .isEqualTo(
            "eos_token_id in config.json; 7 of generation_config.json; 151336, 151338 of GLM-4");
    assertThat(description.generationDefaults())
        .containsExactly(Map.entry("eos_token_id", "[151329,7]"), Map.entry("do_sample", "true"));
    try (Model model = ModelLoader.load(folder)) {
      assertThat(model.config().stopTokens()).isEqualTo(description.config().stopTokens());
    }

    Files.writeString(defaults, "{\"eos_token_id\": 151552}");
    assertThatThrownBy(() -> ModelLoader.describe(folder))
        .isInstanceOf(MalformedModelException.class)
        .hasMessage(
            "generation_config.json: key 'eos_token_id': is 151552, expected a whole number from 0 to 151551");
  }

  @Test
  void theNameTellsTheGenerationOfAPublishedFolder() throws IOException {
    SmallModel.zeros(CHATGLM_VOCABULARY)
        .write(folder, "\"_name_or_path\": \"THUDM/chatglm3-6b\"", "\"rope_ratio\": 50");
    copyTokenizer("chatglm3");
    try (Model model = ModelLoader.load(folder)) {
      assertThat(greeting(model.chatTemplate()))
          .containsExactly(64790, 64792, 64795, 30910, 13, 36474, 54591, 64796);
      assertThat(model.config().stopTokens()).containsExactly(2, 64_795, 64_797);
    }

    ModelFolders.replace(folder.resolve("config.json"), "chatglm3-6b", "chatglm2-6b");
    ModelFolders.replace(folder.resolve("config.json"), "\"rope_ratio\": 50,", "");
    try (Model model = ModelLoader.load(folder)) {
      assertThat(greeting(model.chatTemplate()))
          .containsExactly(
              64790, 64792, 790, 30951, 517, 30910, 30939, 30996, 13, 13, 54761, 31211, 39701, 13,
              13, 55437, 31211);
      assertThat(model.config().stopTokens()).containsExactly(2);
    }
  }

  @Test
  void theFilesOfTheTokenizerTellTheGenerationWhereTheNameDoesNot() throws IOException {
    SmallModel.zeros(CHATGLM_VOCABULARY).write(folder, "\"_name_or_path\": \"/data/model\"");
    copyTokenizer("chatglm2");
    assertThat(ModelLoader.describe(folder).chatTemplate()).isNull();

    Path code = folder.resolve("tokenization_chatglm.py");
    Files.writeString(code, "special_tokens = [\"[MASK]\", \"[gMASK]\", \"sop\", \"eop\"]\n");
    assertThat(ModelLoader.describe(folder).family())
        .isEqualTo(
            new FamilyChoice(
                ModelFamily.CHATGLM2, "tokenization_chatglm.py has '[gMASK]' and no '<|user|>'"));

    Files.writeString(code, "role_special_tokens = [\"<|system|>\", \"<|user|>\"] # [gMASK]\n");
    assertThat(ModelLoader.describe(folder).family())
        .isEqualTo(
            new FamilyChoice(ModelFamily.CHATGLM3, "tokenization_chatglm.py has '<|user|>'"));

    Files.writeString(
        folder.resolve("tokenizer_config.json"), "{\"name_or_path\": \"THUDM/chatglm2-6b\"}");
    ModelDescription named = ModelLoader.describe(folder);
    assertThat(named.family().family()).isEqualTo(ModelFamily.CHATGLM2);
    assertThat(named.chatFormat()).isEqualTo(ChatFormat.CHATGLM2);
  }

  @Test
  void nothingButTheUserTellsTheGenerationOfBarePieces() throws IOException {
    SmallModel.zeros(CHATGLM_VOCABULARY).write(folder);
    copyTokenizer("chatglm3");

    ModelDescription untold = ModelLoader.describe(folder);
    assertThat(untold.family().family()).isNull();
    assertThatThrownBy(untold::requireChatTemplate)
        .isInstanceOf(MalformedModelException.class)
        .hasMessageEndingWith("set model.chat-format to chatglm2 or chatglm3");

    ModelDescription told = ModelLoader.describe(folder, chatFormat(ChatFormat.CHATGLM3));
    assertThat(greeting(told.chatTemplate())).endsWith(64796);
    assertThat(told.requireTokenizer().specialToken("<|observation|>")).isEqualTo(64797);
  }

  @Test
  void glm4IsToldByItsVocabularyAndWrittenInItsFormat() throws IOException {
    SmallModel.zeros(GLM4_VOCABULARY).write(folder, "\"rope_ratio\": 500");
    copyTokenizer("glm4");
    try (Model model = ModelLoader.load(folder)) {
      assertThat(greeting(model.chatTemplate()))
          .containsExactly(151331, 151333, 151336, 198, 109377, 151337);
    }
  }

  private static int[] greeting(ChatTemplate template) {
    return Objects.requireNonNull(template).encode(List.of(ChatMessage.user("你好")));
  }

  private void copyTokenizer(String family) throws IOException {
    Files.copy(
        PublishedTokenizer.folder(family).resolve("tokenizer.model"),
        folder.resolve("tokenizer.model"));
  }
}
