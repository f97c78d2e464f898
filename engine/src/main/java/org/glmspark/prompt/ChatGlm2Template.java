package org.glmspark.prompt;

import java.util.ArrayList;
import java.util.List;
import org.glmspark.format.Excerpt;
import org.glmspark.prompt.ChatMessage.Role;
import org.glmspark.tokenizer.Tokenizer;

/// The prompts of ChatGLM2-6B: `[gMASK] sop`, then one text of numbered rounds that ends where the
/// answer is due:
///
/// ```
/// [Round 1]
///
/// 问：{question}
///
/// 答：{answer}
///
/// [Round 2]
///
/// 问：{question}
///
/// 答：
/// ```
///
/// The model knows no system role. A system message is taken as the beginning of the question that
/// follows it; so are questions that follow each other, with an empty line between them. Tools,
/// their calls and their results are refused.
///
/// As rounds are text, a question can spell one. No other format lets it: theirs are control
/// tokens.
///
/// Source: `tokenization_chatglm.py` of ChatGLM2-6B.
final class ChatGlm2Template implements ChatTemplate {
  /// Its name in the model's file differs from that in GGUF files, its id does not.
  private static final int END_OF_TEXT = 2;

  private final Tokenizer tokenizer;
  private final int[] prefix;

  ChatGlm2Template(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
    prefix = new int[] {tokenizer.specialToken("[gMASK]"), tokenizer.specialToken("sop")};
  }

  @Override
  public ChatFormat format() {
    return ChatFormat.CHATGLM2;
  }

  @Override
  public int[] prefix() {
    return prefix.clone();
  }

  @Override
  public int[] encode(List<ChatMessage> messages) {
    return new PromptTokens(tokenizer).control(prefix).text(rounds(messages)).toArray();
  }

  private static String rounds(List<ChatMessage> messages) {
    var text = new StringBuilder();
    var question = new ArrayList<String>();
    int round = 1;
    for (ChatMessage message : messages) {
      requireNoTools(message);
      if (message.role() != Role.ASSISTANT) {
        question.add(message.content());
      } else {
        text.append(round(round, question)).append(message.content()).append("\n\n");
        question.clear();
        round++;
      }
    }
    return text.append(round(round, question)).toString();
  }

  private static void requireNoTools(ChatMessage message) {
    if (message.role() == Role.OBSERVATION
        || !message.metadata().isEmpty()
        || !message.tools().isEmpty()
        || !message.toolCalls().isEmpty()) {
      throw new IllegalArgumentException(
          ("a message of role %s with metadata '%s', %d tools and %d tool calls, "
                  + "expected none of them: chatglm2 knows no tools")
              .formatted(
                  message.role(),
                  Excerpt.of(message.metadata()),
                  message.tools().size(),
                  message.toolCalls().size()));
    }
  }

  private static String round(int round, List<String> question) {
    if (question.isEmpty()) {
      throw new IllegalArgumentException(
          "round %d has no question, expected a user's message before each answer and at the end"
              .formatted(round));
    }
    return "[Round %d]\n\n问：%s\n\n答：".formatted(round, String.join("\n\n", question));
  }

  @Override
  public int[] stopTokens() {
    return new int[] {END_OF_TEXT};
  }

  @Override
  public int[] answerPrefix() {
    return new int[0];
  }

  @Override
  public String answerText(List<Integer> tokens) {
    return Answer.plainText(tokenizer.decode(tokens));
  }

  @Override
  public Answer parseAnswer(List<Integer> tokens, List<ToolDefinition> tools) {
    return new Answer(answerText(tokens), List.of());
  }
}
