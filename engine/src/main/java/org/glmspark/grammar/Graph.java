package org.glmspark.grammar;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Byte automata that call each other: what an answer may be, byte by byte.
///
/// A node has edges of three kinds: one reads a byte of a range, one is followed without reading,
/// and one calls a [Rule], which has to be read from its start to its end before the edge's target
/// is reached. A text is an answer if it leads from [#start] to [#end].
///
/// Grows while rules are written into it, and does not change afterwards. As what is written comes
/// from callers, its size has a bound.
final class Graph {
  private static final int MAX_NODES = 400_000;
  private static final int MAX_EDGES = 4_000_000;

  /// Ends a list of edges.
  static final int NO_EDGE = -1;

  /// What an edge has in `read` that reads nothing.
  private static final int SKIP = -1;

  private static final int CALL = -2;

  /// [#textCapacity] of a node where text may have any length.
  static final int ANY_LENGTH = Integer.MAX_VALUE;

  /// A part that edges can call: never the empty text.
  record Rule(int start, int end) {}

  private int nodes;
  private int edges;
  private int[] firstEdge = new int[64];
  private boolean[] ends = new boolean[64];
  private int[] textCapacity = new int[64];

  private int[] nextEdge = new int[64];
  private int[] read = new int[64];
  private int[] target = new int[64];

  /// The rule's start where an edge calls one.
  private int[] called = new int[64];

  private int start = node();
  private final int end = node();

  Graph() {
    ends[end] = true;
  }

  /// Where answers begin.
  int start() {
    return start;
  }

  /// Where answers are complete.
  int end() {
    return end;
  }

  int nodes() {
    return nodes;
  }

  /// Lets a blank come before an answer, which is no part of it.
  void letBlankLead() {
    int first = node();
    read(first, ' ', ' ', start);
    skip(first, start);
    start = first;
  }

  /// @throws IllegalArgumentException if there are too many
  int node() {
    if (nodes == MAX_NODES) {
      throw tooLarge();
    }
    if (nodes == firstEdge.length) {
      firstEdge = Arrays.copyOf(firstEdge, 2 * nodes);
      ends = Arrays.copyOf(ends, 2 * nodes);
      textCapacity = Arrays.copyOf(textCapacity, 2 * nodes);
    }
    firstEdge[nodes] = NO_EDGE;
    return nodes++;
  }

  Rule rule() {
    var rule = new Rule(node(), node());
    ends[rule.end()] = true;
    return rule;
  }

  private void edge(int from, int reads, int to, int rule) {
    if (edges == MAX_EDGES) {
      throw tooLarge();
    }
    if (edges == read.length) {
      nextEdge = Arrays.copyOf(nextEdge, 2 * edges);
      read = Arrays.copyOf(read, 2 * edges);
      target = Arrays.copyOf(target, 2 * edges);
      called = Arrays.copyOf(called, 2 * edges);
    }
    nextEdge[edges] = firstEdge[from];
    read[edges] = reads;
    target[edges] = to;
    called[edges] = rule;
    firstEdge[from] = edges++;
  }

  private static IllegalArgumentException tooLarge() {
    return new IllegalArgumentException(
        "the response format takes more than %d states or %d steps between them, expected fewer: lower its repetitions and lengths"
            .formatted(MAX_NODES, MAX_EDGES));
  }

  /// Reads one byte, `first` to `last`.
  void read(int from, int first, int last, int to) {
    edge(from, first << 8 | last, to, 0);
  }

  void skip(int from, int to) {
    edge(from, SKIP, to, 0);
  }

  void call(int from, Rule rule, int to) {
    edge(from, CALL, to, rule.start());
  }

  void literal(int from, byte[] bytes, int to) {
    int at = from;
    for (int i = 0; i < bytes.length; i++) {
      int next = i == bytes.length - 1 ? to : node();
      read(at, bytes[i] & 0xFF, bytes[i] & 0xFF, next);
      at = next;
    }
  }

  /// Any of several texts. Common beginnings are shared, so that few ways are open at a time.
  void literals(int from, List<byte[]> texts, int to) {
    Map<Long, Integer> children = new HashMap<>();
    for (byte[] text : texts) {
      int at = from;
      for (byte b : text) {
        int parent = at;
        at =
            children.computeIfAbsent(
                ((long) parent << 8) | (b & 0xFF),
                _ -> {
                  int child = node();
                  read(parent, b & 0xFF, b & 0xFF, child);
                  return child;
                });
      }
      skip(at, to);
    }
  }

  /// Says that from this node every text of so many [CodePoints#PLAIN] characters can be read.
  void textCapacity(int node, int characters) {
    textCapacity[node] = characters;
  }

  int textCapacity(int node) {
    return textCapacity[node];
  }

  /// Whether a called rule ends here, or the answer.
  boolean isEnd(int node) {
    return ends[node];
  }

  /// The first edge of a node, or [#NO_EDGE].
  int firstEdge(int node) {
    return firstEdge[node];
  }

  /// The next edge of the same node, or [#NO_EDGE].
  int nextEdge(int edge) {
    return nextEdge[edge];
  }

  int target(int edge) {
    return target[edge];
  }

  boolean isSkip(int edge) {
    return read[edge] == SKIP;
  }

  boolean isCall(int edge) {
    return read[edge] == CALL;
  }

  /// The start of the rule that an edge calls.
  int called(int edge) {
    return called[edge];
  }

  boolean isRead(int edge) {
    return read[edge] >= 0;
  }

  /// The first byte that a reading edge takes.
  int firstByte(int edge) {
    return read[edge] >> 8;
  }

  int lastByte(int edge) {
    return read[edge] & 0xFF;
  }

  boolean reads(int edge, int b) {
    return read[edge] >= 0 && firstByte(edge) <= b && b <= lastByte(edge);
  }
}
