package org.glmspark.udfs.openai;

import java.util.List;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.prompt.ChatMessage;
import org.glmspark.prompt.ToolDefinition;
import org.glmspark.sampling.SamplingParameters;
import org.jspecify.annotations.Nullable;

/// What is asked about a row.
///
/// @param messages the conversation, with the tools it offers
/// @param sampling how to choose tokens and when to stop
/// @param format what form the answer must have; null for any text
public record ChatRequest(
    List<ChatMessage> messages, SamplingParameters sampling, @Nullable AnswerFormat format) {
  public ChatRequest {
    messages = List.copyOf(messages);
  }

  /// The tools that the conversation offers.
  public List<ToolDefinition> tools() {
    return messages.stream().flatMap(message -> message.tools().stream()).toList();
  }
}
