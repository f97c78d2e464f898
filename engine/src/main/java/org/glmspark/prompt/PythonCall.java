package org.glmspark.prompt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;

/// A call in Python whose arguments are literals: `tool_call(city='北京', days=[1, 2])`.
///
/// @param function what is called
/// @param positional the arguments without a name
/// @param named the arguments with a name, in their order
record PythonCall(String function, List<JsonNode> positional, ObjectNode named) {

  /// The call of a function with named arguments alone. What Python does not take as a name goes
  /// into a dictionary: `tool_call(**{'to-city': '北京'})`.
  static String text(String function, ObjectNode arguments) {
    var out = new StringBuilder(function).append('(');
    String separator = "";
    for (Map.Entry<String, JsonNode> argument : arguments.properties()) {
      out.append(separator);
      if (PythonCallParser.isName(argument.getKey())) {
        out.append(argument.getKey()).append('=').append(PythonLiteral.of(argument.getValue()));
      } else {
        ObjectNode single = arguments.objectNode();
        single.set(argument.getKey(), argument.getValue());
        out.append("**").append(PythonLiteral.of(single));
      }
      separator = ", ";
    }
    return out.append(')').toString();
  }
}
