package org.glmspark.prompt;

/// One turn of a conversation.
///
/// @param role who speaks
/// @param metadata the name of the tool that an assistant's turn calls; otherwise empty
/// @param content what is said
public record ChatMessage(Role role, String metadata, String content) {

  /// Who speaks.
  public enum Role {
    /// Instructions that hold for the whole conversation.
    SYSTEM,
    /// The person, or the task with its document.
    USER,
    /// The model.
    ASSISTANT,
    /// What a tool returned.
    OBSERVATION
  }

  public static ChatMessage system(String content) {
    return new ChatMessage(Role.SYSTEM, "", content);
  }

  public static ChatMessage user(String content) {
    return new ChatMessage(Role.USER, "", content);
  }

  public static ChatMessage assistant(String content) {
    return new ChatMessage(Role.ASSISTANT, "", content);
  }

  public static ChatMessage observation(String content) {
    return new ChatMessage(Role.OBSERVATION, "", content);
  }
}
