package org.glmspark.prompt;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.glmspark.prompt.ChatMessage.Role;
import org.glmspark.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/// The formats in which a turn begins with the token of its role, followed by a line with the
/// turn's metadata and then by its content. An answer may have several turns.
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
  /// @param endOfText the token that ends an answer after which nobody speaks
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
  public final int[] prefix() {
    return prefix.clone();
  }

  @Override
  public final int[] encode(List<ChatMessage> messages) {
    List<ToolDefinition> tools =
        messages.stream().flatMap(message -> message.tools().stream()).toList();
    var prompt = new PromptTokens(tokenizer).control(prefix);
    for (ChatMessage turn : turns(messages, tools)) {
      prompt.control(token(turn.role()));
      write(turn, prompt);
    }
    return prompt.control(assistant).toArray();
  }

  /// The turns that a conversation is written as: role, metadata and content, and nothing else.
  ///
  /// @param tools those of all messages
  abstract List<ChatMessage> turns(List<ChatMessage> messages, List<ToolDefinition> tools);

  /// Writes what follows the role token of a turn.
  abstract void write(ChatMessage turn, PromptTokens prompt);

  /// How the model calls a tool.
  String callName(ToolDefinition tool) {
    return tool.toolName();
  }

  /// How the arguments of a function are written.
  abstract ArgumentSyntax functionSyntax();

  /// How the arguments are written if the conversation has no function of that name.
  abstract ArgumentSyntax builtInSyntax(String name);

  private ArgumentSyntax syntax(String name, List<ToolDefinition> tools) {
    boolean function =
        tools.stream()
            .anyMatch(tool -> tool instanceof FunctionTool && tool.toolName().equals(name));
    return function ? functionSyntax() : builtInSyntax(name);
  }

  /// A message with each of its tool calls as a turn of its own; without them the message itself.
  final List<ChatMessage> withCallsAsTurns(ChatMessage message, List<ToolDefinition> tools) {
    if (message.toolCalls().isEmpty()) {
      return List.of(message);
    }
    var turns = new ArrayList<ChatMessage>();
    if (!message.content().isEmpty()) {
      turns.add(ChatMessage.assistant(message.content()));
    }
    for (ToolCall call : message.toolCalls()) {
      String content = syntax(call.name(), tools).write(call);
      turns.add(new ChatMessage(Role.ASSISTANT, call.name(), content));
    }
    return turns;
  }

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
    return answer(tokens, (_, _) -> null).text();
  }

  @Override
  public final Answer parseAnswer(List<Integer> tokens, List<ToolDefinition> tools) {
    boolean awaitsResult = !tokens.isEmpty() && tokens.getLast() == observation;
    return answer(
        tokens,
        (name, content) ->
            awaitsResult || tools.stream().anyMatch(tool -> callName(tool).equals(name))
                ? syntax(name, tools).parse(content)
                : null);
  }

  /// Finds the arguments in a turn of the model.
  @FunctionalInterface
  private interface CallReader {
    /// @param name the turn's metadata
    /// @return a JSON object, or null if the turn calls no tool
    @Nullable String arguments(String name, String content);
  }

  private Answer answer(List<Integer> tokens, CallReader reader) {
    var texts = new ArrayList<String>();
    var calls = new ArrayList<ToolCall>();
    for (String turn : decodedTurns(tokens)) {
      ToolCall call = call(turn, reader);
      if (call != null) {
        calls.add(call);
      } else if (!turn.isBlank()) {
        texts.add(Answer.plainText(turn));
      }
    }
    return new Answer(String.join("\n", texts), calls);
  }

  /// The texts between role tokens, each decoded on its own.
  private List<String> decodedTurns(List<Integer> tokens) {
    var turns = new ArrayList<String>();
    int start = 0;
    for (int i = 0; i < tokens.size(); i++) {
      if (isRole(tokens.get(i))) {
        turns.add(tokenizer.decode(tokens.subList(start, i)));
        start = i + 1;
      }
    }
    turns.add(tokenizer.decode(tokens.subList(start, tokens.size())));
    return turns;
  }

  private static @Nullable ToolCall call(String turn, CallReader reader) {
    int lineEnd = turn.indexOf('\n');
    String name = lineEnd < 0 ? "" : turn.substring(0, lineEnd).strip();
    if (name.isEmpty()) {
      return null;
    }
    String arguments = reader.arguments(name, turn.substring(lineEnd + 1).strip());
    return arguments == null ? null : new ToolCall(name, arguments);
  }

  private int token(Role role) {
    return switch (role) {
      case SYSTEM -> system;
      case USER -> user;
      case ASSISTANT -> assistant;
      case OBSERVATION -> observation;
    };
  }

  private boolean isRole(int token) {
    return token == system || token == user || token == assistant || token == observation;
  }
}
