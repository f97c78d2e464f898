package org.glmspark.prompt;

import java.util.List;
import org.glmspark.tokenizer.BytePairTokenizer;

/// Turns a conversation into token ids.
public final class ChatTemplate {
  private ChatTemplate() {}

  /// The format of GLM-4-9B-Chat and GLM-4-9B-Chat-1M.
  public static ChatTemplate glm4(BytePairTokenizer tokenizer) {
    throw new UnsupportedOperationException(tokenizer.toString());
  }

  public int[] stopTokens() {
    return new int[0];
  }

  public String answerText(List<Integer> tokens) {
    return tokens.toString();
  }
}
