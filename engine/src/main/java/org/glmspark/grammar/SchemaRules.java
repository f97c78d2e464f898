package org.glmspark.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Writes a JSON schema into a graph: the values that it leads to are valid, though not every valid
/// value is among them.
///
/// | keyword | |
/// |---|---|
/// | `type` | one of JSON's types or a list of them; without it, those that the other keywords are about, or any |
/// | `enum`, `const` | beside `type` alone |
/// | `properties`, `required` | written in the schema's order |
/// | `additionalProperties` | after the named ones. If it is absent there are none, unless no property is named |
/// | `items`, `prefixItems`, `minItems`, `maxItems` | |
/// | `minLength`, `maxLength`, or `pattern`, or `format` | in characters; [RegexParser]'s language; [StringFormats] |
/// | `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum` | exact; numbers with bounds have no exponent |
/// | `anyOf`; `oneOf` of values that differ in type or in a required `const` or `enum` | alone |
/// | `allOf` of one schema | alone |
/// | `$ref` | `#` and what begins with `#/`; alone |
///
/// Annotations are ignored: `title`, `description`, `default`, `examples`, `$schema`, `$id`,
/// `$comment`, `deprecated`, `readOnly`, `writeOnly`, and `$defs` or `definitions` until something
/// refers to them. Every other keyword is refused by its name and place.
///
/// Source: <https://json-schema.org/draft/2020-12/json-schema-validation>.
final class SchemaRules {
  private static final Set<String> ANNOTATIONS =
      Set.of(
          "title",
          "description",
          "default",
          "examples",
          "$schema",
          "$id",
          "$comment",
          "deprecated",
          "readOnly",
          "writeOnly",
          "$defs",
          "definitions");

  /// Keywords that say all there is to say.
  private static final List<String> WHOLE =
      List.of("$ref", "anyOf", "oneOf", "allOf", "const", "enum");

  private static final int MOST_ALTERNATIVES = 256;
  private static final int MOST_PROPERTIES = 1000;
  private static final int MOST_RULES = 5000;

  private final JsonNode root;
  private final Graph graph;
  private final JsonRules json;
  private final ScalarRules scalars;

  /// What `$ref`s refer to, by place.
  private final Map<String, Graph.Rule> rules = new LinkedHashMap<>();

  /// Rules that are still to be written.
  private final Queue<Runnable> pending = new ArrayDeque<>();

  /// For each place the ones whose value is its own value.
  private final Map<String, Set<String>> sameValue = new HashMap<>();

  private SchemaRules(JsonNode root, Graph graph) {
    this.root = root;
    this.graph = graph;
    json = new JsonRules(graph);
    scalars = new ScalarRules(json);
  }

  /// Lets the values of a schema lead from one node of a graph to another.
  ///
  /// @throws IllegalArgumentException for the first thing that is malformed or not supported
  static void write(JsonNode schema, Graph graph, int from, int to) {
    var rules = new SchemaRules(schema, graph);
    graph.call(from, rules.rule("#", schema), to);
    for (Runnable next = rules.pending.poll(); next != null; next = rules.pending.poll()) {
      next.run();
    }
    rules.requireProgress();
  }

  private Graph.Rule rule(String place, JsonNode node) {
    Graph.Rule known = rules.get(place);
    if (known != null) {
      return known;
    }
    if (rules.size() == MOST_RULES) {
      throw new IllegalArgumentException(
          "the schema has more than %d parts that others refer to or repeat, expected fewer"
              .formatted(MOST_RULES));
    }
    Graph.Rule rule = graph.rule();
    rules.put(place, rule);
    pending.add(() -> value(new SchemaNode(node, place, place), rule.start(), rule.end()));
    return rule;
  }

  private Graph.Rule rule(SchemaNode schema) {
    return rule(schema.place(), schema.node());
  }

