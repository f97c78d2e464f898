package org.glmspark.prompt;

import java.util.List;

/// Turns a conversation into token ids.
public final class ChatTemplate {
  private ChatTemplate() {}

  public int[] stopTokens() {
    return new int[0];
  }

  public String answerText(List<Integer> tokens) {
    return tokens.toString();
  }
}
