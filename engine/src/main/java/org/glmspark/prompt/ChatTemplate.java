package org.glmspark.prompt;

/// Turns a conversation into token ids.
public final class ChatTemplate {
  private ChatTemplate() {}
}
