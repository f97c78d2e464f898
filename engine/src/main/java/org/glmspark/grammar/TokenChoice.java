package org.glmspark.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Which tokens can follow a state, grouped by how many more it takes to the end afterwards: so one
/// finding serves every number of tokens that are left.
final class TokenChoice {
  /// Tokens after which the answer can be completed with so many more.
  private record Group(int cost, TokenSet tokens) {}

  private final Automaton.State state;
  private final AnswerVocabulary vocabulary;

  /// By rising cost.
  private final List<Group> groups;

  /// Where the plain tokens were not walked: what it takes after any of them, though it may be less
  /// after some. 0 where all were walked.
  private final int plainCost;

  /// All tokens walked; found when fewer are left than after some plain token.
  private volatile @Nullable TokenChoice walked;

  private TokenChoice(
      Automaton.State state, AnswerVocabulary vocabulary, List<Group> groups, int plainCost) {
    this.state = state;
    this.vocabulary = vocabulary;
    this.groups = groups;
    this.plainCost = plainCost;
  }

  static TokenChoice of(Automaton.State state, AnswerVocabulary vocabulary) {
    int capacity = state.textCapacity();
    if (capacity == 0) {
      return walked(state, vocabulary);
    }
    List<Group> groups = walk(state, vocabulary.special(), vocabulary.size());
    int plainCost = state.costAfterText();
    groups.addFirst(new Group(plainCost, vocabulary.plain(capacity)));
    return new TokenChoice(state, vocabulary, groups, plainCost);
  }

  private static TokenChoice walked(Automaton.State state, AnswerVocabulary vocabulary) {
    List<Group> groups = walk(state, vocabulary.all(), vocabulary.size());
    return new TokenChoice(state, vocabulary, groups, 0);
  }

  private static List<Group> walk(Automaton.State from, VocabularyTrie trie, int size) {
    Map<Integer, List<Integer>> byCost = new TreeMap<>();
    Automaton.State[] states = new Automaton.State[trie.deepest() + 1];
    states[0] = from;
    int node = 1;
    while (node < trie.nodes()) {
      int depth = trie.depth(node);
      Automaton.State state = states[depth - 1].next(trie.label(node));
      if (state.isDead()) {
        node = trie.end(node);
      } else {
        states[depth] = state;
        if (trie.hasToken(node)) {
          List<Integer> ids = byCost.computeIfAbsent(state.cost(), _ -> new ArrayList<>());
          trie.tokens(node).forEach(ids::add);
        }
        node++;
      }
    }
    List<Group> groups = new ArrayList<>();
    byCost.forEach((cost, ids) -> groups.add(new Group(cost, TokenSet.of(ids, size))));
    return groups;
  }

  /// Whether there is a token after which so many more are enough.
  boolean any(int left) {
    return exact(left).groups.stream().anyMatch(group -> group.cost() <= left);
  }

  /// Sets the bits of the tokens after which so many more are enough.
  void addTo(long[] bits, int left) {
    for (Group group : exact(left).groups) {
      if (group.cost() <= left) {
        group.tokens().addTo(bits);
      }
    }
  }

  private TokenChoice exact(int left) {
    if (left >= plainCost) {
      return this;
    }
    TokenChoice known = walked;
    if (known == null) { // two threads may both find it: it is the same
      known = walked(state, vocabulary);
      walked = known;
    }
    return known;
  }
}
