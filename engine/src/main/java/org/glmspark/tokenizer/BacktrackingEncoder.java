package org.glmspark.tokenizer;

import java.util.BitSet;

/// Finds the encoding of a word from left to right, without making its pairs.
///
/// Tokens are the encoding of their bytes exactly if each is the encoding of its own bytes and each
/// two neighbours are that of theirs: were there a first merge across a border, it would also be
/// made in the two neighbours alone. And what precedes a border is the encoding of its own bytes,
/// so at each position there is one way to have come there. So the search takes the longest token
/// that may follow the one before, a shorter one if it leads nowhere, and never tries a position
/// twice: time is linear in the length of the word. Holds memory between words; serves one thread.
///
/// Source: the algorithm is described in
/// <https://github.blog/ai-and-ml/llms/so-many-tokens-so-little-time-introducing-a-faster-more-flexible-byte-pair-tokenizer/>.
final class BacktrackingEncoder {
  private final TokenTrie trie;
  private final MergeRules rules;
  private final int[] lengths;
  private final int[] prefixes;
  private final ByteFallback fallback;
  private final PairMerger merger;

  /// Positions in the word, in bytes, from which no encoding goes on.
  private final BitSet dead = new BitSet();

  /// @param lengths of each token, in bytes
  /// @param prefixes of each token the longest token that it begins with, or [TokenTable#NONE]
  BacktrackingEncoder(
      TokenTrie trie,
      MergeRules rules,
      int[] lengths,
      int[] prefixes,
      ByteFallback fallback,
      PairMerger merger) {
    this.trie = trie;
    this.rules = rules;
    this.lengths = lengths;
    this.prefixes = prefixes;
    this.fallback = fallback;
    this.merger = merger;
  }

  /// Adds the tokens of a word, which are exactly those of [BytePairEncoding]'s rule.
  ///
  /// @param start inclusive, the beginning of a character
  /// @param end exclusive, the end of one
  void encode(byte[] utf8, int start, int end, TokenBuffer tokens) {
    int position = start;
    while (position < end) {
      position = encodeKnown(utf8, position, end, tokens);
      if (position < end) {
        position = fallback.addCharacter(utf8, position, tokens);
      }
    }
  }

  /// Goes as far as there are tokens, and returns how far. No token reaches beyond a character that
  /// none begins with, so what follows it is a word of its own.
  private int encodeKnown(byte[] utf8, int start, int end, TokenBuffer tokens) {
    dead.clear();
    int none = tokens.size();
    int position = start;
    int token = trie.longest(utf8, position, end);
    while (token != TokenTable.NONE) {
      int next = position + lengths[token];
      if (!dead.get(next - start)
          && (tokens.size() == none || mayFollow(utf8, position, tokens.last(), token))) {
        tokens.add(token);
        position = next;
        token = trie.longest(utf8, position, end);
      } else {
        token = prefixes[token];
        while (token == TokenTable.NONE) {
          dead.set(position - start);
          int last = tokens.removeLast();
          position -= lengths[last];
          token = prefixes[last];
        }
      }
    }
    return position;
  }

  /// Whether the two tokens that meet at `border` are the encoding of their bytes.
  private boolean mayFollow(byte[] utf8, int border, int first, int second) {
    if (!rules.isIrregular(first) && !rules.isIrregular(second)) {
      return rules.mayFollow(first, second);
    }
    var tokens = new TokenBuffer();
    merger.encode(utf8, border - lengths[first], border + lengths[second], tokens);
    return tokens.size() == 2 && tokens.last() == second;
  }
}
