package org.glmspark.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/// One schema, and whose value its own is.
///
/// @param node what is written there
/// @param place a JSON pointer
/// @param rule the place of the rule whose value this one is all of, or null if it is a part
record SchemaNode(JsonNode node, String place, @Nullable String rule) {
  private static final BigDecimal MOST_COUNT = BigDecimal.valueOf(1_000_000_000);

  SchemaNode part(String keyword) {
    return new SchemaNode(node.path(keyword), place + "/" + escaped(keyword), null);
  }

  SchemaNode same(int index, String keyword) {
    return new SchemaNode(node.get(keyword).get(index), place + "/" + keyword + "/" + index, rule);
  }

  private static String escaped(String name) {
    return name.replace("~", "~0").replace("/", "~1");
  }

  boolean has(String keyword) {
    return node.has(keyword);
  }

  IllegalArgumentException problem(String sentence) {
    return new IllegalArgumentException("schema, %s: %s".formatted(place, sentence));
  }

  IllegalArgumentException expected(String keyword, String expected) {
    return new IllegalArgumentException(
        "schema, %s/%s: %s, expected %s"
            .formatted(place, escaped(keyword), JsonInput.excerpt(node.path(keyword)), expected));
  }

  /// A whole number, 0 or more.
  int count(String keyword, int absent) {
    if (!has(keyword)) {
      return absent;
    }
    JsonNode value = node.get(keyword);
    boolean whole = value.isNumber() && value.decimalValue().stripTrailingZeros().scale() <= 0;
    if (!whole || value.decimalValue().signum() < 0) {
      throw expected(keyword, "0 or more");
    }
    return value.decimalValue().compareTo(MOST_COUNT) < 0
        ? value.decimalValue().intValueExact()
        : MOST_COUNT.intValueExact(); // no graph holds so many
  }

  /// The schema in a document that a `$ref` names, or null if there is none.
  static @Nullable JsonNode find(JsonNode root, String reference) {
    if (reference.equals("#")) {
      return root;
    }
    if (!reference.startsWith("#/") || reference.contains("%")) {
      return null;
    }
    JsonNode found = root.at(reference.substring(1));
    return found.isMissingNode() ? null : found;
  }
}
