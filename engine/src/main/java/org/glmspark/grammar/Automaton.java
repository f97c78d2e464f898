package org.glmspark.grammar;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Reads answers byte by byte along a [Graph], on all ways at once: a state is the set of ways on
/// which a text could have come so far, found when it is first needed.
///
/// Threads: any number may walk at once. What is kept of earlier walks changes no result.
final class Automaton {
  /// States that are kept; when there are more, all are forgotten and found again when needed.
  private static final int MOST_STATES = 5_000;

  /// Ways of one state. Of more, which only references that branch into each other reach, those
  /// that end soonest are kept: what is dropped are answers that the schema allows.
  private static final int MOST_WAYS = 1024;

  /// A rule that has to go on when the one it called ends.
  private static final class Call {
    final int returnNode;
    final @Nullable Call caller;
    final int depth;

    /// From the return to the end of the answer.
    final int cost;

    final int hash;

    Call(int returnNode, @Nullable Call caller, int cost) {
      this.returnNode = returnNode;
      this.caller = caller;
      this.depth = caller == null ? 1 : caller.depth + 1;
      this.cost = cost;
      this.hash = 31 * (caller == null ? 0 : caller.hash) + returnNode;
    }

    static boolean equal(@Nullable Call a, @Nullable Call b) {
      Call one = a;
      Call other = b;
      while (one != other) {
        if (one == null
            || other == null
            || one.hash != other.hash
            || one.returnNode != other.returnNode) {
          return false;
        }
        one = one.caller;
        other = other.caller;
      }
      return true;
    }

    static int compare(@Nullable Call a, @Nullable Call b) {
      Call one = a;
      Call other = b;
      while (one != other) {
        if (one == null || other == null) {
          return one == null ? -1 : 1;
        }
        if (one.returnNode != other.returnNode) {
          return Integer.compare(one.returnNode, other.returnNode);
        }
        one = one.caller;
        other = other.caller;
      }
      return 0;
    }
  }

  /// A node, and what has to go on when its rule ends.
  private record Way(int node, @Nullable Call caller, int cost) {
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Way way && node == way.node && Call.equal(caller, way.caller);
    }

    @Override
    public int hashCode() {
      return 31 * node + (caller == null ? 0 : caller.hash);
    }

