package org.glmspark.grammar;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Writes the parts of JSON into a graph.
///
/// Answers are compact JSON: no white space but one blank, if the model wants it, after each comma
/// and colon. Strings have no more escapes than they need. Numbers have up to 18 digits before the
/// point, 17 after it and two in the exponent, so that every reader takes them.
final class JsonRules {
  private static final int FRACTION_DIGITS = 17;
  private static final RegexNode INTEGER = RegexParser.whole("0|-?[1-9][0-9]{0,17}");
  private static final RegexNode NUMBER =
      RegexParser.whole(
          "-?(0|[1-9][0-9]{0,17})(\\.[0-9]{1,%d})?([eE][+-]?[0-9]{1,2})?"
              .formatted(FRACTION_DIGITS));
  private static final RegexNode ANY_TEXT = anyText(0, RegexNode.UNBOUNDED);

  /// What escapes nothing, of the characters of a key that a schema does not name.
  private static final CodePoints UNESCAPED =
      CodePoints.of(' ', Character.MAX_CODE_POINT)
          .and(CodePoints.of('"', '"').complement())
          .and(CodePoints.of('\\', '\\').complement());

  /// Writes a value between two nodes.
  @FunctionalInterface
  interface Value {
    void write(int from, int to);
  }

  /// A property of an object.
  record Property(String name, boolean required, Value value) {}

  private final Graph graph;
  private final TextWriter plain;
  private final TextWriter inString;
  private Graph.@Nullable Rule anyValue;

  JsonRules(Graph graph) {
    this.graph = graph;
    plain = TextWriter.plain(graph);
    inString = TextWriter.inJsonString(graph);
  }

  /// Any text of so many characters.
  static RegexNode anyText(int least, int most) {
    return new RegexNode.Repeated(new RegexNode.OneOf(CodePoints.ALL), least, most);
  }

  void string(RegexNode content, int from, int to) {
    int first = graph.node();
    int last = graph.node();
    graph.read(from, '"', '"', first);
    inString.write(content, first, last);
    graph.read(last, '"', '"', to);
  }

  void integer(int from, int to) {
    plain.write(INTEGER, from, to);
  }

  void integer(
      DecimalRange.@Nullable Bound least, DecimalRange.@Nullable Bound most, int from, int to) {
    new DecimalRange(graph, 0).write(least, most, from, to);
  }

  void number(int from, int to) {
    plain.write(NUMBER, from, to);
  }

  void number(
      DecimalRange.@Nullable Bound least, DecimalRange.@Nullable Bound most, int from, int to) {
    new DecimalRange(graph, FRACTION_DIGITS).write(least, most, from, to);
  }

  void bool(int from, int to) {
    literal(from, "true", to);
    literal(from, "false", to);
  }

  void literal(int from, String json, int to) {
    graph.literal(from, json.getBytes(UTF_8), to);
  }

  /// One of these texts, which are JSON.
  void literals(int from, List<String> json, int to) {
    graph.literals(from, json.stream().map(text -> text.getBytes(UTF_8)).toList(), to);
  }

  /// Any JSON value.
  Graph.Rule anyValue() {
    Graph.Rule rule = anyValue;
    if (rule == null) {
      rule = graph.rule();
      anyValue = rule;
      int from = rule.start();
      int to = rule.end();
      string(ANY_TEXT, from, to);
      number(from, to);
      bool(from, to);
      literal(from, "null", to);
      object(List.of(), List.of(), rule, from, to);
      array(List.of(), rule, 0, RegexNode.UNBOUNDED, from, to);
    }
    return rule;
  }

  /// An object with these properties in this order, and others after them.
  ///
  /// @param forbidden names that other properties cannot have, besides those of `properties`
  /// @param others what other properties may be; null if there are none
  void object(
      List<Property> properties,
      List<String> forbidden,
      Graph.@Nullable Rule others,
      int from,
      int to) {
    int first = graph.node(); // before any property; then the place behind some of them
    int later = Graph.NO_EDGE;
    graph.read(from, '{', '{', first);
    for (Property property : properties) {
      int key = graph.node();
      int after = graph.node();
      separate(first, later, key);
      int value = graph.node();
      int colon = graph.node();
      literal(key, TextNode.valueOf(property.name()).toString(), colon);
      colon(colon, value);
      property.value().write(value, after);
      if (property.required()) {
        first = Graph.NO_EDGE;
      } else if (later != Graph.NO_EDGE) {
        graph.skip(later, after);
      }
      later = after;
    }
    if (others != null) {
      List<String> names = new ArrayList<>(forbidden);
      properties.forEach(property -> names.add(property.name()));
      later = others(names, others, first, later);
    }
    close(first, later, '}', to);
  }