  private void value(SchemaNode schema, int from, int to) {
    JsonNode node = schema.node();
    if (node.isBoolean()) {
      if (!node.booleanValue()) {
        throw schema.problem("false allows no value, expected a schema that does");
      }
      graph.call(from, json.anyValue(), to);
      return;
    }
    if (!node.isObject()) {
      throw schema.problem(
          "%s, expected a schema: an object, true or false".formatted(JsonInput.excerpt(node)));
    }
    requireKnownKeywords(schema);
    List<String> whole = WHOLE.stream().filter(schema::has).toList();
    if (whole.isEmpty()) {
      byType(schema, from, to);
      return;
    }
    String keyword = whole.getFirst();
    requireAlone(schema, keyword);
    switch (keyword) {
      case "$ref" -> reference(schema, from, to);
      case "anyOf" -> anyOf(schema, keyword, from, to);
      case "oneOf" -> {
        DisjointSchemas.require(root, schema, alternatives(schema, keyword));
        anyOf(schema, keyword, from, to);
      }
      case "allOf" -> {
        if (alternatives(schema, keyword) != 1) {
          throw schema.problem("keyword 'allOf' is not supported, except of one schema");
        }
        value(schema.same(0, keyword), from, to);
      }
      case "const" -> oneOf(schema, List.of(node.get(keyword)), from, to);
      case "enum" -> {
        if (!node.get(keyword).isArray() || node.get(keyword).isEmpty()) {
          throw schema.expected(keyword, "a list of values");
        }
        List<JsonNode> values = new ArrayList<>();
        node.get(keyword).forEach(values::add);
        oneOf(schema, values, from, to);
      }
      default -> throw new IllegalStateException(keyword);
    }
  }

  private static void requireKnownKeywords(SchemaNode schema) {
    for (var property : schema.node().properties()) {
      String keyword = property.getKey();
      boolean harmless =
          keyword.equals("uniqueItems")
              && property.getValue().isBoolean()
              && !property.getValue().booleanValue();
      if (!harmless
          && !keyword.equals("type")
          && !ANNOTATIONS.contains(keyword)
          && !WHOLE.contains(keyword)
          && !SchemaType.KEYWORDS.contains(keyword)) {
        throw schema.problem("keyword '%s' is not supported".formatted(keyword));
      }
    }
  }

  private static void requireAlone(SchemaNode schema, String keyword) {
    boolean literal = keyword.equals("const") || keyword.equals("enum");
    for (String other : (Iterable<String>) schema.node()::fieldNames) {
      if (!other.equals(keyword)
          && !ANNOTATIONS.contains(other)
          && !(literal && other.equals("type"))) {
        throw schema.problem("keyword '%s' beside '%s' is not supported".formatted(other, keyword));
      }
    }
  }

  private void reference(SchemaNode schema, int from, int to) {
    String reference = schema.node().path("$ref").asText();
    JsonNode referred =
        schema.node().get("$ref").isTextual() ? SchemaNode.find(root, reference) : null;
    if (referred == null) {
      throw schema.expected("$ref", "the place of a schema in this document, such as #/$defs/name");
    }
    if (schema.rule() != null) {
      sameValue.computeIfAbsent(schema.rule(), _ -> new HashSet<>()).add(reference);
    }
    graph.call(from, rule(reference, referred), to);
  }

  /// Requires references to come to an end: takes away those that do, until none is left.
  private void requireProgress() {
    Map<String, Set<String>> open = new LinkedHashMap<>();
    Map<String, List<String>> referring = new HashMap<>();
    Queue<String> ended = new ArrayDeque<>();
    for (String place : rules.keySet()) {
      Set<String> references = sameValue.getOrDefault(place, Set.of());
      if (references.isEmpty()) {
        ended.add(place);
      } else {
        open.put(place, new HashSet<>(references));
      }
      references.forEach(to -> referring.computeIfAbsent(to, _ -> new ArrayList<>()).add(place));
    }
    for (String place = ended.poll(); place != null; place = ended.poll()) {
      for (String from : referring.getOrDefault(place, List.of())) {
        Set<String> left = open.getOrDefault(from, new HashSet<>());
        if (left.remove(place) && left.isEmpty()) {
          open.remove(from);
          ended.add(from);
        }
      }
    }
    if (!open.isEmpty()) {
      throw new IllegalArgumentException(
          "schema, %s: its references go round in circles without saying anything"
              .formatted(open.keySet().iterator().next()));
    }
  }

  private static int alternatives(SchemaNode schema, String keyword) {
    JsonNode list = schema.node().get(keyword);
    if (!list.isArray() || list.isEmpty() || list.size() > MOST_ALTERNATIVES) {
      throw schema.expected(keyword, "a list of 1 to %d schemas".formatted(MOST_ALTERNATIVES));
    }
    return list.size();
  }

  private void anyOf(SchemaNode schema, String keyword, int from, int to) {
    int alternatives = alternatives(schema, keyword);
    for (int i = 0; i < alternatives; i++) {
      value(schema.same(i, keyword), from, to);
    }
  }

