package org.glmspark.prompt;

import java.util.ArrayList;
import java.util.List;
import org.glmspark.prompt.ChatMessage.Role;
import org.glmspark.tokenizer.Tokenizer;

/// The prompts of the GLM-4-0414 chat models: `[gMASK]<sop>`, then a system turn with all tools,
/// then the system messages, then the others in their order, and at last `<|assistant|>`. Only
/// metadata of the assistant is written.
///
/// What stands between two role tokens is encoded as one text, as the model saw it: a content that
/// begins with a line break joins that of the header. Before the first tool there is an empty line,
/// before the next ones there is none.
///
/// Source: the chat template in the files of GLM-4-0414.
final class Glm4Of0414Template extends RoleTemplate {
  Glm4Of0414Template(Tokenizer tokenizer) {
    super(tokenizer, "<sop>", tokenizer.specialToken("<|endoftext|>"));
  }

  @Override
  public ChatFormat format() {
    return ChatFormat.GLM_4_0414;
  }

  @Override
  List<ChatMessage> turns(List<ChatMessage> messages, List<ToolDefinition> tools) {
    var turns = new ArrayList<ChatMessage>();
    if (!tools.isEmpty()) {
      turns.add(ChatMessage.system(toolBlock(tools)));
    }
    for (ChatMessage message : messages) {
      boolean onlyTools = !message.tools().isEmpty() && message.content().isEmpty();
      if (message.role() == Role.SYSTEM && !onlyTools) {
        turns.add(message);
      }
    }
    for (ChatMessage message : messages) {
      if (message.role() != Role.SYSTEM) {
        turns.addAll(withCallsAsTurns(message, tools));
      }
    }
    return turns;
  }

  private static String toolBlock(List<ToolDefinition> tools) {
    var block = new StringBuilder("# 可用工具\n");
    for (ToolDefinition tool : tools) {
      switch (tool) {
        case FunctionTool function -> block.append('\n').append(function.section());
        case BuiltInTool builtIn ->
            throw new IllegalArgumentException(
                "tool '%s', expected one that glm-4-0414 knows: functions"
                    .formatted(builtIn.toolName()));
      }
    }
    return block.toString();
  }

  @Override
  void write(ChatMessage turn, PromptTokens prompt) {
    boolean call = turn.role() == Role.ASSISTANT && !turn.metadata().isEmpty();
    String header = call ? turn.metadata() + " \n" : "\n";
    prompt.text(header + turn.content());
  }

  @Override
  ArgumentSyntax builtInSyntax(String name) {
    return ArgumentSyntax.JSON;
  }

  @Override
  ArgumentSyntax functionSyntax() {
    return ArgumentSyntax.JSON;
  }
}
