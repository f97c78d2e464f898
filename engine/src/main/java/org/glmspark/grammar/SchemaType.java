package org.glmspark.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/// JSON's types, each with the keywords of schemas that are about it alone.
enum SchemaType {
  OBJECT("properties", "required", "additionalProperties"),
  ARRAY("items", "prefixItems", "minItems", "maxItems"),
  STRING("minLength", "maxLength", "pattern", "format"),
  NUMBER("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
  INTEGER,
  BOOLEAN,
  NULL;

  /// Those of all types.
  static final Set<String> KEYWORDS =
      EnumSet.allOf(SchemaType.class).stream()
          .flatMap(type -> type.keywords.stream())
          .collect(Collectors.toSet());

  @SuppressWarnings("ImmutableEnumChecker") // List.of
  private final List<String> keywords;

  SchemaType(String... keywords) {
    this.keywords = List.of(keywords);
  }

  /// What `type` calls it.
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// Whether a value is of this type.
  boolean has(JsonNode value) {
    return switch (this) {
      case OBJECT -> value.isObject();
      case ARRAY -> value.isArray();
      case STRING -> value.isTextual();
      case NUMBER -> value.isNumber();
      case INTEGER -> value.isNumber() && value.decimalValue().stripTrailingZeros().scale() <= 0;
      case BOOLEAN -> value.isBoolean();
      case NULL -> value.isNull();
    };
  }

  /// Those that a schema names, or else those its keywords are about.
  ///
  /// @throws IllegalArgumentException if it names one that there is not
  static Set<SchemaType> of(SchemaNode schema) {
    JsonNode named = schema.node().get("type");
    Set<SchemaType> types = EnumSet.noneOf(SchemaType.class);
    if (named == null) {
      for (SchemaType type : values()) {
        if (type.keywords.stream().anyMatch(schema::has)) {
          types.add(type);
        }
      }
      return types;
    }
    for (JsonNode name : named.isArray() ? named : List.of(named)) {
      types.add(of(schema, name));
    }
    if (types.isEmpty()) {
      throw schema.expected("type", "at least one type");
    }
    return types;
  }

  private static SchemaType of(SchemaNode schema, JsonNode name) {
    for (SchemaType type : values()) {
      if (name.isTextual() && name.textValue().equals(type.word())) {
        return type;
      }
    }
    throw schema.expected(
        "type", EnumSet.allOf(SchemaType.class).stream().map(SchemaType::word).toList().toString());
  }
}
