package org.glmspark.model;

import java.util.Locale;
import org.glmspark.prompt.ChatFormat;
import org.glmspark.tokenizer.SentencePieceTokenizer;
import org.glmspark.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/// Which family a model is of, and what tells.
///
/// Blocks of sandwich norms are of GLM-4-0414. The vocabulary tells ChatGLM from GLM-4: 65,024 or
/// 151,552 rows, or, for models of another size, the kind of tokenizer. ChatGLM2 and ChatGLM3 are
/// one architecture with one vocabulary; only a name or the tokenizer's files can tell, or the user.
///
/// @param family null if nothing tells
/// @param reason what tells, or what is missing
public record FamilyChoice(@Nullable ModelFamily family, String reason) {
  private static final int CHATGLM_VOCABULARY = 65_024;
  private static final int GLM4_VOCABULARY = 151_552;

  /// Whether a vocabulary is that of ChatGLM2 and ChatGLM3.
  static boolean isChatGlm(PublishedConfig published, TokenizerKind tokenizer) {
    int vocabulary = published.config().vocabularySize();
    return published.config().blockType() == BlockType.PRE_NORM
        && (vocabulary == CHATGLM_VOCABULARY
            || (vocabulary != GLM4_VOCABULARY && tokenizer == TokenizerKind.SENTENCE_PIECE));
  }
}
