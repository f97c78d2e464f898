package org.glmspark.prompt;

import java.util.List;
import java.util.stream.IntStream;
import org.glmspark.prompt.ChatMessage.Role;
import org.glmspark.tokenizer.Tokenizer;

/// Turns a conversation into the prompt of a model family, and generated tokens into an answer.
public final class ChatTemplate {
  private final Tokenizer tokenizer;
  private final int[] prefix;
  private final int system;
  private final int user;
  private final int assistant;
  private final int observation;
  private final int[] stopTokens;

  private ChatTemplate(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
    prefix = new int[] {tokenizer.specialToken("[gMASK]"), tokenizer.specialToken("<sop>")};
    system = tokenizer.specialToken("<|system|>");
    user = tokenizer.specialToken("<|user|>");
    assistant = tokenizer.specialToken("<|assistant|>");
    observation = tokenizer.specialToken("<|observation|>");
    stopTokens =
        IntStream.of(tokenizer.specialToken("<|endoftext|>"), user, observation).sorted().toArray();
  }

  /// The format of GLM-4-9B-Chat and GLM-4-9B-Chat-1M: `[gMASK]<sop>`, then for each message its
  /// role, metadata, a line break and the content, and at last `<|assistant|>`.
  ///
  /// Source: `tokenization_chatglm.py` of GLM-4-9B-Chat.
  ///
  /// @throws IllegalArgumentException if the tokenizer lacks one of the special tokens
  public static ChatTemplate glm4(Tokenizer tokenizer) {
    return new ChatTemplate(tokenizer);
  }

  /// The prompt after which the model writes its answer. A message without content is left out, as
  /// the model's authors do.
  public int[] encode(List<ChatMessage> messages) {
    IntStream.Builder tokens = IntStream.builder();
    IntStream.of(prefix).forEach(tokens::add);
    for (ChatMessage message : messages) {
      if (!message.content().isEmpty()) {
        tokens.add(token(message.role()));
        // apart, as the model saw them: a line break at the start of the content must not merge
        // with that of the header
        IntStream.of(tokenizer.encode(message.metadata() + "\n")).forEach(tokens::add);
        IntStream.of(tokenizer.encode(message.content())).forEach(tokens::add);
      }
    }
    tokens.add(assistant);
    return tokens.build().toArray();
  }

  /// The tokens that end an answer, in ascending order: all that the family knows, whatever the
  /// model's files list.
  public int[] stopTokens() {
    return stopTokens.clone();
  }

  /// The answer for people: the text of the generated tokens without white space around it (GLM-4
  /// begins every answer with a line break).
  public String answerText(List<Integer> tokens) {
    return tokenizer.decode(tokens).strip();
  }

  private int token(Role role) {
    return switch (role) {
      case SYSTEM -> system;
      case USER -> user;
      case ASSISTANT -> assistant;
      case OBSERVATION -> observation;
    };
  }
}
