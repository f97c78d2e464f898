package org.glmspark.prompt;

import java.util.List;
import org.glmspark.prompt.ChatMessage.Role;
import org.glmspark.tokenizer.Tokenizer;

/// The prompts of the GLM-4-0414 chat models: `[gMASK]<sop>`, then the system messages, then the
/// others in their order, and at last `<|assistant|>`. What stands between two role tokens is
/// encoded as one text, so a content that begins with a line break joins the header's.
///
/// Source: the chat template in the files of GLM-4-0414.
final class Glm4Of0414Template extends RoleTemplate {
  Glm4Of0414Template(Tokenizer tokenizer) {
    super(tokenizer, "<sop>", tokenizer.specialToken("<|endoftext|>"));
  }

  @Override
  public ChatFormat format() {
    return ChatFormat.GLM4_0414;
  }

  @Override
  void write(List<ChatMessage> messages, PromptTokens prompt) {
    for (ChatMessage message : messages) {
      if (message.role() == Role.SYSTEM) {
        prompt.control(token(Role.SYSTEM)).text("\n" + message.content());
      }
    }
    for (ChatMessage message : messages) {
      if (message.role() != Role.SYSTEM) {
        boolean call = message.role() == Role.ASSISTANT && !message.metadata().isEmpty();
        String header = call ? message.metadata() + " \n" : "\n";
        prompt.control(token(message.role())).text(header + message.content());
      }
    }
  }
}
