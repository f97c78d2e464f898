package org.glmspark.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.stream.Collectors;
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
  private static final BigDecimal MOST_COUNT = BigDecimal.valueOf(1_000_000_000);

  /// JSON's types, each with the keywords that are about it alone.
  private enum Type {
    OBJECT("properties", "required", "additionalProperties"),
    ARRAY("items", "prefixItems", "minItems", "maxItems"),
    STRING("minLength", "maxLength", "pattern", "format"),
    NUMBER("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    INTEGER,
    BOOLEAN,
    NULL;

    @SuppressWarnings("ImmutableEnumChecker") // List.of
    private final List<String> keywords;

    Type(String... keywords) {
      this.keywords = List.of(keywords);
    }
  }

  private static final Set<String> ABOUT_ONE_TYPE =
      EnumSet.allOf(Type.class).stream()
          .flatMap(type -> type.keywords.stream())
          .collect(Collectors.toSet());

  private final JsonNode root;
  private final Graph graph;
  private final JsonRules json;

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
  }

  /// Lets the values of a schema lead from the graph's start to its end.
  ///
  /// @throws IllegalArgumentException for the first thing that is malformed or not supported
  static void write(JsonNode schema, Graph graph) {
    var rules = new SchemaRules(schema, graph);
    graph.call(graph.start(), rules.rule("#", schema), graph.end());
    for (Runnable next = rules.pending.poll(); next != null; next = rules.pending.poll()) {
      next.run();
    }
    rules.requireProgress();
  }

  /// One schema, and whose value its own is.
  ///
  /// @param place a JSON pointer
  /// @param rule the place of the rule whose value this one is all of, or null if it is a part
  private record Schema(JsonNode node, String place, @Nullable String rule) {
    Schema part(String keyword) {
      return new Schema(node.path(keyword), place + "/" + escaped(keyword), null);
    }

    Schema same(int index, String keyword) {
      return new Schema(node.get(keyword).get(index), place + "/" + keyword + "/" + index, rule);
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
    pending.add(() -> value(new Schema(node, place, place), rule.start(), rule.end()));
    return rule;
  }

  private Graph.Rule rule(Schema schema) {
    return rule(schema.place(), schema.node());
  }

  private void value(Schema schema, int from, int to) {
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
        requireDisjoint(schema);
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

  private static void requireKnownKeywords(Schema schema) {
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
          && !ABOUT_ONE_TYPE.contains(keyword)) {
        throw schema.problem("keyword '%s' is not supported".formatted(keyword));
      }
    }
  }

  private static void requireAlone(Schema schema, String keyword) {
    boolean literal = keyword.equals("const") || keyword.equals("enum");
    for (String other : (Iterable<String>) schema.node()::fieldNames) {
      if (!other.equals(keyword)
          && !ANNOTATIONS.contains(other)
          && !(literal && other.equals("type"))) {
        throw schema.problem("keyword '%s' beside '%s' is not supported".formatted(other, keyword));
      }
    }
  }

  private void reference(Schema schema, int from, int to) {
    String reference = schema.node().path("$ref").asText();
    JsonNode referred = schema.node().get("$ref").isTextual() ? find(reference) : null;
    if (referred == null) {
      throw schema.expected("$ref", "the place of a schema in this document, such as #/$defs/name");
    }
    if (schema.rule() != null) {
      sameValue.computeIfAbsent(schema.rule(), _ -> new HashSet<>()).add(reference);
    }
    graph.call(from, rule(reference, referred), to);
  }

  private @Nullable JsonNode find(String reference) {
    if (reference.equals("#")) {
      return root;
    }
    if (!reference.startsWith("#/") || reference.contains("%")) {
      return null;
    }
    JsonNode found = root.at(reference.substring(1));
    return found.isMissingNode() ? null : found;
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

  private static int alternatives(Schema schema, String keyword) {
    JsonNode list = schema.node().get(keyword);
    if (!list.isArray() || list.isEmpty() || list.size() > MOST_ALTERNATIVES) {
      throw schema.expected(keyword, "a list of 1 to %d schemas".formatted(MOST_ALTERNATIVES));
    }
    return list.size();
  }

  private void anyOf(Schema schema, String keyword, int from, int to) {
    int alternatives = alternatives(schema, keyword);
    for (int i = 0; i < alternatives; i++) {
      value(schema.same(i, keyword), from, to);
    }
  }

  /// Requires that no value can be valid for two alternatives: then one of them is any of them.
  private void requireDisjoint(Schema schema) {
    int alternatives = alternatives(schema, "oneOf");
    for (int i = 0; i < alternatives; i++) {
      for (int j = 0; j < i; j++) {
        if (!disjoint(schema.same(i, "oneOf"), schema.same(j, "oneOf"))) {
          throw schema.problem(
              "keyword 'oneOf' is not supported where alternatives %d and %d may both hold; use 'anyOf'"
                  .formatted(j, i));
        }
      }
    }
  }

  private boolean disjoint(Schema a, Schema b) {
    JsonNode first = resolved(a.node());
    JsonNode second = resolved(b.node());
    Set<Type> types = declaredTypes(first);
    Set<Type> others = declaredTypes(second);
    boolean bothNumbers = isNumber(types) && isNumber(others);
    if (!types.isEmpty() && !others.isEmpty() && !bothNumbers) {
      Set<Type> common = EnumSet.copyOf(types);
      common.retainAll(others);
      if (common.isEmpty()) {
        return true;
      }
      if (!common.equals(EnumSet.of(Type.OBJECT))) {
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

  private static boolean isNumber(Set<Type> types) {
    return types.contains(Type.NUMBER) || types.contains(Type.INTEGER);
  }

  /// What a chain of references leads to.
  private JsonNode resolved(JsonNode node) {
    JsonNode at = node;
    for (int steps = 0; steps < MOST_ALTERNATIVES && at.has("$ref"); steps++) {
      JsonNode next = find(at.path("$ref").asText());
      if (next == null) {
        return at;
      }
      at = next;
    }
    return at;
  }

  /// The types that `type` names; none if it is missing or malformed.
  private static Set<Type> declaredTypes(JsonNode node) {
    Set<Type> types = EnumSet.noneOf(Type.class);
    JsonNode type = node.path("type");
    for (Type known : Type.values()) {
      if (type.asText().equals(name(known)) || (type.isArray() && contains(type, name(known)))) {
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

  private static String name(Type type) {
    return type.name().toLowerCase(Locale.ROOT);
  }

  /// The values among these that have one of the schema's types.
  private void oneOf(Schema schema, List<JsonNode> values, int from, int to) {
    Set<Type> types = schema.has("type") ? types(schema) : EnumSet.allOf(Type.class);
    List<JsonNode> allowed =
        values.stream().filter(value -> types.stream().anyMatch(t -> isOf(value, t))).toList();
    if (allowed.isEmpty()) {
      throw schema.problem("no value of its 'const' or 'enum' is of its 'type'");
    }
    json.literals(from, allowed.stream().map(JsonNode::toString).distinct().toList(), to);
  }

  private static boolean isOf(JsonNode value, Type type) {
    return switch (type) {
      case OBJECT -> value.isObject();
      case ARRAY -> value.isArray();
      case STRING -> value.isTextual();
      case NUMBER -> value.isNumber();
      case INTEGER -> value.isNumber() && value.decimalValue().stripTrailingZeros().scale() <= 0;
      case BOOLEAN -> value.isBoolean();
      case NULL -> value.isNull();
    };
  }

  private void byType(Schema schema, int from, int to) {
    Set<Type> types = types(schema);
    if (types.isEmpty()) {
      graph.call(from, json.anyValue(), to);
      return;
    }
    for (Type type : types) {
      switch (type) {
        case OBJECT -> object(schema, from, to);
        case ARRAY -> array(schema, from, to);
        case STRING -> json.string(content(schema), from, to);
        case NUMBER -> number(schema, from, to);
        case INTEGER -> {
          if (!types.contains(Type.NUMBER)) {
            integer(schema, from, to);
          }
        }
        case BOOLEAN -> json.bool(from, to);
        case NULL -> json.literal(from, "null", to);
      }
    }
  }

  /// Those it names, or else those its keywords are about.
  private static Set<Type> types(Schema schema) {
    JsonNode named = schema.node().get("type");
    Set<Type> types = EnumSet.noneOf(Type.class);
    if (named == null) {
      for (Type type : Type.values()) {
        if (type.keywords.stream().anyMatch(schema::has)) {
          types.add(type);
        }
      }
      return types;
    }
    for (JsonNode name : named.isArray() ? named : List.of(named)) {
      types.add(type(schema, name));
    }
    if (types.isEmpty()) {
      throw schema.expected("type", "at least one type");
    }
    return types;
  }

  private static Type type(Schema schema, JsonNode name) {
    for (Type type : Type.values()) {
      if (name.isTextual() && name.textValue().equals(name(type))) {
        return type;
      }
    }
    throw schema.expected(
        "type", EnumSet.allOf(Type.class).stream().map(SchemaRules::name).toList().toString());
  }

  private void object(Schema schema, int from, int to) {
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
      Schema value = schema.part("properties").part(name);
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
      Schema schema, @Nullable JsonNode additional, Graph.@Nullable Rule others) {
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

  private static Set<String> required(Schema schema) {
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

  private void array(Schema schema, int from, int to) {
    int least = schema.count("minItems", 0);
    int most = schema.count("maxItems", RegexNode.UNBOUNDED);
    JsonNode prefix = schema.node().path("prefixItems");
    if (!prefix.isMissingNode() && !prefix.isArray()) {
      throw schema.expected("prefixItems", "a list of schemas");
    }
    List<JsonRules.Value> first = new ArrayList<>();
    for (int i = 0; i < prefix.size(); i++) {
      Schema element = new Schema(prefix.get(i), schema.place() + "/prefixItems/" + i, null);
      first.add((f, t) -> value(element, f, t));
    }
    JsonNode items = schema.node().get("items");
    Graph.Rule others =
        items == null ? json.anyValue() : isFalse(items) ? null : rule(schema.part("items"));
    json.array(first, others, least, most, from, to);
  }

  private static RegexNode content(Schema schema) {
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

  private void number(Schema schema, int from, int to) {
    DecimalRange.Bound least = least(schema);
    DecimalRange.Bound most = most(schema);
    if (least == null && most == null) {
      json.number(from, to);
    } else {
      json.number(least, most, from, to);
    }
  }

  private void integer(Schema schema, int from, int to) {
    DecimalRange.Bound least = least(schema);
    DecimalRange.Bound most = most(schema);
    if (least == null && most == null) {
      json.integer(from, to);
    } else {
      json.integer(least, most, from, to);
    }
  }

  /// The tighter one of both.
  private static DecimalRange.@Nullable Bound least(Schema schema) {
    DecimalRange.Bound closed = bound(schema, "minimum", true);
    DecimalRange.Bound open = bound(schema, "exclusiveMinimum", false);
    return closed == null || (open != null && open.value().compareTo(closed.value()) >= 0)
        ? open
        : closed;
  }

  private static DecimalRange.@Nullable Bound most(Schema schema) {
    DecimalRange.Bound closed = bound(schema, "maximum", true);
    DecimalRange.Bound open = bound(schema, "exclusiveMaximum", false);
    return closed == null || (open != null && open.value().compareTo(closed.value()) <= 0)
        ? open
        : closed;
  }

  private static DecimalRange.@Nullable Bound bound(
      Schema schema, String keyword, boolean inclusive) {
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
