package org.glmspark.prompt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/// A tool that a conversation offers to the model: a function of the caller, or one of the tools
/// that the model was trained to use by name.
public sealed interface ToolDefinition permits FunctionTool, BuiltInTool {

  /// What the definition calls it.
  String toolName();

  /// Whether it is a function of the caller.
  default boolean isFunction() {
    return this instanceof FunctionTool;
  }

  /// Reads a definition in one of its three forms:
  ///
  /// - `{"type": "function", "function": {"name": ..., "description": ..., "parameters": {...}}}`
  /// - the inner object of that alone
  /// - `{"type": "python"}`, `{"type": "simple_browser"}`, `{"type": "cogview"}`
  ///
  /// The model sees a function's object with all its keys in their order.
  ///
  /// @throws IllegalArgumentException if it is none of them
  static ToolDefinition parse(String json) {
    ObjectNode tool = PythonJson.readObject(json);
    JsonNode function = tool.path("function");
    if (function instanceof ObjectNode object) {
      return FunctionTool.of(object);
    }
    if (tool.has("name")) {
      return FunctionTool.of(tool);
    }
    return BuiltInTool.named(tool.path("type").asText());
  }
}
