package org.glmspark.model;

import org.glmspark.prompt.ChatFormat;

/// The published models this engine runs, by what they were trained to read and write.
public enum ModelFamily {
  /// ChatGLM2-6B.
  CHATGLM2("ChatGLM2", ChatFormat.CHATGLM2),
  /// ChatGLM3-6B and ChatGLM3-6B-32K.
  CHATGLM3("ChatGLM3", ChatFormat.CHATGLM3),
  /// GLM-4-9B-Chat, GLM-4-9B-Chat-1M and their Hugging Face native forms.
  GLM4("GLM-4", ChatFormat.GLM_4),
  /// GLM-4-32B and its siblings of 0414.
  GLM4_0414("GLM-4-0414", ChatFormat.GLM_4_0414);

  private final String label;
  private final ChatFormat chatFormat;

  ModelFamily(String label, ChatFormat chatFormat) {
    this.label = label;
    this.chatFormat = chatFormat;
  }

  /// The name as its makers write it.
  public String label() {
    return label;
  }

  /// How conversations are written for it.
  public ChatFormat chatFormat() {
    return chatFormat;
  }
}
