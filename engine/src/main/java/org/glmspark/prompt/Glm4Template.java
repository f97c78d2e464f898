package org.glmspark.prompt;

import java.util.ArrayList;
import java.util.List;
import org.glmspark.tokenizer.Tokenizer;

/// The prompts of GLM-4-9B-Chat and GLM-4-9B-Chat-1M: `[gMASK]<sop>`, then for each message its
/// role, metadata, a line break and the content, and at last `<|assistant|>`. A message without
/// content is left out, as the model's authors do.
///
/// A message that offers tools has a system turn before it that introduces the model and describes
/// them.
///
/// Source: `tokenization_chatglm.py` of GLM-4-9B-Chat.
final class Glm4Template extends RoleTemplate {
  private static final String INTRODUCTION =
      """
      你是一个名为 ChatGLM 的人工智能助手。你是基于智谱AI训练的语言模型 GLM-4 模型开发的，你的任务是针对用户的问题和要求提供适当的答复和支持。

      # 可用工具\
      """;

  Glm4Template(Tokenizer tokenizer) {
    super(tokenizer, "<sop>", tokenizer.specialToken("<|endoftext|>"));
  }

  @Override
  public ChatFormat format() {
    return ChatFormat.GLM_4;
  }

  @Override
  List<ChatMessage> turns(List<ChatMessage> messages, List<ToolDefinition> tools) {
    var turns = new ArrayList<ChatMessage>();
    for (ChatMessage message : messages) {
      if (!message.tools().isEmpty()) {
        turns.add(ChatMessage.system(toolBlock(message.tools())));
      }
      for (ChatMessage turn : withCallsAsTurns(message, tools)) {
        if (!turn.content().isEmpty()) {
          turns.add(turn);
        }
      }
    }
    return turns;
  }

  private static String toolBlock(List<ToolDefinition> tools) {
    var block = new StringBuilder(INTRODUCTION);
    for (ToolDefinition tool : tools) {
      block
          .append("\n\n")
          .append(
              switch (tool) {
                case FunctionTool function -> function.section();
                case BuiltInTool builtIn ->
                    "## " + builtIn.toolName() + "\n\n" + builtIn.description();
              });
    }
    return block.toString();
  }

  @Override
  void write(ChatMessage turn, PromptTokens prompt) {
    // apart, as the model saw them: a line break at the start of the content must not merge with
    // that of the header
    prompt.text(turn.metadata() + "\n").text(turn.content());
  }

  @Override
  ArgumentSyntax builtInSyntax(String name) {
    return switch (name) {
      case "python" -> ArgumentSyntax.CODE;
      case "simple_browser" -> ArgumentSyntax.BROWSER_CALL;
      case "cogview" -> ArgumentSyntax.IMAGE_PROMPT;
      default -> ArgumentSyntax.JSON;
    };
  }

  @Override
  ArgumentSyntax functionSyntax() {
    return ArgumentSyntax.JSON;
  }
}
