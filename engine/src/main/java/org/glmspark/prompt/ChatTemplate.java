package org.glmspark.prompt;

import java.util.List;
import org.glmspark.tokenizer.Tokenizer;

/// Turns a conversation into the prompt of a model, and generated tokens into an answer.
///
/// Every prompt begins with the two prefix tokens of its family, once. Role tokens are put in by
/// id; whatever a message, a tool or a result says is encoded as plain text, also where it spells a
/// control token.
public sealed interface ChatTemplate permits ChatGlm2Template, RoleTemplate {

  /// The template of a format.
  ///
  /// @throws IllegalArgumentException if the tokenizer lacks one of the format's special tokens
  static ChatTemplate of(ChatFormat format, Tokenizer tokenizer) {
    return switch (format) {
      case CHATGLM2 -> new ChatGlm2Template(tokenizer);
      case CHATGLM3 -> new ChatGlm3Template(tokenizer);
      case GLM_4 -> new Glm4Template(tokenizer);
      case GLM_4_0414 -> new Glm4Of0414Template(tokenizer);
    };
  }

  /// Which format this is.
  ChatFormat format();

  /// The two tokens that everything the model reads begins with.
  int[] prefix();

  /// The prompt after which the model writes its answer.
  ///
  /// @throws IllegalArgumentException if the format has no way to say what a message says
  int[] encode(List<ChatMessage> messages);

  /// The tokens that end an answer, in ascending order: all that the family knows, whatever the
  /// model's files list.
  int[] stopTokens();

  /// What the model writes before the first word of a plain answer: a line break, and for ChatGLM3
  /// a blank before it. Empty for ChatGLM2, which writes nothing there.
  int[] answerPrefix();

  /// The answer for people: all generated text, calls of tools too, without white space around it.
  ///
  /// @param tokens as generated, with or without the stop token
  String answerText(List<Integer> tokens);

  /// The answer for programs: what the model says and the tools it calls.
  ///
  /// A turn of the answer may call a tool if its first line is not blank: that is the tool's name,
  /// and arguments follow. It is taken as a call if its arguments have the form that the format
  /// knows, and
  ///
  /// - its name is that of a tool that was offered, or
  /// - the last token is `<|observation|>`: the model stopped to wait for a result. So a caller
  ///   that wrote the tools into a system message itself gives the stop token.
  ///
  /// Everything else is text, as the model wrote it. Of an answer that was cut off by a limit take
  /// [#answerText]: half a program can look like a program.
  ///
  /// @param tokens as generated, with or without the stop token
  /// @param tools those that the conversation offered
  Answer parseAnswer(List<Integer> tokens, List<ToolDefinition> tools);
}
