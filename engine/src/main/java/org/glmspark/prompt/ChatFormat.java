package org.glmspark.prompt;

import java.util.Arrays;
import java.util.stream.Collectors;

/// How a conversation is written for a model: one format for each generation of chat models.
public enum ChatFormat {
  /// ChatGLM2-6B: numbered rounds of question and answer, all of it text.
  CHATGLM2("chatglm2"),
  /// ChatGLM3-6B and ChatGLM3-6B-32K: turns that begin with a role token.
  CHATGLM3("chatglm3"),
  /// GLM-4-9B-Chat, GLM-4-9B-Chat-1M and their Hugging Face native forms.
  GLM4("glm-4"),
  /// The chat models of the GLM-4-0414 series, such as GLM-4-32B-0414.
  GLM4_0414("glm-4-0414");

  private final String optionName;

  ChatFormat(String optionName) {
    this.optionName = optionName;
  }

  /// How options and reports call it, such as `glm-4`.
  public String optionName() {
    return optionName;
  }

  /// The format with an option name.
  ///
  /// @throws IllegalArgumentException if there is none, naming all
  public static ChatFormat named(String optionName) {
    return Arrays.stream(values())
        .filter(format -> format.optionName.equals(optionName))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "chat format '%s', expected one of %s"
                    .formatted(
                        optionName,
                        Arrays.stream(values())
                            .map(ChatFormat::optionName)
                            .collect(Collectors.joining(", ")))));
  }
}
