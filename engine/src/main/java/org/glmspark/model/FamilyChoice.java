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
  /// What the files of a tokenizer tell.
  ///
  /// @param kind whose tokenizer it can be
  /// @param generation CHATGLM2 or CHATGLM3 if the files tell, otherwise null
  /// @param reason what tells the generation
  record TokenizerSigns(Kind kind, @Nullable ModelFamily generation, String reason) {
    /// The kinds of tokenizers.
    enum Kind {
      NONE,
      /// Of ChatGLM2 and ChatGLM3.
      SENTENCE_PIECE,
      /// Of GLM-4.
      BYTE_LEVEL
    }

    static final TokenizerSigns NONE = new TokenizerSigns(Kind.NONE, null, "");
    static final TokenizerSigns BYTE_LEVEL = new TokenizerSigns(Kind.BYTE_LEVEL, null, "");
    static final TokenizerSigns SENTENCE_PIECE = new TokenizerSigns(Kind.SENTENCE_PIECE, null, "");

    static TokenizerSigns of(ModelFamily generation, String reason) {
      return new TokenizerSigns(Kind.SENTENCE_PIECE, generation, reason);
    }
  }

  static FamilyChoice of(
      PublishedConfig published, TokenizerSigns tokenizer, ModelOverrides overrides) {
    int vocabulary = published.config().vocabularySize();
    if (published.config().blockType() == BlockType.SANDWICH_NORM) {
      return new FamilyChoice(ModelFamily.GLM4_0414, "its layers have sandwich norms");
    }
    if (vocabulary == ModelFamily.CHATGLM2.vocabularySize()) {
      return chatGlm(published, tokenizer, overrides);
    }
    if (vocabulary == ModelFamily.GLM4.vocabularySize()) {
      return new FamilyChoice(ModelFamily.GLM4, "a vocabulary of 151,552");
    }
    return switch (tokenizer.kind()) {
      case SENTENCE_PIECE -> chatGlm(published, tokenizer, overrides);
      case BYTE_LEVEL -> new FamilyChoice(ModelFamily.GLM4, "its tokenizer is byte-level");
      case NONE ->
          new FamilyChoice(
              null,
              "no published model has a vocabulary of %,d, and there is no tokenizer"
                  .formatted(vocabulary));
    };
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
