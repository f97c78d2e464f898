package org.glmspark.prompt;

import java.util.List;
import org.glmspark.tokenizer.Tokenizer;

/// The prompts of ChatGLM3-6B and ChatGLM3-6B-32K: `[gMASK] sop`, then for each message its role,
/// its metadata with a line break, and its content, and at last `<|assistant|>`.
///
/// Source: `tokenization_chatglm.py` and `PROMPT.md` of ChatGLM3.
final class ChatGlm3Template extends RoleTemplate {
  /// Its name in the model's file differs from that in GGUF files, its id does not.
  private static final int END_OF_TEXT = 2;

  ChatGlm3Template(Tokenizer tokenizer) {
    super(tokenizer, "sop", END_OF_TEXT);
  }

  @Override
  public ChatFormat format() {
    return ChatFormat.CHATGLM3;
  }

  @Override
  void write(List<ChatMessage> messages, PromptTokens prompt) {
    for (ChatMessage message : messages) {
      prompt.control(token(message.role())).text(message.metadata() + "\n").text(message.content());
    }
  }
}
