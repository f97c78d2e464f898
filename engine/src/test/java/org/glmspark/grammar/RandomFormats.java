package org.glmspark.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Formats of every kind, as random numbers have it.
public final class RandomFormats {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final List<String> NAMES =
      List.of("a", "ab", "name", "\"q\"", "价格", "a b", "\\", "😀", "x/y", "~z", "");

  /// Not `email`: the validator of the tests wants a top-level domain that is in use.
  private static final List<String> FORMATS =
      List.of("date", "time", "date-time", "uuid", "hostname", "ipv4", "uri");

  private static final List<String> PATTERNS =
      List.of(
          "^[A-Z]{2,4}$",
          "^\\d+(\\.\\d{1,2})?$",
          "b",
          "^(yes|no|\"maybe\")$",
          "^\\w+\\\\\\w*$",
          "^[^a-z]{0,3}|x$",
          "^[\\u4e00-\\u9fff]{1,5}$",
          "^.{3}",
          "^$|^ab?c*$");

  private final Random random;

  public RandomFormats(long seed) {
    random = new Random(seed);
  }

  /// A schema of the supported keywords, of which at least one value is valid.
  public JsonNode schema() {
    ObjectNode schema = value(3);
    ObjectNode definitions = schema.putObject("$defs");
    definitions.set("leaf", value(0));
    definitions.set("tree", tree());
    return schema;
  }

  /// An object whose children are objects like it.
  private ObjectNode tree() {
    ObjectNode tree = NODES.objectNode().put("type", "object");
    ObjectNode properties = tree.putObject("properties");
    properties.set("value", value(0));
    properties
        .putObject("children")
        .put("type", "array")
        .putObject("items")
        .put("$ref", "#/$defs/tree");
    tree.putArray("required").add("value");
    return tree.put("additionalProperties", false);
  }

  private ObjectNode value(int depth) {
    ObjectNode schema = NODES.objectNode();
    if (chance(4)) {
      schema.put("title", "a title").put("description", "{\"");
    }
    int kinds = depth == 0 ? 8 : 14;
    switch (random.nextInt(kinds)) {
      case 0 -> string(schema);
      case 1 -> number(schema.put("type", "integer"), 0);
      case 2 -> number(schema.put("type", "number"), 2);
      case 3 -> schema.put("type", "boolean");
      case 4 -> literals(schema);
      case 5 -> schema.set("const", literal());
      case 6 -> schema.putArray("type").add("string").add("null").add("integer");
      case 7 -> schema.put("type", "null");
      case 8 -> {} // anything
      case 9 -> schema.put("$ref", chance(2) ? "#/$defs/tree" : "#/$defs/leaf");
      case 10 -> {
        ArrayNode alternatives = schema.putArray("anyOf");
        for (int i = 0; i < 1 + random.nextInt(3); i++) {
          alternatives.add(value(depth - 1));
        }
      }
      case 11 -> array(schema, depth);
      default -> object(schema, depth);
    }
    return schema;
  }

  private void string(ObjectNode schema) {
    schema.put("type", "string");
    switch (random.nextInt(4)) {
      case 0 -> schema.put("pattern", PATTERNS.get(random.nextInt(PATTERNS.size())));
      case 1 -> schema.put("format", FORMATS.get(random.nextInt(FORMATS.size())));
      case 2 -> {
        int least = random.nextInt(5);
        schema.put("minLength", least).put("maxLength", least + random.nextInt(5));
      }
      default -> {}
    }
  }

  private void number(ObjectNode schema, int scale) {
    BigDecimal least = BigDecimal.valueOf(random.nextInt(-1200, 1200), scale);
    BigDecimal most = least.add(BigDecimal.valueOf(random.nextInt(1, 400), 0));
    if (chance(2)) {
      schema.put(chance(2) ? "minimum" : "exclusiveMinimum", least);
    }
    if (chance(2)) {
      schema.put(chance(2) ? "maximum" : "exclusiveMaximum", most.add(BigDecimal.ONE));
    }
  }

