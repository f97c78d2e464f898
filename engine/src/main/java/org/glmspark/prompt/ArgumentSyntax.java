package org.glmspark.prompt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.glmspark.format.Excerpt;
import org.jspecify.annotations.Nullable;

/// How the content of a turn that calls a tool gives the arguments, and back.
enum ArgumentSyntax {
  /// The JSON object itself.
  JSON {
    @Override
    @Nullable String parse(String content) {
      return isObject(content) ? content : null;
    }

    @Override
    String write(ToolCall call) {
      return call.arguments();
    }
  },

  /// ChatGLM3's functions: a call in a fence of Markdown.
  ///
  /// ````
  /// ```python
  /// tool_call(city='北京')
  /// ```
  /// ````
  PYTHON_CALL {
    @Override
    @Nullable String parse(String content) {
      String code = fenced(content);
      PythonCall call = code == null ? null : PythonCallParser.parse(code);
      return call != null && call.function().equals(FUNCTION) && call.positional().isEmpty()
          ? json(call.named())
          : null;
    }

    @Override
    String write(ToolCall call) {
      return fence(PythonCall.text(FUNCTION, PythonJson.readObject(call.arguments())));
    }
  },

  /// ChatGLM3's code interpreter: code in a fence of Markdown, which becomes `{"code": ...}`.
  FENCED_CODE {
    @Override
    @Nullable String parse(String content) {
      String code = fenced(content);
      return code == null ? null : object("code", code);
    }

    @Override
    String write(ToolCall call) {
      return fence(onlyText(call, "code"));
    }
  },

  /// GLM-4's `python`: bare code, which becomes `{"code": ...}`.
  CODE {
    @Override
    @Nullable String parse(String content) {
      return content.isEmpty() ? null : object("code", content);
    }

    @Override
    String write(ToolCall call) {
      return onlyText(call, "code");
    }
  },

  /// GLM-4's `simple_browser`: `search("...", recency_days=7)`, `mclick([0,1])` or
  /// `open_url("...")`, which become `{"query": ..., "recency_days": 7}`, `{"ids": [0, 1]}` and
  /// `{"url": ...}`, by the names that the model is told.
  BROWSER_CALL {
    @Override
    @Nullable String parse(String content) {
      if (isObject(content)) {
        return content;
      }
      PythonCall call = PythonCallParser.parse(content);
      List<String> parameters = call == null ? null : BROWSER.get(call.function());
      if (call == null || parameters == null || call.positional().size() > parameters.size()) {
        return null;
      }
      ObjectNode arguments = JsonNodeFactory.instance.objectNode();
      for (int i = 0; i < call.positional().size(); i++) {
        arguments.set(parameters.get(i), call.positional().get(i));
      }
      for (Map.Entry<String, JsonNode> argument : call.named().properties()) {
        if (!parameters.contains(argument.getKey()) || arguments.has(argument.getKey())) {
          return null;
        }
        arguments.set(argument.getKey(), argument.getValue());
      }
      return arguments.has(parameters.getFirst()) ? json(arguments) : null;
    }

    @Override
    String write(ToolCall call) {
      ObjectNode arguments = PythonJson.readObject(call.arguments());
      JsonNode query = arguments.path("query");
      if (query.isTextual()) {
        JsonNode recency = arguments.path("recency_days");
        return recency.isIntegralNumber()
            ? "search(%s, recency_days=%s)".formatted(PythonJson.oneLine(query), recency.asText())
            : "search(%s)".formatted(PythonJson.oneLine(query));
      }
      if (arguments.path("ids").isArray()) {
        return StreamSupport.stream(arguments.path("ids").spliterator(), false)
            .map(PythonJson::oneLine)
            .collect(Collectors.joining(",", "mclick([", "])"));
      }
      if (arguments.path("url").isTextual()) {
        return "open_url(%s)".formatted(PythonJson.oneLine(arguments.path("url")));
      }
      throw unexpected(call, "a text 'query', a list 'ids' or a text 'url'");
    }
  },

  /// GLM-4's `cogview`: what the picture shows, which becomes `{"prompt": ...}`.
  IMAGE_PROMPT {
    @Override
    @Nullable String parse(String content) {
      return content.isEmpty() ? null : object("prompt", content);
    }

    @Override
    String write(ToolCall call) {
      return onlyText(call, "prompt");
    }
  };

  private static final String FUNCTION = "tool_call";
  private static final String FENCE = "```";
  private static final Map<String, List<String>> BROWSER =
      Map.of(
          "search", List.of("query", "recency_days"),
          "mclick", List.of("ids"),
          "open_url", List.of("url"));

  /// The arguments as a JSON object, or null if the content has another form.
  ///
  /// @param content without white space around it
  abstract @Nullable String parse(String content);

  /// The content of the turn that makes a call.
  ///
  /// @throws IllegalArgumentException if the tool takes other arguments
  abstract String write(ToolCall call);

  private static boolean isObject(String content) {
    try {
      PythonJson.readObject(content);
      return true;
    } catch (IllegalArgumentException _) { // a model may write anything
      return false;
    }
  }

  /// The arguments as text, or null if that would be more than JSON readers take, such as a key of
  /// 50,000 characters.
  private static @Nullable String json(ObjectNode arguments) {
    String text = PythonJson.oneLine(arguments);
    return isObject(text) ? text : null;
  }

  /// The lines between a fence and its end, or null if those are not the first and the last line.
  private static @Nullable String fenced(String content) {
    int start = content.indexOf('\n');
    int end = content.lastIndexOf('\n');
    return content.startsWith(FENCE) && start < end && content.substring(end + 1).equals(FENCE)
        ? content.substring(start + 1, end)
        : null;
  }

  private static String fence(String code) {
    return FENCE + "python\n" + code + "\n" + FENCE;
  }

  private static String object(String key, String value) {
    return PythonJson.oneLine(JsonNodeFactory.instance.objectNode().put(key, value));
  }

  /// The one argument of a call that takes just a text.
  private static String onlyText(ToolCall call, String key) {
    ObjectNode arguments = PythonJson.readObject(call.arguments());
    if (arguments.size() != 1 || !arguments.path(key).isTextual()) {
      throw unexpected(call, "only a text '%s'".formatted(key));
    }
    return arguments.path(key).textValue();
  }

  private static IllegalArgumentException unexpected(ToolCall call, String expectation) {
    return new IllegalArgumentException(
        "tool call '%s' has the arguments %s, expected %s"
            .formatted(call.name(), Excerpt.of(call.arguments()), expectation));
  }
}