  private int others(List<String> names, Graph.Rule others, int first, int later) {
    int key = graph.node();
    int content = graph.node();
    int colon = graph.node();
    int value = graph.node();
    int after = graph.node();
    graph.read(key, '"', '"', content);
    otherKey(names, content, colon);
    colon(colon, value);
    graph.call(value, others, after);
    comma(after, key);
    separate(first, Graph.NO_EDGE, key);
    if (later != Graph.NO_EDGE) {
      graph.skip(later, after);
    }
    return after;
  }

  /// Lets a member begin: at once before the first one, after a comma behind others.
  private void separate(int first, int later, int member) {
    if (first != Graph.NO_EDGE) {
      graph.skip(first, member);
    }
    if (later != Graph.NO_EDGE) {
      comma(later, member);
    }
  }

  private void close(int first, int later, char bracket, int to) {
    if (first != Graph.NO_EDGE) {
      graph.read(first, bracket, bracket, to);
    }
    if (later != Graph.NO_EDGE) {
      graph.read(later, bracket, bracket, to);
    }
  }

  private void comma(int from, int to) {
    separator(from, ',', to);
  }

  private void colon(int from, int to) {
    separator(from, ':', to);
  }

  private void separator(int from, char character, int to) {
    int blank = graph.node();
    graph.read(from, character, character, blank);
    graph.read(blank, ' ', ' ', to);
    graph.skip(blank, to);
  }

  /// A key that is none of these, and its closing quote. It has no escapes: with them a name could
  /// be spelled in other ways.
  private void otherKey(Collection<String> names, int from, int to) {
    int free = graph.node();
    graph.read(free, '"', '"', to);
    inString.write(new RegexNode.OneOf(UNESCAPED), free, free);
    graph.textCapacity(free, Graph.ANY_LENGTH);
    new NameTree(names).write(from, free, to);
  }

  /// Names, by their characters.
  private final class NameTree {
    private final Map<Integer, NameTree> children = new HashMap<>();
    private boolean isName;

    NameTree(Collection<String> names) {
      for (String name : names) {
        NameTree tree = this;
        for (int character : name.codePoints().toArray()) {
          tree = tree.children.computeIfAbsent(character, _ -> new NameTree(List.of()));
        }
        tree.isName = true;
      }
    }

    /// One node after the other: a name may be long.
    void write(int from, int free, int to) {
      record Place(NameTree tree, int node) {}
      List<Place> places = new ArrayList<>(List.of(new Place(this, from)));
      while (!places.isEmpty()) {
        Place place = places.removeLast();
        CodePoints others = UNESCAPED;
        for (var child : place.tree().children.entrySet()) {
          CodePoints character = CodePoints.of(child.getKey(), child.getKey());
          int next = graph.node();
          inString.write(new RegexNode.OneOf(character.and(UNESCAPED)), place.node(), next);
          others = others.and(character.complement());
          places.add(new Place(child.getValue(), next));
        }
        inString.write(new RegexNode.OneOf(others), place.node(), free);
        if (!place.tree().isName) {
          graph.read(place.node(), '"', '"', to);
        }
      }
    }
  }

  /// An array.
  ///
  /// @param first what its first elements are
  /// @param others what those after them are; null if there are none
  void array(
      List<Value> first, Graph.@Nullable Rule others, int least, int most, int from, int to) {
    int at = graph.node();
    graph.read(from, '[', '[', at);
    int written = 0;
    int bounded = most == RegexNode.UNBOUNDED ? Math.max(least, first.size() + 1) : most;
    for (; written < (others == null ? Math.min(bounded, first.size()) : bounded); written++) {
      if (written >= least) {
        graph.read(at, ']', ']', to);
      }
      int element = graph.node();
      int after = graph.node();
      separate(written == 0 ? at : Graph.NO_EDGE, written == 0 ? Graph.NO_EDGE : at, element);
      if (written < first.size()) {
        first.get(written).write(element, after);
      } else if (others != null) {
        graph.call(element, others, after);
      }
      at = after;
    }
    if (written >= least) {
      graph.read(at, ']', ']', to);
    }
    if (others != null && most == RegexNode.UNBOUNDED) {
      int element = graph.node();
      comma(at, element);
      graph.call(element, others, at);
    }
  }
}