  private void literals(ObjectNode schema) {
    ArrayNode values = schema.putArray("enum");
    for (int i = 0; i < 1 + random.nextInt(5); i++) {
      values.add(literal());
    }
  }

  private JsonNode literal() {
    return switch (random.nextInt(6)) {
      case 0 -> NODES.numberNode(random.nextInt(-100, 1000));
      case 1 -> NODES.numberNode(BigDecimal.valueOf(random.nextInt(-100, 1000), 1));
      case 2 -> NODES.booleanNode(chance(2));
      case 3 -> NODES.objectNode().put(name(), name());
      case 4 -> NODES.arrayNode().add(random.nextInt(10)).addNull();
      default -> NODES.textNode(name() + name());
    };
  }

  private void array(ObjectNode schema, int depth) {
    schema.put("type", "array").set("items", value(depth - 1));
    int least = random.nextInt(4);
    if (chance(2)) {
      schema.put("minItems", least);
    }
    if (chance(2)) {
      schema.put("maxItems", least + random.nextInt(3));
    }
    if (chance(4)) {
      schema.putArray("prefixItems").add(value(depth - 1)).add(value(0));
    }
  }

  private void object(ObjectNode schema, int depth) {
    schema.put("type", "object");
    ObjectNode properties = NODES.objectNode();
    List<String> required = new ArrayList<>();
    for (int i = random.nextInt(5); i > 0; i--) {
      String name = name();
      properties.set(name, value(depth - 1));
      if (chance(2) && !required.contains(name)) {
        required.add(name);
      }
    }
    schema.set("properties", properties);
    required.forEach(schema.withArray("required")::add);
    switch (random.nextInt(4)) {
      case 0 -> schema.put("additionalProperties", false);
      case 1 -> schema.put("additionalProperties", true);
      case 2 -> schema.set("additionalProperties", value(0));
      default -> {}
    }
  }

  private String name() {
    return NAMES.get(random.nextInt(NAMES.size()));
  }

  /// A pattern over a few letters.
  public String pattern(int depth) {
    return switch (random.nextInt(depth == 0 ? 6 : 12)) {
      case 0 -> "a";
      case 1 -> "b";
      case 2 -> List.of(".", "\\d", "\\w", "\\s", "\\D", "\\W", "\\S").get(random.nextInt(7));
      case 3 -> List.of("[ab]", "[^a]", "[a-c1]", "[^\\d]", "[\\w-]").get(random.nextInt(5));
      case 4 -> List.of("é", "你", "😀", "\\x41", "\\u00e9", "\\.").get(random.nextInt(6));
      case 5 -> "";
      case 6 -> "(" + pattern(depth - 1) + "|" + pattern(depth - 1) + ")";
      case 7 -> "(?:" + pattern(depth - 1) + ")" + repetition();
      case 8 -> "(?<n" + random.nextInt(1 << 30) + ">" + pattern(depth - 1) + ")" + repetition();
      default -> pattern(depth - 1) + pattern(depth - 1);
    };
  }

  private String repetition() {
    int least = random.nextInt(3);
    return switch (random.nextInt(6)) {
      case 0 -> "?";
      case 1 -> "*";
      case 2 -> "+?";
      case 3 -> "{%d}".formatted(least);
      case 4 -> "{%d,}".formatted(least);
      default -> "{%d,%d}".formatted(least, least + random.nextInt(3));
    };
  }

  /// A text of characters that patterns are about.
  public String text() {
    var text = new StringBuilder();
    for (int i = random.nextInt(8); i > 0; i--) {
      text.append(
          List.of("a", "b", "c", "A", "1", " ", "\n", "é", "你", "😀", ".", "_", "-", "\u2028")
              .get(random.nextInt(14)));
    }
    return text.toString();
  }

  private boolean chance(int of) {
    return random.nextInt(of) == 0;
  }
}