    int depth() {
      return caller == null ? 0 : caller.depth;
    }
  }

  private static final Comparator<Way> BY_PLACE =
      Comparator.comparingInt(Way::node).thenComparing((a, b) -> Call.compare(a.caller, b.caller));

  private static final Comparator<Way> SOONEST_FIRST =
      Comparator.comparingInt(Way::cost).thenComparing(BY_PLACE);

  private final Graph graph;

  /// Of each node, what it takes from there to the end of its rule.
  private final int[] cost;

  private final ConcurrentHashMap<List<Way>, State> states = new ConcurrentHashMap<>();

  /// The state of the empty text, which leads to all states that are in use.
  private volatile State start;

  /// A place in an answer.
  final class State {
    private final Way[] ways;
    private final boolean accepting;
    private final int cost;
    private final int depth;
    private volatile State @Nullable [] next;
    private volatile @Nullable TokenChoice choice;

    private State(Way[] ways, boolean accepting) {
      this.ways = ways;
      this.accepting = accepting;
      int least = accepting ? 0 : ShortestCompletion.NONE;
      int deepest = 0;
      for (Way way : ways) {
        least = Math.min(least, way.cost());
        deepest = Math.max(deepest, way.depth());
      }
      this.cost = least;
      this.depth = deepest;
    }

    /// Whether no answer begins so.
    boolean isDead() {
      return ways.length == 0 && !accepting;
    }

    /// Whether the text so far is an answer.
    boolean accepting() {
      return accepting;
    }

    /// Whether no byte can follow.
    boolean isFinal() {
      return ways.length == 0;
    }

    /// What it takes at most from here to the end of an answer.
    int cost() {
      return cost;
    }

    /// How many rules wait for the end of others.
    int depth() {
      return depth;
    }

    /// How many [CodePoints#PLAIN] characters of any kind can follow at least; and if this is not
    /// 0, texts that begin with more of them cannot.
    int textCapacity() {
      int capacity = 0;
      for (Way way : ways) {
        int characters = graph.textCapacity(way.node());
        if (characters == 0 && readsPlain(way.node())) {
          return 0;
        }
        capacity = Math.max(capacity, characters);
      }
      return capacity;
    }

    /// What it takes at most after a text of no more characters than [#textCapacity].
    int costAfterText() {
      int most = 0;
      for (Way way : ways) {
        if (graph.textCapacity(way.node()) > 0) {
          most = Math.max(most, way.cost());
        }
      }
      return most;
    }

    /// The place after one more byte.
    State next(int b) {
      State[] known = next;
      if (known == null) {
        known = new State[256];
        next = known;
      }
      State state = known[b];
      if (state == null) { // two threads may both find it: it is the same
        state = read(this, b, known);
      }
      return state;
    }

    /// The place after several bytes.
    State next(byte[] bytes) {
      State state = this;
      for (byte b : bytes) {
        state = state.next(b & 0xFF);
      }
      return state;
    }

    /// Which tokens can follow; found by the first who asks.
    TokenChoice choice(AnswerVocabulary vocabulary) {
      TokenChoice known = choice;
      if (known == null) {
        synchronized (this) {
          known = choice;
          if (known == null) {
            known = TokenChoice.of(this, vocabulary);
            choice = known;
          }
        }
      }
      return known;
    }
  }

  /// @param cost of each node of the graph, from [ShortestCompletion]
  Automaton(Graph graph, int[] cost) {
    this.graph = graph;
    this.cost = cost;
    this.start = at(graph.start());
  }

  /// The place before an answer.
  State start() {
    return start;
  }

  /// The place at a node that no rule waits for.
  State at(int node) {
    var closure = new Closure();
    closure.add(node, null);
    return closure.state();
  }

  /// Whether a node reads the first byte of some [CodePoints#PLAIN] character.
  private boolean readsPlain(int node) {
    for (int edge = graph.firstEdge(node); edge >= 0; edge = graph.nextEdge(edge)) {
      if (graph.isRead(edge)) {
        for (int b = graph.firstByte(edge); b <= graph.lastByte(edge); b++) {
          if (b >= ' ' && b != '"' && b != '\\') {
            return true;
          }
        }
      }
    }
    return false;
  }

  /// The place after one more byte, also entered for all bytes around it that lead there: those
  /// that are on the same side of the ends of every edge.
  private State read(State state, int b, State[] next) {
    var closure = new Closure();
    int first = 0;
    int last = next.length - 1;
    for (Way way : state.ways) {
      for (int edge = graph.firstEdge(way.node()); edge >= 0; edge = graph.nextEdge(edge)) {
        if (graph.reads(edge, b)) {
          closure.add(graph.target(edge), way.caller());
          first = Math.max(first, graph.firstByte(edge));
          last = Math.min(last, graph.lastByte(edge));
        } else if (graph.isRead(edge) && graph.lastByte(edge) < b) {
          first = Math.max(first, graph.lastByte(edge) + 1);
        } else if (graph.isRead(edge)) {
          last = Math.min(last, graph.firstByte(edge) - 1);
        }
      }
    }
    State reached = closure.state();
    Arrays.fill(next, first, last + 1, reached);
    return reached;
  }

  /// Follows all that needs no byte.
  private final class Closure {
    private final Set<Way> seen = new HashSet<>();
    private final Deque<Way> open = new ArrayDeque<>();
    private final List<Way> reading = new ArrayList<>();
    private boolean accepting;

    void add(int node, @Nullable Call caller) {
      int whole = cost[node] + (caller == null ? 0 : caller.cost);
      var way = new Way(node, caller, whole);
      if (whole < ShortestCompletion.NONE && seen.add(way)) {
        open.add(way);
      }
    }

    State state() {
      for (Way way = open.poll(); way != null; way = open.poll()) {
        follow(way);
      }
      List<Way> kept = reading;
      if (kept.size() > MOST_WAYS) {
        kept.sort(SOONEST_FIRST);
        kept = new ArrayList<>(kept.subList(0, MOST_WAYS));
      }
      kept.sort(BY_PLACE);
      return intern(kept, accepting);
    }

    private void follow(Way way) {
      Call caller = way.caller();
      if (graph.isEnd(way.node())) {
        if (caller != null) {
          add(caller.returnNode, caller.caller);
        } else {
          accepting |= way.node() == graph.end();
        }
      }
      boolean reads = false;
      for (int edge = graph.firstEdge(way.node()); edge >= 0; edge = graph.nextEdge(edge)) {
        int target = graph.target(edge);
        if (graph.isSkip(edge)) {
          add(target, caller);
        } else if (graph.isRead(edge)) {
          reads = true;
        } else {
          int back = cost[target] + (caller == null ? 0 : caller.cost);
          if (back < ShortestCompletion.NONE) {
            add(graph.called(edge), new Call(target, caller, back));
          }
        }
      }
      if (reads) {
        reading.add(way);
      }
    }
  }

  private State intern(List<Way> ways, boolean accepting) {
    List<Way> key = new ArrayList<>(ways);
    if (accepting) {
      key.add(new Way(-1, null, 0));
    }
    State known = states.get(key);
    if (known != null) {
      return known;
    }
    if (states.size() >= MOST_STATES) {
      states.clear();
      start = new State(start.ways, start.accepting); // one that leads to none of them
    }
    State state = new State(ways.toArray(Way[]::new), accepting);
    State earlier = states.putIfAbsent(key, state);
    return earlier == null ? state : earlier;
  }
}
