package org.glmspark.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.glmspark.format.Excerpt;
import org.jspecify.annotations.Nullable;

/// What form an answer must have. The model can write nothing else, and the answer is always whole.
///
/// ```java
/// new AnswerFormat.Choice(List.of("positive", "negative"));
/// new AnswerFormat.JsonSchema("""
///     {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}""");
/// ```
///
/// The answer is the text after the model's answer prefix, without any stop token, and not
/// stripped. Formats are values: those with equal [#json] are equal, and give equal request ids.
public sealed interface AnswerFormat extends Serializable {

  /// One of these texts, letter by letter.
  ///
  /// @param choices at least one, none empty
  record Choice(List<String> choices) implements AnswerFormat {
    /// @throws IllegalArgumentException if there is none, or one is empty or no Unicode
    public Choice {
      choices = List.copyOf(choices);
      var _ = AnswerRules.of(choices);
    }
  }

  /// A text that a regular expression matches from its beginning to its end.
  ///
  /// @param pattern in the language of [RegexParser]
  record Regex(String pattern) implements AnswerFormat {
    /// @throws IllegalArgumentException if the pattern is malformed or has something that is not
    ///   supported; the message names it and its index
    public Regex {
      var _ = AnswerRules.of(pattern);
    }
  }

  /// Any JSON object, as [JsonRules] writes JSON.
  record JsonObject() implements AnswerFormat {}

  /// A JSON value that a schema allows, as [JsonRules] writes JSON.
  ///
  /// @param schema a JSON schema of the keywords that [SchemaRules] knows; becomes compact JSON
  record JsonSchema(String schema) implements AnswerFormat {
    /// @throws IllegalArgumentException if the schema is no JSON, or has a keyword that is not
    ///   supported; the message names it and its place as a JSON pointer
    public JsonSchema {
      JsonNode tree = JsonInput.read("the schema", schema);
      schema = tree.toString();
      var _ = AnswerRules.of(tree);
    }
  }

  /// A call of one of these functions, as GLM-4 models write calls: the name, a line break and the
  /// arguments as a JSON object. It stands in place of the answer prefix, not after it.
  ///
  /// @param functions at least one, no name twice
  record FunctionCall(List<Function> functions) implements AnswerFormat {

    /// A function that may be called.
    ///
    /// @param name one line without white space around it
    /// @param parameters a JSON schema of an object, of the keywords that [SchemaRules] knows;
    ///   becomes compact JSON
    public record Function(String name, String parameters) implements Serializable {
      /// @throws IllegalArgumentException if the name is another, or the schema is none of an
      ///   object
      public Function {
        if (name.isEmpty() || !name.equals(name.strip()) || name.indexOf('\n') >= 0) {
          throw new IllegalArgumentException(
              "function %s, expected a name of one line without white space around it"
                  .formatted(Excerpt.quoted(name)));
        }
        JsonNode tree = JsonInput.read("the schema", parameters);
        if (!tree.path("type").asText().equals("object")) {
          throw new IllegalArgumentException(
              "the parameters of function '%s' are %s, expected a schema of type object"
                  .formatted(name, JsonInput.excerpt(tree)));
        }
        parameters = tree.toString();
      }
    }

    /// @throws IllegalArgumentException if there is none, a name comes twice, or a schema has a
    ///   keyword that is not supported
    public FunctionCall {
      functions = List.copyOf(functions);
      var _ = AnswerRules.ofCalls(functions);
    }
  }

  /// Reads a response format as OpenAI's interface writes it, or its `choice` and `regex`:
  ///
  /// ```json
  /// "text"
  /// {"type": "text"}
  /// {"type": "json_object"}
  /// {"type": "json_schema", "json_schema": {"schema": {"type": "integer"}}}
  /// {"type": "choice", "choices": ["yes", "no"]}
  /// {"type": "regex", "pattern": "[0-9]{4}"}
  /// ```
  ///
  /// `name`, `description` and `strict` of a `json_schema` change nothing.
  ///
  /// @return null for text of any form
  /// @throws IllegalArgumentException if it is none of these, with what was found
  static @Nullable AnswerFormat parse(String json) {
    JsonNode node = JsonInput.read("the response format", json);
    String type = type(node);
    return switch (type) {
      case "text" -> {
        requireKeys(node, Set.of("type"));
        yield null;
      }
      case "json_object" -> {
        requireKeys(node, Set.of("type"));
        yield new JsonObject();
      }
      case "json_schema" -> {
        requireKeys(node, Set.of("type", "json_schema"));
        JsonNode named = required(node, "json_schema");
        requireKeys(named, Set.of("name", "description", "strict", "schema"));
        yield new JsonSchema(required(named, "schema").toString());
      }
      case "choice" -> {
        requireKeys(node, Set.of("type", "choices"));
        yield new Choice(texts(required(node, "choices")));
      }
      case "regex" -> {
        requireKeys(node, Set.of("type", "pattern"));
        yield new Regex(text("pattern", required(node, "pattern")));
      }
      default ->
          throw new IllegalArgumentException(
              "response format %s, expected text, json_object, json_schema, choice or regex"
                  .formatted(JsonInput.excerpt(node)));
    };
  }

  private static String type(JsonNode node) {
    return node.isTextual() && node.textValue().equals("text")
        ? "text"
        : node.path("type").asText("");
  }

  private static void requireKeys(JsonNode node, Set<String> known) {
    node.fieldNames()
        .forEachRemaining(name -> {
          if (!known.contains(name)) {
            throw new IllegalArgumentException(
                "response format has the key '%s', expected no others than %s"
                    .formatted(name, known.stream().sorted().toList()));
          }
        });
  }

  private static JsonNode required(JsonNode node, String key) {
    JsonNode value = node.get(key);
    if (value == null) {
      throw new IllegalArgumentException(
          "response format %s lacks the key '%s'".formatted(JsonInput.excerpt(node), key));
    }
    return value;
  }

  private static String text(String key, JsonNode node) {
    if (!node.isTextual()) {
      throw new IllegalArgumentException(
          "%s of the response format is %s, expected a text"
              .formatted(key, JsonInput.excerpt(node)));
    }
    return node.textValue();
  }

  private static List<String> texts(JsonNode node) {
    if (!node.isArray()) {
      throw new IllegalArgumentException(
          "choices of the response format are %s, expected a list of texts"
              .formatted(JsonInput.excerpt(node)));
    }
    List<String> texts = new ArrayList<>();
    node.forEach(element -> texts.add(text("a choice", element)));
    return texts;
  }

  /// This format as [#parse] reads it, in compact JSON: its canonical form. That of a
  /// [FunctionCall] is like the others, but no caller's response format.
  default String json() {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    return switch (this) {
      case Choice(List<String> choices) -> {
        ArrayNode array = node.put("type", "choice").putArray("choices");
        choices.forEach(array::add);
        yield node.toString();
      }
      case Regex(String pattern) -> node.put("type", "regex").put("pattern", pattern).toString();
      case JsonObject() -> node.put("type", "json_object").toString();
      case JsonSchema(String schema) -> // which is JSON already, and may be large
          "{\"type\":\"json_schema\",\"json_schema\":{\"schema\":" + schema + "}}";
      case FunctionCall(List<FunctionCall.Function> functions) -> {
        ArrayNode array = node.put("type", "function_call").putArray("functions");
        functions.forEach(function ->
            array
                .addObject()
                .put("name", function.name())
                .set("parameters", JsonInput.read("the schema", function.parameters())));
        yield node.toString();
      }
    };
  }
}
