package org.glmspark.prompt;

import java.util.List;
import java.util.stream.IntStream;
import org.glmspark.prompt.ChatMessage.Role;
import org.glmspark.tokenizer.Tokenizer;

/// The formats in which a turn begins with the token of its role, followed by a line with the
/// turn's metadata and then by its content.
abstract sealed class RoleTemplate implements ChatTemplate
    permits ChatGlm3Template, Glm4Template, Glm4Of0414Template {
  private final Tokenizer tokenizer;
  private final int[] prefix;
  private final int system;
  private final int user;
  private final int assistant;
  private final int observation;
  private final int[] stopTokens;

  /// @param startOfPiece the second token of every prompt, as the tokenizer names it
  /// @param endOfText the token that ends an answer like no role does
  RoleTemplate(Tokenizer tokenizer, String startOfPiece, int endOfText) {
    this.tokenizer = tokenizer;
    prefix = new int[] {tokenizer.specialToken("[gMASK]"), tokenizer.specialToken(startOfPiece)};
    system = tokenizer.specialToken("<|system|>");
    user = tokenizer.specialToken("<|user|>");
    assistant = tokenizer.specialToken("<|assistant|>");
    observation = tokenizer.specialToken("<|observation|>");
    stopTokens = IntStream.of(endOfText, user, observation).sorted().toArray();
  }

  @Override
  public final int[] encode(List<ChatMessage> messages) {
    var prompt = new PromptTokens(tokenizer).control(prefix);
    write(messages, prompt);
    return prompt.control(assistant).toArray();
  }

  /// Writes the turns of a conversation.
  abstract void write(List<ChatMessage> messages, PromptTokens prompt);

  @Override
  public final int[] stopTokens() {
    return stopTokens.clone();
  }

  @Override
  public final int[] answerPrefix() {
    return tokenizer.encode("\n");
  }

  @Override
  public final String answerText(List<Integer> tokens) {
    return tokenizer.decode(tokens).strip();
  }

  final int token(Role role) {
    return switch (role) {
      case SYSTEM -> system;
      case USER -> user;
      case ASSISTANT -> assistant;
      case OBSERVATION -> observation;
    };
  }
}
