package org.glmspark.prompt;

import java.util.List;
import org.glmspark.tokenizer.Tokenizer;

/// The prompts of GLM-4-9B-Chat and GLM-4-9B-Chat-1M: `[gMASK]<sop>`, then for each message its
/// role, metadata, a line break and the content, and at last `<|assistant|>`. A message without
/// content is left out, as the model's authors do.
///
/// Source: `tokenization_chatglm.py` of GLM-4-9B-Chat.
final class Glm4Template extends RoleTemplate {
  Glm4Template(Tokenizer tokenizer) {
    super(tokenizer, "<sop>", tokenizer.specialToken("<|endoftext|>"));
  }

  @Override
  public ChatFormat format() {
    return ChatFormat.GLM4;
  }

  @Override
  void write(List<ChatMessage> messages, PromptTokens prompt) {
    for (ChatMessage message : messages) {
      if (!message.content().isEmpty()) {
        // apart, as the model saw them: a line break at the start of the content must not merge
        // with that of the header
        prompt
            .control(token(message.role()))
            .text(message.metadata() + "\n")
            .text(message.content());
      }
    }
  }
}
