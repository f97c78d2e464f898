package org.glmspark.model;

import java.util.List;
import org.glmspark.prompt.ChatFormat;

/// The published models this engine runs, by what they were trained to read and write.
public enum ModelFamily {
  /// ChatGLM2-6B.
  CHATGLM2("ChatGLM2", ChatFormat.CHATGLM2, 65_024),
  /// ChatGLM3-6B and ChatGLM3-6B-32K.
  CHATGLM3("ChatGLM3", ChatFormat.CHATGLM3, 65_024),
  /// GLM-4-9B-Chat, GLM-4-9B-Chat-1M and their Hugging Face native forms.
  GLM4("GLM-4", ChatFormat.GLM_4, 151_552),
  /// GLM-4-32B and its siblings of 0414.
  GLM4_0414("GLM-4-0414", ChatFormat.GLM_4_0414, 151_552);

  private final String label;
  private final ChatFormat chatFormat;
  private final int vocabularySize;

  ModelFamily(String label, ChatFormat chatFormat, int vocabularySize) {
    this.label = label;
    this.chatFormat = chatFormat;
    this.vocabularySize = vocabularySize;
  }

  /// The name as its makers write it.
  public String label() {
    return label;
  }

  /// Rows of the published embeddings.
  int vocabularySize() {
    return vocabularySize;
  }

  /// The ids that end an answer in models with the published vocabulary.
  List<Integer> stopTokens() {
    return switch (this) {
      case CHATGLM2 -> List.of(2);
      case CHATGLM3 -> List.of(2, 64_795, 64_797);
      case GLM4, GLM4_0414 -> List.of(151_329, 151_336, 151_338);
    };
  }

  /// How conversations are written for it.
  public ChatFormat chatFormat() {
    return chatFormat;
  }
}
