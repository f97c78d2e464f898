package org.glmspark.grammar;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/// The bytes of tokens as a tree, its nodes in the order of a walk that goes down first: so the
/// nodes below one follow it without a gap, and a walk that does not go down jumps over them.
///
/// Node 0 is the root, which stands for no byte.
final class VocabularyTrie {
  private final byte[] label;
  private final short[] depth;

  /// One more than the last node below.
  private final int[] end;

  /// For each node the first of its tokens in `tokens`, and at last their number. Several tokens
  /// may have the same bytes.
  private final int[] firstToken;

  private final int[] tokens;
  private final int deepest;

  private VocabularyTrie(
      byte[] label, short[] depth, int[] end, int[] firstToken, int[] tokens, int deepest) {
    this.label = label;
    this.depth = depth;
    this.end = end;
    this.firstToken = firstToken;
    this.tokens = tokens;
    this.deepest = deepest;
  }

  /// @param bytes of each id, at most 32,767
  /// @param ids the tokens to take; each has bytes
  static VocabularyTrie of(byte[][] bytes, BitSet ids) {
    List<Integer> sorted =
        ids.stream()
            .boxed()
            .sorted(Comparator.comparing((Integer id) -> bytes[id], Arrays::compareUnsigned))
            .toList();
    int most = 1 + ids.stream().map(id -> bytes[id].length).sum();
    byte[] label = new byte[most];
    short[] depth = new short[most];
    int[] firstToken = new int[most + 1];
    int[] tokens = new int[sorted.size()];
    byte[] before = {};
    int nodes = 1;
    int deepest = 0;
    for (int i = 0; i < tokens.length; i++) {
      byte[] token = bytes[sorted.get(i)];
      int common = Arrays.mismatch(before, token);
      for (int at = common < 0 ? token.length : common; at < token.length; at++) {
        label[nodes] = token[at];
        depth[nodes] = (short) (at + 1);
        firstToken[nodes] = i; // where the token ends here, this is its place; else none is
        nodes++;
      }
      tokens[i] = sorted.get(i);
      before = token;
      deepest = Math.max(deepest, token.length);
    }
    firstToken[nodes] = tokens.length;
    return new VocabularyTrie(
        Arrays.copyOf(label, nodes),
        Arrays.copyOf(depth, nodes),
        ends(depth, nodes, deepest),
        Arrays.copyOf(firstToken, nodes + 1),
        tokens,
        deepest);
  }

  private static int[] ends(short[] depth, int nodes, int deepest) {
    int[] end = new int[nodes];
    int[] next = new int[deepest + 2]; // the first node seen, from the right, of each depth
    Arrays.fill(next, nodes);
    for (int node = nodes - 1; node >= 0; node--) {
      int first = nodes;
      for (int above = 0; above <= depth[node]; above++) {
        first = Math.min(first, next[above]);
      }
      end[node] = first;
      next[depth[node]] = node;
    }
    return end;
  }

  int nodes() {
    return label.length;
  }

  /// The length of the longest token.
  int deepest() {
    return deepest;
  }

  int label(int node) {
    return label[node] & 0xFF;
  }

  int depth(int node) {
    return depth[node];
  }

  /// One more than the last node below.
  int end(int node) {
    return end[node];
  }

  boolean hasToken(int node) {
    return firstToken[node] < firstToken[node + 1];
  }

  /// The tokens that end at a node.
  IntStream tokens(int node) {
    return Arrays.stream(tokens, firstToken[node], firstToken[node + 1]);
  }

  /// The node for one more byte, or 0 if there is none.
  int child(int node, int b) {
    for (int child = node + 1; child < end[node]; child = end[child]) {
      if (label(child) == b) {
        return child;
      }
    }
    return 0;
  }
}
