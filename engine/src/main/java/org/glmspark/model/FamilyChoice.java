package org.glmspark.model;

import java.util.Locale;
import org.glmspark.prompt.ChatFormat;
import org.jspecify.annotations.Nullable;

/// Which family a model is of, and what tells.
///
/// Blocks of sandwich norms are those of GLM-4-0414. The vocabulary tells ChatGLM from GLM-4:
/// 65,024 or 151,552 rows, or, for models of another size, the kind of tokenizer. ChatGLM2 and
/// ChatGLM3 are one architecture with one vocabulary; only a name or the tokenizer's files can
/// tell, or the user.
///
/// @param family null if nothing tells
/// @param reason what tells, or what is missing
public record FamilyChoice(@Nullable ModelFamily family, String reason) {
  static final int CHATGLM_VOCABULARY = 65_024;
  static final int GLM4_VOCABULARY = 151_552;

  /// What the files of a tokenizer tell.
  ///
  /// @param sentencePiece whether it is one of ChatGLM2 and ChatGLM3, and not one of GLM-4; null if
  ///   there is no tokenizer
  /// @param generation CHATGLM2 or CHATGLM3 if the files tell, otherwise null
  /// @param reason what tells the generation
  record TokenizerSigns(
      @Nullable Boolean sentencePiece, @Nullable ModelFamily generation, String reason) {

    static final TokenizerSigns NONE = new TokenizerSigns(null, null, "there is no tokenizer");
  }

  static FamilyChoice of(
      PublishedConfig published, TokenizerSigns tokenizer, ModelOverrides overrides) {
    int vocabulary = published.config().vocabularySize();
    if (published.config().blockType() == BlockType.SANDWICH_NORM) {
      return new FamilyChoice(ModelFamily.GLM4_0414, "its layers have sandwich norms");
    }
    if (vocabulary == CHATGLM_VOCABULARY) {
      return chatGlm(published, tokenizer, overrides);
    }
    if (vocabulary == GLM4_VOCABULARY) {
      return new FamilyChoice(ModelFamily.GLM4, "a vocabulary of 151,552");
    }
    if (tokenizer.sentencePiece() == null) {
      return new FamilyChoice(
          null,
          "no published model has a vocabulary of %,d, and there is no tokenizer"
              .formatted(vocabulary));
    }
    return tokenizer.sentencePiece()
        ? chatGlm(published, tokenizer, overrides)
        : new FamilyChoice(ModelFamily.GLM4, "its tokenizer is byte-level");
  }

  private static FamilyChoice chatGlm(
      PublishedConfig published, TokenizerSigns tokenizer, ModelOverrides overrides) {
    ChatFormat format = overrides.chatFormat();
    if (format == ChatFormat.CHATGLM2 || format == ChatFormat.CHATGLM3) {
      return new FamilyChoice(
          format == ChatFormat.CHATGLM2 ? ModelFamily.CHATGLM2 : ModelFamily.CHATGLM3,
          "option model.chat-format");
    }
    String name = published.name();
    if (name != null) {
      String lowerCase = name.toLowerCase(Locale.ROOT);
      for (ModelFamily family : new ModelFamily[] {ModelFamily.CHATGLM2, ModelFamily.CHATGLM3}) {
        if (lowerCase.contains(family.label().toLowerCase(Locale.ROOT))) {
          return new FamilyChoice(family, "its files call it '%s'".formatted(name));
        }
      }
    }
    return tokenizer.generation() != null
        ? new FamilyChoice(tokenizer.generation(), tokenizer.reason())
        : new FamilyChoice(
            null,
            "neither its name nor its tokenizer tells ChatGLM2 from ChatGLM3; set model.chat-format to chatglm2 or chatglm3");
  }
}
