package org.glmspark.prompt;

import java.util.List;
import java.util.Locale;
import org.glmspark.format.Excerpt;

/// One turn of a conversation.
///
/// A call of a tool can be given in two ways: as [#toolCalls], which every format that knows tools
/// writes in its own syntax, or, as the models' authors do, as a turn whose `metadata` is the name
/// of the tool and whose `content` is the call in the syntax of the format.
///
/// @param role who speaks
/// @param metadata the name of the tool that an assistant's turn calls, or what kind of result an
///   observation is; otherwise empty
/// @param content what is said
/// @param tools what the model may call; only a system message has any
/// @param toolCalls what the model called after what it said; only a message of the assistant
///   without metadata has any
public record ChatMessage(
    Role role,
    String metadata,
    String content,
    List<ToolDefinition> tools,
    List<ToolCall> toolCalls) {

  /// Who speaks.
  public enum Role {
    /// Instructions that hold for the whole conversation.
    SYSTEM,
    /// The person, or the task with its document.
    USER,
    /// The model.
    ASSISTANT,
    /// What a tool returned.
    OBSERVATION;

    /// The role with a name as data sets write it: `system`, `user`, `assistant`, and for results
    /// of tools `observation` or `tool`.
    ///
    /// @throws IllegalArgumentException if it is none of these
    public static Role named(String name) {
      return switch (name) {
        case "system" -> SYSTEM;
        case "user" -> USER;
        case "assistant" -> ASSISTANT;
        case "observation", "tool" -> OBSERVATION;
        default ->
            throw new IllegalArgumentException(
                "role '%s', expected system, user, assistant, observation or tool"
                    .formatted(Excerpt.of(name)));
      };
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public ChatMessage {
    tools = List.copyOf(tools);
    toolCalls = List.copyOf(toolCalls);
    if (!tools.isEmpty() && role != Role.SYSTEM) {
      throw new IllegalArgumentException(
          "a message of role %s offers %d tools, expected them in a system message"
              .formatted(role, tools.size()));
    }
    if (!toolCalls.isEmpty() && (role != Role.ASSISTANT || !metadata.isEmpty())) {
      throw new IllegalArgumentException(
          ("a message of role %s with metadata '%s' calls %d tools, "
                  + "expected an assistant's message without metadata")
              .formatted(role, Excerpt.of(metadata), toolCalls.size()));
    }
  }

  /// A message that offers no tools and calls none but by its metadata.
  public ChatMessage(Role role, String metadata, String content) {
    this(role, metadata, content, List.of(), List.of());
  }

  public static ChatMessage system(String content) {
    return new ChatMessage(Role.SYSTEM, "", content);
  }

  /// A system message that offers tools. With empty content it says only what the format says about
  /// tools.
  public static ChatMessage system(String content, List<ToolDefinition> tools) {
    return new ChatMessage(Role.SYSTEM, "", content, tools, List.of());
  }

  public static ChatMessage user(String content) {
    return new ChatMessage(Role.USER, "", content);
  }

  public static ChatMessage assistant(String content) {
    return new ChatMessage(Role.ASSISTANT, "", content);
  }

  /// What the model said, which may be nothing, and the tools it called then.
  public static ChatMessage assistant(String content, List<ToolCall> toolCalls) {
    return new ChatMessage(Role.ASSISTANT, "", content, List.of(), toolCalls);
  }

  public static ChatMessage observation(String content) {
    return new ChatMessage(Role.OBSERVATION, "", content);
  }
}
