package org.glmspark.prompt;

import java.util.Locale;

/// How a conversation is written for a model: one format for each generation of chat models.
public enum ChatFormat {
  /// ChatGLM2-6B: numbered rounds of question and answer, all of it text.
  CHATGLM2,
  /// ChatGLM3-6B and ChatGLM3-6B-32K: turns that begin with a role token.
  CHATGLM3,
  /// GLM-4-9B-Chat, GLM-4-9B-Chat-1M and their Hugging Face native forms.
  GLM_4,
  /// The chat models of the GLM-4-0414 series, such as GLM-4-32B-0414.
  GLM_4_0414;

  /// How options and reports call it, such as `glm-4`.
  public String optionName() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
