package org.glmspark.udfs.function;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.glmspark.grammar.AnswerFormat;

/// The schema of `ai_extract`: names alone, or what each is.
///
/// ```json
/// ["invoice", "total"]
/// {"invoice": {"type": "string", "description": "number of the invoice"},
///  "currency": {"type": "enum", "labels": ["USD", "EUR"]},
///  "lines": {"type": "array", "items": {"type": "object", "properties": {"price": {"type": "number"}}}}}
/// ```
///
/// @param written as the call has it, in compact JSON
/// @param plainNames the fields, if nothing but their names is said; else empty
/// @param format of answers: every field, and null wherever the text does not say
record ExtractionSchema(String written, List<String> plainNames, AnswerFormat format)
    implements Serializable {
  private static final int DEEPEST = 7;
  private static final int MOST_PROPERTIES = 128;
  private static final int LONGEST_NAME = 150;
  private static final int MOST_LABELS = 500;
  private static final Set<String> KEYWORDS =
      Set.of("type", "description", "items", "properties", "labels");

  ExtractionSchema {
    plainNames = List.copyOf(plainNames);
  }

  /// Reads the argument of a call, which it refuses if it is no such schema.
  static ExtractionSchema of(String json) {
    JsonNode node = Labels.read("ai_extract", json);
    if (node.isArray()) {
      List<String> names = new ArrayList<>();
      for (JsonNode name : node) {
        if (!name.isTextual()) {
          throw refusal("has %s among its names, expected texts".formatted(name));
        }
        names.add(name.textValue());
      }
      ObjectNode fields = JsonNodeFactory.instance.objectNode();
      names.forEach(name -> fields.putObject(name).put("type", "string"));
      if (fields.size() < names.size()) {
        throw refusal("has the same name twice");
      }
      return new ExtractionSchema(node.toString(), names, new Reader().format(fields));
    }
    if (!node.isObject()) {
      throw refusal("is %s, expected an array of names or an object".formatted(node));
    }
    return new ExtractionSchema(node.toString(), List.of(), new Reader().format((ObjectNode) node));
  }

  private static RuntimeException refusal(String found) {
    return AiCondition.INVALID_SCHEMA.refusal("The schema of ai_extract %s.".formatted(found));
  }

  /// Turns a schema of `ai_extract` into one of JSON, counting properties on the way.
  private static final class Reader {
    private int properties;

    AnswerFormat format(ObjectNode fields) {
      ObjectNode schema = JsonNodeFactory.instance.objectNode().put("type", "object");
      String converted = object(fields, "", 1, schema).toString();
      try {
        return new AnswerFormat.JsonSchema(converted);
      } catch (IllegalArgumentException e) { // too large, or no Unicode
        throw refusal("is not supported: " + e.getMessage());
      }
    }

    /// @param place for messages, empty at the top
    /// @param schema gets the properties
    private ObjectNode object(JsonNode fields, String place, int depth, ObjectNode schema) {
      if (!fields.isObject() || fields.isEmpty()) {
        throw refusal("has no properties%s".formatted(at(place)));
      }
      if (depth > DEEPEST) {
        throw refusal("is deeper than %d levels%s".formatted(DEEPEST, at(place)));
      }
      ObjectNode converted = schema.putObject("properties");
      ArrayNode required = schema.putArray("required");
      for (Map.Entry<String, JsonNode> field : fields.properties()) {
        requireName(field.getKey(), place);
        String child = place.isEmpty() ? field.getKey() : place + "." + field.getKey();
        converted.set(field.getKey(), value(field.getValue(), child, depth));
        required.add(field.getKey());
      }
      return schema;
    }

    private void requireName(String name, String place) {
      properties++;
      if (properties > MOST_PROPERTIES) {
        throw refusal("has more than %d properties".formatted(MOST_PROPERTIES));
      }
      if (name.isEmpty() || name.length() > LONGEST_NAME || name.startsWith("_")) {
        throw refusal(
            "has the name '%s'%s, expected 1 to %d characters, the first no underscore"
                .formatted(name, at(place), LONGEST_NAME));
      }
    }

    private ObjectNode value(JsonNode node, String place, int depth) {
      if (!node.isObject()) {
        throw refusal("has %s%s, expected an object with a type".formatted(node, at(place)));
      }
      node.fieldNames()
          .forEachRemaining(keyword -> {
            if (!KEYWORDS.contains(keyword)) {
              throw refusal(
                  "has the keyword '%s'%s, expected %s"
                      .formatted(keyword, at(place), KEYWORDS.stream().sorted().toList()));
            }
          });
      ObjectNode schema = JsonNodeFactory.instance.objectNode();
      String type = node.path("type").asText("");
      switch (type) {
        case "string", "integer", "number", "boolean" -> orNull(schema, type);
        case "enum" -> labels(node.path("labels"), place, schema);
        case "object" -> {
          orNull(schema, type);
          object(node.path("properties"), place, depth + 1, schema);
        }
        case "array" -> {
          if (depth >= DEEPEST) {
            throw refusal("is deeper than %d levels%s".formatted(DEEPEST, at(place)));
          }
          orNull(schema, type);
          schema.set("items", value(node.path("items"), place + "[]", depth + 1));
        }
        default ->
            throw refusal(
                "has the type '%s'%s, expected string, integer, number, boolean, enum, array or object"
                    .formatted(type, at(place)));
      }
      return schema;
    }

    private static void orNull(ObjectNode schema, String type) {
      schema.putArray("type").add(type).add("null");
    }

    private static void labels(JsonNode labels, String place, ObjectNode schema) {
      if (!labels.isArray() || labels.isEmpty() || labels.size() > MOST_LABELS) {
        throw refusal(
            "has %d labels%s, expected 1 to %d".formatted(labels.size(), at(place), MOST_LABELS));
      }
      ArrayNode values = schema.putArray("enum");
      Set<String> seen = new HashSet<>();
      for (JsonNode label : labels) {
        if (!label.isTextual() || !seen.add(label.textValue())) {
          throw refusal("has the label %s%s, expected different texts".formatted(label, at(place)));
        }
        values.add(label);
      }
      values.addNull();
    }

    private static String at(String place) {
      return place.isEmpty() ? "" : " at '%s'".formatted(place);
    }
  }
}
