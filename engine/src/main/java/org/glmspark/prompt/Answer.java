package org.glmspark.prompt;

import java.util.List;

/// What the model answered.
///
/// @param text what it said to people, without white space around it; may be empty if it called a
///   tool
/// @param toolCalls the tools it called, in their order
public record Answer(String text, List<ToolCall> toolCalls) {
  public Answer {
    toolCalls = List.copyOf(toolCalls);
  }

  /// Generated text as people should see it. The models write a placeholder for the year that their
  /// training data ends in.
  ///
  /// Source: `process_response` in the code of ChatGLM2 and ChatGLM3.
  public static String plainText(String generated) {
    return generated.strip().replace("[[训练时间]]", "2023年");
  }
}
