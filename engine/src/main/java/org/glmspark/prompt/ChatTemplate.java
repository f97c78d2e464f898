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
      case GLM4 -> new Glm4Template(tokenizer);
      case GLM4_0414 -> new Glm4Of0414Template(tokenizer);
    };
  }

  /// Which format this is.
  ChatFormat format();

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

  /// The answer for people: the text of the generated tokens, without white space around it.
  ///
  /// @param tokens as generated, with or without the stop token
  String answerText(List<Integer> tokens);
}
