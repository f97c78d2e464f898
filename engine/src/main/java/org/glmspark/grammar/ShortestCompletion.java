package org.glmspark.grammar;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashSet;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// How many tokens it takes at most to come from each node to the end of its rule.
///
/// The number is that of a way that can be gone: each of its steps is a token that reads a single
/// byte, or one that reads a fixed text within the rule, so from each node some token leads to a
/// number that is lower by one. It is not always the least: tokens that reach from one rule into
/// another, or that fit a choice of bytes, are not looked at.
///
/// Source: Knuth 1977, A generalization of Dijkstra's algorithm,
/// <https://doi.org/10.1016/0020-0190(77)90002-3>: a call costs what its rule costs.
final class ShortestCompletion {
  /// There is no way. Sums of two of it are no overflow.
  static final int NONE = 1 << 29;

  /// How far tokens are searched for from one node, and from all.
  private static final int PLACES_OF_NODE = 2000;

  private static final int PLACES = 20_000_000;

  private final Graph graph;

  /// Null where each byte is a step.
  private final @Nullable VocabularyTrie trie;

  private final BitSet singleBytes = new BitSet();
  private final int[] cost;

  /// Steps by their targets: lists as in a [Graph].
  private final int[] firstTo;

  private int[] nextTo = new int[64];
  private int[] from = new int[64];

  /// What a step costs: 0 or 1; or a call, by its edge, as `-1 - edge`.
  private int[] kind = new int[64];

  private int steps;
  private int places = PLACES;

  private ShortestCompletion(Graph graph, @Nullable VocabularyTrie trie) {
    this.graph = graph;
    this.trie = trie;
    cost = new int[graph.nodes()];
    Arrays.fill(cost, NONE);
    firstTo = new int[graph.nodes()];
    Arrays.fill(firstTo, Graph.NO_EDGE);
    for (int b = 0; b < 256; b++) {
      if (trie == null || (trie.child(0, b) != 0 && trie.hasToken(trie.child(0, b)))) {
        singleBytes.set(b);
      }
    }
  }

  /// Of each node, in bytes.
  static int[] inBytes(Graph graph) {
    return new ShortestCompletion(graph, null).run();
  }

  /// Of each node, in tokens.
  static int[] inTokens(Graph graph, VocabularyTrie trie) {
    return new ShortestCompletion(graph, trie).run();
  }

  private int[] run() {
    for (int node = 0; node < graph.nodes(); node++) {
      addSteps(node);
    }
    var queue = new PriorityQueue<Long>();
    IntStream.range(0, graph.nodes())
        .filter(graph::isEnd)
        .forEach(node -> {
          cost[node] = 0;
          queue.add((long) node);
        });
    for (Long next = queue.poll(); next != null; next = queue.poll()) {
      int node = (int) (next & Integer.MAX_VALUE);
      if (cost[node] == next >> Integer.SIZE) {
        relax(node, queue);
      }
    }
    return cost;
  }

  private void relax(int node, PriorityQueue<Long> queue) {
    for (int step = firstTo[node]; step >= 0; step = nextTo[step]) {
      int whole;
      if (kind[step] >= 0) {
        whole = cost[node] + kind[step];
      } else {
        int call = -1 - kind[step]; // known once both its rule and what follows are
        whole = Math.min(NONE, cost[graph.called(call)] + cost[graph.target(call)]);
      }
      if (whole < cost[from[step]]) {
        cost[from[step]] = whole;
        queue.add((long) whole << Integer.SIZE | from[step]);
      }
    }
  }

  private void addSteps(int node) {
    boolean reads = false;
    for (int edge = graph.firstEdge(node); edge >= 0; edge = graph.nextEdge(edge)) {
      int target = graph.target(edge);
      if (graph.isSkip(edge)) {
        add(node, target, 0);
      } else if (graph.isCall(edge)) {
        add(node, target, -1 - edge);
        add(node, graph.called(edge), -1 - edge);
      } else {
        int usable = singleBytes.nextSetBit(graph.firstByte(edge));
        if (usable >= 0 && usable <= graph.lastByte(edge)) {
          add(node, target, 1);
        }
        reads |= graph.firstByte(edge) == graph.lastByte(edge);
      }
    }
    // with tokens inside a text of counted length, one character more could make the rest longer
    if (reads && trie != null && graph.textCapacity(node) == 0) {
      addTokens(trie, node);
    }
  }

  /// Adds the tokens that read a fixed text from `start` on, as far as a bounded search finds them.
  private void addTokens(VocabularyTrie trie, int start) {
    record Place(int node, int inTrie) {}
    Set<Place> seen = new HashSet<>();
    Deque<Place> open = new ArrayDeque<>();
    open.add(new Place(start, 0));
    int most = Math.min(PLACES_OF_NODE, places);
    for (Place place = open.poll(); place != null && seen.size() < most; place = open.poll()) {
      for (int edge = graph.firstEdge(place.node()); edge >= 0; edge = graph.nextEdge(edge)) {
        int next = place.inTrie();
        if (graph.isRead(edge) && graph.firstByte(edge) == graph.lastByte(edge)) {
          next = trie.child(next, graph.firstByte(edge));
          if (next != 0 && trie.depth(next) > 1 && trie.hasToken(next)) {
            add(start, graph.target(edge), 1);
          }
        } else if (!graph.isSkip(edge)) {
          continue;
        }
        // what is skipped at the beginning has tokens of its own
        var reached = new Place(graph.target(edge), next);
        if (next != 0 && seen.add(reached)) {
          open.add(reached);
        }
      }
    }
    places -= seen.size();
  }

  private void add(int source, int target, int stepKind) {
    if (steps == from.length) {
      nextTo = Arrays.copyOf(nextTo, 2 * steps);
      from = Arrays.copyOf(from, 2 * steps);
      kind = Arrays.copyOf(kind, 2 * steps);
    }
    nextTo[steps] = firstTo[target];
    from[steps] = source;
    kind[steps] = stepKind;
    firstTo[target] = steps++;
  }
}
