package org.glmspark.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Set;

/// Tells whether schemas have no value in common: they do if their types differ, or if both are
/// objects that require a property whose texts differ. Where neither can be seen, they may have.
final class DisjointSchemas {
  private static final int MOST_REFERENCES = 256;

  private final JsonNode root;

  private DisjointSchemas(JsonNode root) {
    this.root = root;
  }

  /// Requires that no value can be valid for two alternatives: then one of them is any of them.
  ///
  /// @param alternatives how many the schema's `oneOf` has
  /// @throws IllegalArgumentException if two may both hold, with their numbers
  static void require(JsonNode root, SchemaNode schema, int alternatives) {
    var schemas = new DisjointSchemas(root);
    for (int i = 0; i < alternatives; i++) {
      for (int j = 0; j < i; j++) {
        if (!schemas.disjoint(schema.same(i, "oneOf"), schema.same(j, "oneOf"))) {
          throw schema.problem(
              "keyword 'oneOf' is not supported where alternatives %d and %d may both hold; use 'anyOf'"
                  .formatted(j, i));
        }
      }
    }
  }

  private boolean disjoint(SchemaNode a, SchemaNode b) {
    JsonNode first = resolved(a.node());
    JsonNode second = resolved(b.node());
    Set<SchemaType> types = declaredTypes(first);
    Set<SchemaType> others = declaredTypes(second);
    boolean bothNumbers = isNumber(types) && isNumber(others);
    if (!types.isEmpty() && !others.isEmpty() && !bothNumbers) {
      Set<SchemaType> common = EnumSet.copyOf(types);
      common.retainAll(others);
      if (common.isEmpty()) {
        return true;
      }
      if (!common.equals(EnumSet.of(SchemaType.OBJECT))) {
        return false;
      }
      for (String name : requiredNames(first)) {
        Set<JsonNode> values = literals(first.path("properties").path(name));
        Set<JsonNode> otherValues = literals(second.path("properties").path(name));
        if (requiredNames(second).contains(name)
            && !values.isEmpty()
            && !otherValues.isEmpty()
            && values.stream().noneMatch(otherValues::contains)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean isNumber(Set<SchemaType> types) {
    return types.contains(SchemaType.NUMBER) || types.contains(SchemaType.INTEGER);
  }

  /// What a chain of references leads to.
  private JsonNode resolved(JsonNode node) {
    JsonNode at = node;
    for (int steps = 0; steps < MOST_REFERENCES && at.has("$ref"); steps++) {
      JsonNode next = SchemaNode.find(root, at.path("$ref").asText());
      if (next == null) {
        return at;
      }
      at = next;
    }
    return at;
  }

  /// The types that `type` names; none if it is missing or malformed.
  private static Set<SchemaType> declaredTypes(JsonNode node) {
    Set<SchemaType> types = EnumSet.noneOf(SchemaType.class);
    JsonNode type = node.path("type");
    for (SchemaType known : SchemaType.values()) {
      if (type.asText().equals(known.word()) || (type.isArray() && contains(type, known.word()))) {
        types.add(known);
      }
    }
    return types;
  }

  private static boolean contains(JsonNode list, String text) {
    for (JsonNode element : list) {
      if (element.asText().equals(text)) {
        return true;
      }
    }
    return false;
  }

  private static Set<String> requiredNames(JsonNode node) {
    Set<String> names = new HashSet<>();
    node.path("required").forEach(name -> names.add(name.asText()));
    return names;
  }

  /// The texts that a schema allows and no others; none if it allows others.
  private static Set<JsonNode> literals(JsonNode node) {
    Set<JsonNode> values = new HashSet<>();
    if (node.has("const")) {
      values.add(node.get("const"));
    } else {
      node.path("enum").forEach(values::add);
    }
    return values.stream().allMatch(JsonNode::isTextual) ? values : Set.of();
  }
}
