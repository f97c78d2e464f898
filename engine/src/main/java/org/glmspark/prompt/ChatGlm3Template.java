package org.glmspark.prompt;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.List;
import org.glmspark.prompt.ChatMessage.Role;
import org.glmspark.tokenizer.Tokenizer;

/// The prompts of ChatGLM3-6B and ChatGLM3-6B-32K: `[gMASK] sop`, then for each message its role,
/// its metadata with a line break, and its content, and at last `<|assistant|>`.
///
/// Functions are listed as JSON after the content of their system message, or after the authors'
/// sentence where it has none. The code interpreter, offered as the tool `python`, is announced by
/// the authors' text in a system turn of its own; the model calls it `interpreter`.
///
/// Source: `tokenization_chatglm.py` and `PROMPT.md` of ChatGLM3.
final class ChatGlm3Template extends RoleTemplate {
  private static final String FUNCTIONS =
      "Answer the following questions as best as you can. You have access to the following tools:";
  private static final String INTERPRETER =
      """
      你是一位智能AI助手，你叫ChatGLM，你连接着一台电脑，但请注意不能联网。在使用Python解决任务时，你可以运行代码并得到结果，如果运行结果有错误，\
      你需要尽可能对代码进行改进。你可以处理用户上传到电脑上的文件，文件默认存储路径是/mnt/data/。\
      """;
  private static final String INTERPRETER_NAME = "interpreter";

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
  List<ChatMessage> turns(List<ChatMessage> messages, List<ToolDefinition> tools) {
    var turns = new ArrayList<ChatMessage>();
    for (ChatMessage message : messages) {
      if (message.tools().isEmpty()) {
        turns.addAll(withCallsAsTurns(message, tools));
      } else {
        addSystemTurns(message, turns);
      }
    }
    return turns;
  }

  private static void addSystemTurns(ChatMessage message, List<ChatMessage> turns) {
    ArrayNode functions = JsonNodeFactory.instance.arrayNode();
    boolean interpreter = false;
    for (ToolDefinition tool : message.tools()) {
      switch (tool) {
        case FunctionTool function -> functions.add(function.definition());
        case BuiltInTool.PYTHON -> interpreter = true;
        case BuiltInTool.SIMPLE_BROWSER, BuiltInTool.COGVIEW ->
            throw new IllegalArgumentException(
                "tool '%s', expected one that chatglm3 knows: functions and python"
                    .formatted(tool.toolName()));
      }
    }
    String content = message.content();
    if (!functions.isEmpty()) {
      String sentence = content.isEmpty() ? FUNCTIONS : content;
      content = sentence + "\n" + PythonJson.indented(functions);
    }
    if (!content.isEmpty()) {
      turns.add(new ChatMessage(Role.SYSTEM, message.metadata(), content));
    }
    if (interpreter) {
      turns.add(ChatMessage.system(INTERPRETER));
    }
  }

  @Override
  void write(ChatMessage turn, PromptTokens prompt) {
    // apart, as the model saw them: each gets a blank in front
    prompt.text(turn.metadata() + "\n").text(turn.content());
  }

  @Override
  String callName(ToolDefinition tool) {
    return tool == BuiltInTool.PYTHON ? INTERPRETER_NAME : tool.toolName();
  }

  @Override
  ArgumentSyntax builtInSyntax(String name) {
    return name.equals(INTERPRETER_NAME) ? ArgumentSyntax.FENCED_CODE : ArgumentSyntax.PYTHON_CALL;
  }

  @Override
  ArgumentSyntax functionSyntax() {
    return ArgumentSyntax.PYTHON_CALL;
  }
}
