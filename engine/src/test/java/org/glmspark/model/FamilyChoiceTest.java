package org.glmspark.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.glmspark.model.FamilyChoice.TokenizerSigns;
import org.glmspark.model.PublishedConfig.Layout;
import org.glmspark.prompt.ChatFormat;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FamilyChoiceTest {
  private static PublishedConfig published(
      BlockType blockType, int vocabulary, @Nullable String name) {
    var config =
        new ModelConfig(
            blockType,
            4096,
            28,
            32,
            2,
            128,
            13_696,
            vocabulary,
            1e-5f,
            new RotarySettings(1e4, 64, null),
            32_768,
            true,
            false,
            List.of());
    return new PublishedConfig(
        Layout.REMOTE_CODE, config, Map.of(Hyperparameter.LAYERS, "num_layers"), 0, name);
  }

  private static FamilyChoice choice(PublishedConfig published, TokenizerSigns signs) {
    return FamilyChoice.of(published, signs, ModelOverrides.NONE);
  }

  @Test
  void blockTypeAndVocabularyTellWhatTheyCan() {
    assertThat(choice(published(BlockType.SANDWICH_NORM, 151_552, null), TokenizerSigns.BYTE_LEVEL))
        .isEqualTo(new FamilyChoice(ModelFamily.GLM4_0414, "its layers have sandwich norms"));
    assertThat(choice(published(BlockType.PRE_NORM, 151_552, null), TokenizerSigns.NONE).family())
        .isEqualTo(ModelFamily.GLM4);
    assertThat(choice(published(BlockType.PRE_NORM, 320, null), TokenizerSigns.BYTE_LEVEL).family())
        .isEqualTo(ModelFamily.GLM4);
    assertThat(choice(published(BlockType.PRE_NORM, 320, null), TokenizerSigns.NONE))
        .isEqualTo(
            new FamilyChoice(
                null, "no published model has a vocabulary of 320, and there is no tokenizer"));
  }

  @Test
  void nameThenTokenizerTellChatGlm2FromChatGlm3() {
    var signs = TokenizerSigns.of(ModelFamily.CHATGLM3, "tokenizer_config.json has '<|user|>'");

    assertThat(choice(published(BlockType.PRE_NORM, 65_024, "THUDM/chatglm2-6b"), signs))
        .isEqualTo(new FamilyChoice(ModelFamily.CHATGLM2, "its files call it 'THUDM/chatglm2-6b'"));
    assertThat(choice(published(BlockType.PRE_NORM, 65_024, "my-model"), signs))
        .isEqualTo(new FamilyChoice(ModelFamily.CHATGLM3, "tokenizer_config.json has '<|user|>'"));
    assertThat(
            choice(published(BlockType.PRE_NORM, 65_024, null), TokenizerSigns.SENTENCE_PIECE)
                .reason())
        .endsWith("set model.chat-format to chatglm2 or chatglm3");
  }

  @Test
  void theUserHasTheLastWordOnWhatNobodyElseCanTell() {
    var chatGlm2 = new ModelOverrides(null, null, null, ChatFormat.CHATGLM2);
    var glm4 = new ModelOverrides(null, null, null, ChatFormat.GLM_4);
    PublishedConfig named = published(BlockType.PRE_NORM, 65_024, "chatglm3-6b-32k");

    assertThat(FamilyChoice.of(named, TokenizerSigns.SENTENCE_PIECE, chatGlm2))
        .isEqualTo(new FamilyChoice(ModelFamily.CHATGLM2, "option model.chat-format"));
    assertThat(FamilyChoice.of(named, TokenizerSigns.SENTENCE_PIECE, glm4).family())
        .isEqualTo(ModelFamily.CHATGLM3);
  }
}
