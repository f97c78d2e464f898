package org.glmspark.udfs.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.prompt.ToolDefinition;
import org.jspecify.annotations.Nullable;

/// A tool that a request offers.
///
/// @param definition as the model sees it
/// @param parameters the JSON schema of a function's arguments; null for a tool that models know
/// @param strict where the request says that arguments must be of the schema; null if it does not
/// @param value the tool in the request
record OfferedTool(
    ToolDefinition definition,
    @Nullable String parameters,
    @Nullable JsonValue strict,
    JsonValue value) {
  private static final String NO_PARAMETERS =
      "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}";

  private static final Set<String> KEYS =
      Set.of("type", "function", "name", "description", "parameters", "strict");
  private static final Set<String> FUNCTION_KEYS =
      Set.of("name", "description", "parameters", "strict");

  /// Reads a list of tools, each as [ToolDefinition#parse] takes it, or as a text with that. A
  /// function's `parameters` may be a text too, as in columns, whose rows differ in their schema.
  static List<OfferedTool> list(JsonValue tools) throws InvalidRequestException {
    List<OfferedTool> offered = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (JsonValue element : tools.elements("tools")) {
      JsonValue tool =
          element.node().isTextual() ? JsonValue.parse(element.text(), element.place()) : element;
      OfferedTool one = of(tool.object(KEYS));
      if (!names.add(one.definition().toolName())) {
        throw tool.problem("there is another tool '%s'".formatted(one.definition().toolName()));
      }
      offered.add(one);
    }
    return offered;
  }

  private static OfferedTool of(JsonValue tool) throws InvalidRequestException {
    JsonValue type = tool.find("type");
    boolean isFunction = type == null || type.text().equals("function");
    JsonValue nested = tool.find("function");
    JsonValue function = nested == null ? tool : nested.object(FUNCTION_KEYS);
    if (!isFunction && nested == null && function.find("name") == null) {
      return new OfferedTool(parse(tool, tool.node()), null, null, tool);
    }
    if (type != null && !isFunction) {
      throw type.wrongValue("\"function\" for a tool with a name");
    }
    function.require("name").text();
    JsonValue description = function.find("description");
    if (description != null) {
      description.text();
    }
    ObjectNode seen = function.node().deepCopy();
    seen.remove(List.of("type", "strict"));
    JsonValue parameters = function.find("parameters");
    if (parameters != null && parameters.node().isTextual()) {
      parameters = JsonValue.parse(parameters.text(), parameters.place());
    }
    if (parameters != null) {
      seen.set("parameters", parameters.object().node());
    }
    JsonValue strict = function.find("strict");
    return new OfferedTool(
        parse(function, seen),
        parameters == null ? NO_PARAMETERS : parameters.node().toString(),
        strict != null && strict.truth() ? strict : null,
        function);
  }

  private static ToolDefinition parse(JsonValue tool, JsonNode seen)
      throws InvalidRequestException {
    ToolDefinition definition;
    try {
      definition = ToolDefinition.parse(seen.toString());
    } catch (IllegalArgumentException e) {
      throw tool.problem(String.valueOf(e.getMessage()));
    }
    String name = definition.toolName();
    if (!name.equals(name.strip()) || name.indexOf('\n') >= 0) {
      throw tool.problem("a name of one line without white space around it is expected");
    }
    return definition;
  }

  /// A call of the one function, or of one of them.
  static AnswerFormat call(List<OfferedTool> tools) throws InvalidRequestException {
    List<AnswerFormat.FunctionCall.Function> functions = new ArrayList<>();
    for (OfferedTool tool : tools) {
      String parameters = tool.parameters();
      if (parameters == null) {
        throw tool.value().unsupported("a function where a call is required");
      }
      try {
        functions.add(
            new AnswerFormat.FunctionCall.Function(tool.definition().toolName(), parameters));
        var _ = new AnswerFormat.FunctionCall(List.of(functions.getLast()));
      } catch (IllegalArgumentException e) {
        throw tool.value().problem(String.valueOf(e.getMessage()));
      }
    }
    return new AnswerFormat.FunctionCall(functions);
  }
}
