package org.glmspark.prompt;

import org.glmspark.format.Excerpt;

/// The model asks for a tool to be used.
///
/// @param name which tool, as the model writes it: one line without white space around it
/// @param arguments a JSON object, as text
public record ToolCall(String name, String arguments) {
  public ToolCall {
    if (name.isEmpty() || !name.equals(name.strip()) || name.indexOf('\n') >= 0) {
      throw new IllegalArgumentException(
          "tool call of '%s', expected a name of one line without white space around it"
              .formatted(Excerpt.of(name)));
    }
    try {
      PythonJson.readObject(arguments);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "arguments of the tool call '%s': %s".formatted(Excerpt.of(name), e.getMessage()), e);
    }
  }
}
