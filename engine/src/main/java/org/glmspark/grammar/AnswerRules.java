package org.glmspark.grammar;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.CharsetEncoder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.glmspark.format.Excerpt;

/// The graph of each format, checked: some answer exists that is not empty.
final class AnswerRules {
  private AnswerRules() {}

  static Graph of(AnswerFormat format) {
    return switch (format) {
      case AnswerFormat.Choice(var choices) -> of(choices);
      case AnswerFormat.Regex(String pattern) -> of(pattern);
      case AnswerFormat.JsonObject() -> anyObject();
      case AnswerFormat.JsonSchema(String schema) -> of(JsonInput.read("the schema", schema));
      case AnswerFormat.FunctionCall(var functions) -> ofCalls(functions);
    };
  }

  /// @throws IllegalArgumentException as [AnswerFormat.Choice]
  static Graph of(List<String> choices) {
    if (choices.isEmpty()) {
      throw new IllegalArgumentException("choices are empty, expected at least one");
    }
    List<byte[]> texts = new ArrayList<>();
    for (String choice : choices) {
      if (choice.isEmpty()) {
        throw new IllegalArgumentException("choices have an empty text, expected none");
      }
      requireUnicode(choice, "choice");
      texts.add(choice.getBytes(UTF_8));
    }
    Graph graph = new Graph();
    graph.literals(graph.start(), texts, graph.end());
    return graph;
  }

  /// @throws IllegalArgumentException as [AnswerFormat.Regex]
  static Graph of(String pattern) {
    Graph graph = new Graph();
    TextWriter.plain(graph).write(RegexParser.whole(pattern), graph.start(), graph.end());
    return checked(graph, "pattern " + Excerpt.quoted(pattern));
  }

  private static Graph anyObject() {
    Graph graph = new Graph();
    JsonRules json = new JsonRules(graph);
    json.object(List.of(), List.of(), json.anyValue(), graph.start(), graph.end());
    return graph;
  }

  /// @throws IllegalArgumentException as [AnswerFormat.JsonSchema]
  static Graph of(JsonNode schema) {
    requireUnicode(schema.toString(), "schema");
    Graph graph = new Graph();
    SchemaRules.write(schema, graph, graph.start(), graph.end());
    return checked(graph, "the schema");
  }

  /// @throws IllegalArgumentException as [AnswerFormat.FunctionCall]
  static Graph ofCalls(List<AnswerFormat.FunctionCall.Function> functions) {
    if (functions.isEmpty()) {
      throw new IllegalArgumentException("functions are empty, expected at least one");
    }
    Set<String> names = new HashSet<>();
    Graph graph = new Graph();
    for (AnswerFormat.FunctionCall.Function function : functions) {
      if (!names.add(function.name())) {
        throw new IllegalArgumentException(
            "functions have '%s' twice, expected each name once".formatted(function.name()));
      }
      requireUnicode(function.name(), "function");
      requireUnicode(function.parameters(), "schema");
      int arguments = graph.node();
      graph.literal(graph.start(), (function.name() + "\n").getBytes(UTF_8), arguments);
      JsonNode schema = JsonInput.read("the schema", function.parameters());
      SchemaRules.write(schema, graph, arguments, graph.end());
    }
    return checked(graph, "the functions' schemas");
  }

  private static void requireUnicode(String text, String what) {
    CharsetEncoder encoder = UTF_8.newEncoder();
    if (!encoder.canEncode(text)) {
      throw new IllegalArgumentException(
          "%s %s has half a character, expected Unicode".formatted(what, Excerpt.quoted(text)));
    }
  }

  private static Graph checked(Graph graph, String what) {
    Automaton.State start = new Automaton(graph, ShortestCompletion.inBytes(graph)).start();
    if (start.isFinal()) {
      throw new IllegalArgumentException(
          start.accepting()
              ? what + " allows nothing but the empty text"
              : what + " allows no finite answer");
    }
    return graph;
  }
}
