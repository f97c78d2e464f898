package org.glmspark.tokenizer;

import java.util.Arrays;
import java.util.BitSet;

/// Which two tokens make a third, and from that, which two may stand side by side in an encoding.
///
/// However a text goes on, a token can only come from one pair: the merges within its bytes are the
/// same as if these bytes were the whole text. So a vocabulary has at most one pair for each token,
/// and it is enough to know those.
final class MergeRules {
  /// The rank of a token that no pair makes.
  static final int UNIT = -1;

  private static final long FREE = -1;
  private static final long MULTIPLIER = 0xD1342543DE82EF95L;

  private final int[] rank;
  private final BitSet irregular;
  private final int[] left;
  private final int[] right;

  /// A bit for each kind of right partner that a left token has: most look-ups end here.
  private final long[] partners;

  /// Open addressing, at most half full: the pair `left << 32 | right`, then the token.
  private final long[] slots;

  /// @param rank of each id; UNIT for those that no pair makes, others are all different
  MergeRules(int[] rank) {
    this.rank = rank;
    irregular = new BitSet(rank.length);
    left = new int[rank.length];
    right = new int[rank.length];
    partners = new long[rank.length];
    slots = new long[Integer.highestOneBit(Math.max(1, rank.length)) * 8];
    Arrays.fill(slots, FREE);
  }

  /// Enters the pair that makes a token, in the order of the tokens' ranks.
  void put(int first, int second, int token) {
    if (Math.max(rank[first], rank[second]) > rank[token]
        || irregular.get(first)
        || irregular.get(second)) {
      irregular.set(token);
    }
    left[token] = first;
    right[token] = second;
    partners[first] |= partnerBit(second);
    long pair = ((long) first << 32) | second;
    int i = slot(pair);
    slots[i] = pair;
    slots[i + 1] = token;
  }

  /// Whether a token, or one that it is made from, ranks before one of its pair. Published
  /// vocabularies have a few hundred of these. They are joined as soon as their pair is there, and
  /// not in the order of ranks, from which [#mayFollow] concludes.
  boolean isIrregular(int token) {
    return irregular.get(token);
  }

  /// Whether an encoding can have these tokens side by side: encoding their bytes together gives
  /// just them. Neither is irregular.
  ///
  /// Goes back in time from the two tokens. At each step one part on each side touches the border;
  /// the younger of them is split again. If a pair across the border ranks before what ended the
  /// step, it would have been joined instead.
  boolean mayFollow(int first, int second) {
    int before = Integer.MAX_VALUE;
    while (true) {
      int joined = joined(first, second);
      if (joined != TokenTable.NONE && rank[joined] < before) {
        return false;
      }
      int firstRank = rank[first];
      int secondRank = rank[second];
      if (firstRank > secondRank) {
        before = firstRank;
        first = right[first];
      } else if (secondRank == UNIT) {
        return true;
      } else {
        before = secondRank + 1; // of equals the leftmost is joined first, here that at the border
        second = left[second];
      }
    }
  }

  private int joined(int first, int second) {
    if ((partners[first] & partnerBit(second)) == 0) {
      return TokenTable.NONE;
    }
    int i = slot(((long) first << 32) | second);
    return slots[i] == FREE ? TokenTable.NONE : (int) slots[i + 1];
  }

  private static long partnerBit(int token) {
    return 1L << ((token * 0x9E3779B1) >>> 26); // the upper six bits of a product mix all bits
  }

  /// Where this pair is, or the free slot where it belongs.
  private int slot(long pair) {
    int mask = slots.length - 1;
    long product = pair * MULTIPLIER;
    int i = (int) ((product ^ (product >>> 32)) * 2) & mask;
    while (slots[i] != FREE && slots[i] != pair) {
      i = (i + 2) & mask;
    }
    return i;
  }
}
