package org.glmspark.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/// Writes strings and numbers into a graph as a schema restricts them: by length, pattern or
/// format, and by bounds. [SchemaRules] lists the keywords.
final class ScalarRules {
  private final JsonRules json;

  /// @param json of the graph that is written into
  ScalarRules(JsonRules json) {
    this.json = json;
  }

  /// Lets the strings that a schema allows lead from one node to another.
  ///
  /// @throws IllegalArgumentException if it has two of a length, a pattern and a format, or one of
  ///   them is malformed or not known
  void string(SchemaNode schema, int from, int to) {
    json.string(content(schema), from, to);
  }

  private static RegexNode content(SchemaNode schema) {
    boolean bounded = schema.has("minLength") || schema.has("maxLength");
    boolean pattern = schema.has("pattern");
    boolean format = schema.has("format");
    if ((bounded && pattern) || (bounded && format) || (pattern && format)) {
      throw schema.problem(
          "'%s' beside '%s' is not supported"
              .formatted(
                  pattern && format
                      ? "format"
                      : schema.has("minLength") ? "minLength" : "maxLength",
                  pattern ? "pattern" : "format"));
    }
    if (pattern) {
      if (!schema.node().get("pattern").isTextual()) {
        throw schema.expected("pattern", "a regular expression");
      }
      try {
        return RegexParser.somewhere(schema.node().get("pattern").textValue());
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            "schema, %s/pattern: %s".formatted(schema.place(), e.getMessage()), e);
      }
    }
    if (format) {
      RegexNode known = StringFormats.content(schema.node().get("format").asText());
      if (known == null) {
        throw schema.expected("format", "one of " + String.join(", ", StringFormats.names()));
      }
      return known;
    }
    return JsonRules.anyText(
        schema.count("minLength", 0), schema.count("maxLength", RegexNode.UNBOUNDED));
  }

  /// Lets the numbers that the schema allows lead from one node to another.
  ///
  /// @throws IllegalArgumentException if a bound is no number, or has absurdly many digits
  void number(SchemaNode schema, int from, int to) {
    DecimalRange.Bound least = least(schema);
    DecimalRange.Bound most = most(schema);
    if (least == null && most == null) {
      json.number(from, to);
    } else {
      json.number(least, most, from, to);
    }
  }

  /// As [#number], of whole numbers alone.
  void integer(SchemaNode schema, int from, int to) {
    DecimalRange.Bound least = least(schema);
    DecimalRange.Bound most = most(schema);
    if (least == null && most == null) {
      json.integer(from, to);
    } else {
      json.integer(least, most, from, to);
    }
  }

  /// The tighter one of both.
  private static DecimalRange.@Nullable Bound least(SchemaNode schema) {
    DecimalRange.Bound closed = bound(schema, "minimum", true);
    DecimalRange.Bound open = bound(schema, "exclusiveMinimum", false);
    return closed == null || (open != null && open.value().compareTo(closed.value()) >= 0)
        ? open
        : closed;
  }

  private static DecimalRange.@Nullable Bound most(SchemaNode schema) {
    DecimalRange.Bound closed = bound(schema, "maximum", true);
    DecimalRange.Bound open = bound(schema, "exclusiveMaximum", false);
    return closed == null || (open != null && open.value().compareTo(closed.value()) <= 0)
        ? open
        : closed;
  }

  private static DecimalRange.@Nullable Bound bound(
      SchemaNode schema, String keyword, boolean inclusive) {
    JsonNode value = schema.node().get(keyword);
    if (value == null) {
      return null;
    }
    if (!value.isNumber()) {
      throw schema.expected(keyword, "a number");
    }
    try {
      return new DecimalRange.Bound(value.decimalValue(), inclusive);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "schema, %s/%s: %s".formatted(schema.place(), keyword, e.getMessage()), e);
    }
  }
}
