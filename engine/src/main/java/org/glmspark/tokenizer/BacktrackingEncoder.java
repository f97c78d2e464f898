package org.glmspark.tokenizer;

import java.util.Arrays;
import java.util.BitSet;

/// Finds the encoding of a word from left to right, without making its pairs.
///
/// Tokens are the encoding of their bytes exactly if each is the encoding of its own bytes and each
/// two neighbours are that of theirs: were there a first merge across a border, it would also be
/// made in the two neighbours alone. And what precedes a border is the encoding of its own bytes,
/// so at each position there is one way to have come there. So the search takes a token that may
/// follow the one before, another if it leads nowhere, and never tries a position twice: time is
/// linear in the length of the word. Holds memory between words; serves one thread.
///
/// Source: the algorithm is described in
/// <https://github.blog/ai-and-ml/llms/so-many-tokens-so-little-time-introducing-a-faster-more-flexible-byte-pair-tokenizer/>.
final class BacktrackingEncoder {
  private static final int ANSWERS = 1 << 9;
  private static final long YES = Long.MIN_VALUE;

  private final TokenTrie trie;
  private final MergeRules rules;
  private final int[] lengths;
  private final int[] prefixes;
  private final ByteFallback fallback;
  private final PairMerger merger;

  /// Answers of [#mayFollow] for the pairs asked about last: repeated text asks for the same again
  /// and again. A pair `first << 32 | second`, with YES if that is the answer.
  private final long[] answers = new long[ANSWERS];

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
    Arrays.fill(answers, ~YES); // no pair of tokens
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
    int last = TokenTable.NONE;
    int position = start;
    int token = trie.longest(utf8, position, end);
    while (token != TokenTable.NONE) {
      int next = position + lengths[token];
      if (!dead.get(next - start)
          && (last == TokenTable.NONE || mayFollow(utf8, position, last, token))) {
        tokens.add(token);
        position = next;
        last = token;
        token = first(utf8, position, end, last);
      } else {
        token = another(utf8, position, end, last, token);
        while (token == TokenTable.NONE) {
          dead.set(position - start);
          int removed = tokens.removeLast();
          position -= lengths[removed];
          last = tokens.size() == none ? TokenTable.NONE : tokens.last();
          token = another(utf8, position, end, last, removed);
        }
      }
    }
    return position;
  }

  /// The token to try first after another: the same again, where the text has it, because in a run
  /// of one character longer tokens often lead nowhere; else the longest.
  private int first(byte[] utf8, int position, int end, int last) {
    int length = lengths[last];
    int before = position - length;
    boolean again =
        end - position >= length
            && utf8[before] == utf8[position]
            && Arrays.equals(utf8, before, position, utf8, position, position + length);
    return again ? last : trie.longest(utf8, position, end);
  }

  /// The token to try when `tried` has led nowhere: after the last one again the longest, after
  /// that the next shorter one.
  private int another(byte[] utf8, int position, int end, int last, int tried) {
    int token = tried == last ? trie.longest(utf8, position, end) : prefixes[tried];
    return token == last && token != TokenTable.NONE ? prefixes[token] : token;
  }

  /// Whether the two tokens that meet at `border` are the encoding of their bytes.
  private boolean mayFollow(byte[] utf8, int border, int first, int second) {
    long pair = ((long) first << Integer.SIZE) | second;
    int i = ((first * 31) + second) & (ANSWERS - 1);
    if ((answers[i] & ~YES) != pair) {
      boolean yes =
          rules.isIrregular(first) || rules.isIrregular(second)
              ? isEncoding(utf8, border - lengths[first], border + lengths[second], second)
              : rules.mayFollow(first, second);
      answers[i] = yes ? pair | YES : pair;
    }
    return (answers[i] & YES) != 0;
  }

  /// Whether the encoding of these bytes is two tokens of which this is the second one.
  private boolean isEncoding(byte[] utf8, int start, int end, int second) {
    var tokens = new TokenBuffer();
    merger.encode(utf8, start, end, tokens);
    return tokens.size() == 2 && tokens.last() == second;
  }
}