  /// The values among these that have one of the schema's types.
  private void oneOf(SchemaNode schema, List<JsonNode> values, int from, int to) {
    Set<SchemaType> types =
        schema.has("type") ? SchemaType.of(schema) : EnumSet.allOf(SchemaType.class);
    List<JsonNode> allowed =
        values.stream().filter(value -> types.stream().anyMatch(type -> type.has(value))).toList();
    if (allowed.isEmpty()) {
      throw schema.problem("no value of its 'const' or 'enum' is of its 'type'");
    }
    json.literals(from, allowed.stream().map(JsonNode::toString).distinct().toList(), to);
  }

  private void byType(SchemaNode schema, int from, int to) {
    Set<SchemaType> types = SchemaType.of(schema);
    if (types.isEmpty()) {
      graph.call(from, json.anyValue(), to);
      return;
    }
    for (SchemaType type : types) {
      switch (type) {
        case OBJECT -> object(schema, from, to);
        case ARRAY -> array(schema, from, to);
        case STRING -> scalars.string(schema, from, to);
        case NUMBER -> scalars.number(schema, from, to);
        case INTEGER -> {
          if (!types.contains(SchemaType.NUMBER)) {
            scalars.integer(schema, from, to);
          }
        }
        case BOOLEAN -> json.bool(from, to);
        case NULL -> json.literal(from, "null", to);
      }
    }
  }

  private void object(SchemaNode schema, int from, int to) {
    Set<String> required = required(schema);
    JsonNode named = schema.node().path("properties");
    if (!named.isMissingNode() && !named.isObject()) {
      throw schema.expected("properties", "an object of schemas");
    }
    JsonNode additional = schema.node().get("additionalProperties");
    boolean free = additional == null && named.isEmpty() && required.isEmpty();
    Graph.Rule others = null;
    if (free) {
      others = json.anyValue();
    } else if (additional != null && !isFalse(additional)) {
      others = rule(schema.part("additionalProperties"));
    }
    List<JsonRules.Property> properties = new ArrayList<>();
    for (var property : named.properties()) {
      String name = property.getKey();
      if (isFalse(property.getValue()) && !required.contains(name)) {
        continue;
      }
      SchemaNode value = schema.part("properties").part(name);
      properties.add(
          new JsonRules.Property(name, required.remove(name), (f, t) -> value(value, f, t)));
    }
    for (String name : required) { // what is required and not described
      Graph.Rule value = requiredValue(schema, additional, others);
      properties.add(new JsonRules.Property(name, true, (f, t) -> graph.call(f, value, t)));
    }
    if (properties.size() > MOST_PROPERTIES) {
      throw schema.problem(
          "%d properties, expected at most %d".formatted(properties.size(), MOST_PROPERTIES));
    }
    json.object(properties, forbiddenNames(named), others, from, to);
  }

  private Graph.Rule requiredValue(
      SchemaNode schema, @Nullable JsonNode additional, Graph.@Nullable Rule others) {
    if (others != null) {
      return others;
    }
    if (additional != null) {
      throw schema.problem("'required' names a property that 'additionalProperties' forbids");
    }
    return json.anyValue();
  }

  private static List<String> forbiddenNames(JsonNode named) {
    return named.properties().stream()
        .filter(property -> isFalse(property.getValue()))
        .map(Map.Entry::getKey)
        .toList();
  }

  private static boolean isFalse(JsonNode schema) {
    return schema.isBoolean() && !schema.booleanValue();
  }

  private static Set<String> required(SchemaNode schema) {
    Set<String> names = new LinkedHashSet<>();
    for (JsonNode name : schema.node().path("required")) {
      if (!name.isTextual()) {
        throw schema.expected("required", "a list of names");
      }
      names.add(name.textValue());
    }
    if (names.isEmpty() && schema.has("required") && !schema.node().get("required").isArray()) {
      throw schema.expected("required", "a list of names");
    }
    return names;
  }

  private void array(SchemaNode schema, int from, int to) {
    int least = schema.count("minItems", 0);
    int most = schema.count("maxItems", RegexNode.UNBOUNDED);
    JsonNode prefix = schema.node().path("prefixItems");
    if (!prefix.isMissingNode() && !prefix.isArray()) {
      throw schema.expected("prefixItems", "a list of schemas");
    }
    List<JsonRules.Value> first = new ArrayList<>();
    for (int i = 0; i < prefix.size(); i++) {
      SchemaNode element =
          new SchemaNode(prefix.get(i), schema.place() + "/prefixItems/" + i, null);
      first.add((f, t) -> value(element, f, t));
    }
    JsonNode items = schema.node().get("items");
    Graph.Rule others =
        items == null ? json.anyValue() : isFalse(items) ? null : rule(schema.part("items"));
    json.array(first, others, least, most, from, to);
  }
}
