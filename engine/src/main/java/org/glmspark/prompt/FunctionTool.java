package org.glmspark.prompt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.glmspark.format.Excerpt;

/// A function of the caller.
///
/// @param toolName how the model calls it
/// @param definition the JSON object that the model sees; not to be changed
record FunctionTool(String toolName, ObjectNode definition) implements ToolDefinition {

  /// @throws IllegalArgumentException if the object has no name
  static FunctionTool of(ObjectNode definition) {
    JsonNode name = definition.path("name");
    if (!name.isTextual() || name.textValue().isBlank()) {
      throw new IllegalArgumentException(
          "tool %s has no name, expected a function with one"
              .formatted(Excerpt.of(definition.toString())));
    }
    return new FunctionTool(name.textValue(), definition);
  }

  /// What GLM-4 models are told about it, without the line breaks before.
  String section() {
    return "## %s\n\n%s\n在调用上述函数时，请使用 Json 格式表示调用的参数。"
        .formatted(toolName, PythonJson.indented(definition));
  }
}
