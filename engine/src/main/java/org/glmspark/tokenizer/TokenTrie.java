package org.glmspark.tokenizer;

import java.util.Arrays;
import java.util.BitSet;
import org.glmspark.format.MalformedModelException;

/// Finds the longest token that a text goes on with, one look into memory for each byte of it.
///
/// A double-array trie: the child of a node for byte `b` is in slot `base ^ b`, where `base`
/// belongs to the node alone, so that the byte stored in a slot tells whose child it is.
///
/// Source: Aoe 1989, <https://doi.org/10.1109/32.31365>; a base for each node as in Yata et al.
/// 2007.
final class TokenTrie {
  private static final int SINGLE_BYTES = 256;

  // A slot, from its lowest bit: the byte plus 1, or 0 if it is free; the token plus 1, or 0 if
  // none ends here; the base of its children, or 0 if it has none.
  private static final int TOKEN_SHIFT = 9;
  private static final int BASE_SHIFT = 36;
  private static final long LABEL_MASK = (1L << TOKEN_SHIFT) - 1;
  private static final long TOKEN_MASK = (1L << (BASE_SHIFT - TOKEN_SHIFT)) - 1;
  private static final int MAX_SLOTS = 1 << (Long.SIZE - 1 - BASE_SHIFT);

  /// How many free slots a node tries before those of its kind begin the search further on.
  private static final int PATIENCE = 32;

  private long[] slots = {};
  private int rootBase;

  private TokenTrie() {}

  /// @param table its tokens may have gaps
  /// @throws MalformedModelException if the tokens are more than the structure holds
  static TokenTrie of(String file, TokenTable table) {
    var trie = new TokenTrie();
    trie.new Construction(file, table).run();
    return trie;
  }

  /// The longest token with which the bytes from `start` begin, or [TokenTable#NONE].
  int longest(byte[] bytes, int start, int end) {
    int token = 0;
    int base = rootBase;
    for (int i = start; i < end; i++) {
      int label = bytes[i] & 0xFF;
      long slot = slots[base ^ label];
      if ((slot & LABEL_MASK) != label + 1) {
        break;
      }
      int here = (int) ((slot >>> TOKEN_SHIFT) & TOKEN_MASK);
      token = here == 0 ? token : here;
      base = (int) (slot >>> BASE_SHIFT);
    }
    return token - 1;
  }

  /// Takes the token out that has exactly these bytes: it is not found any more.
  void remove(byte[] token) {
    int base = rootBase;
    int index = -1;
    for (byte b : token) {
      index = base ^ (b & 0xFF);
      base = (int) (slots[index] >>> BASE_SHIFT);
    }
    slots[index] &= ~(TOKEN_MASK << TOKEN_SHIFT);
  }

  /// Slots, free ones included.
  int size() {
    return slots.length;
  }

  /// Places the nodes, each with all tokens that begin with its path.
  private final class Construction {
    private final String file;
    private final TokenTable table;

    /// Ids in the order of their bytes.
    private final int[] sorted;

    private final BitSet used = new BitSet();
    private final BitSet bases = new BitSet();

    /// Where the search for a base begins, for nodes with 1, up to 3, up to 7 ... children.
    private final int[] searchFrom = new int[Integer.SIZE];

    private final int[] labels = new int[SINGLE_BYTES];

    /// For each child the first of its tokens, then the end of the last one's.
    private final int[] bounds = new int[SINGLE_BYTES + 1];

    /// Nodes whose children have no place yet: `slot, from, to, depth` for each.
    private int[] pending = new int[64];

    private int pendingSize;

    Construction(String file, TokenTable table) {
      this.file = file;
      this.table = table;
      sorted = table.sortedIds();
    }

    void run() {
      slots = new long[capacity(nodes())];
      bases.set(0); // stands for a node without children
      used.set(0);
      rootBase = placeChildren(0, sorted.length, 0);
      while (pendingSize > 0) {
        pendingSize -= 4;
        int slot = pending[pendingSize];
        int base =
            placeChildren(
                pending[pendingSize + 1], pending[pendingSize + 2], pending[pendingSize + 3]);
        slots[slot] |= (long) base << BASE_SHIFT;
      }
    }

    /// The number of different beginnings.
    private int nodes() {
      long nodes = 0;
      byte[] before = {};
      for (int id : sorted) {
        byte[] token = table.token(id);
        int common = Arrays.mismatch(before, token);
        nodes += token.length - (common < 0 ? token.length : common);
        before = token;
      }
      return requireSlots(nodes);
    }

    /// A length for so many slots, of which some stay free.
    private int capacity(int slots) {
      return (int) Math.min(MAX_SLOTS, slots + slots / 8L + SINGLE_BYTES);
    }

    private int requireSlots(long count) {
      if (count > MAX_SLOTS) {
        throw new MalformedModelException(
            file,
            "vocabulary",
            "has more than %d different beginnings, expected fewer".formatted(MAX_SLOTS));
      }
      return (int) count;
    }

    /// Gives a place to the children of the node with the tokens `from` to `to`, which are longer
    /// than `depth`.
    private int placeChildren(int from, int to, int depth) {
      int children = children(from, to, depth);
      int base = children == 0 ? 0 : freeBase(children);
      for (int child = 0; child < children; child++) {
        int index = base ^ labels[child];
        used.set(index);
        int first = bounds[child];
        long slot = labels[child] + 1L;
        if (table.token(sorted[first]).length == depth + 1) {
          slot |= (sorted[first] + 1L) << TOKEN_SHIFT;
          first++;
        }
        slots[index] = slot;
        if (first < bounds[child + 1]) {
          push(index, first, bounds[child + 1], depth + 1);
        }
      }
      bases.set(base);
      return base;
    }

    private int children(int from, int to, int depth) {
      int children = 0;
      for (int i = from; i < to; i++) {
        int label = table.token(sorted[i])[depth] & 0xFF;
        if (children == 0 || labels[children - 1] != label) {
          labels[children] = label;
          bounds[children++] = i;
        }
      }
      bounds[children] = to;
      return children;
    }

    private int freeBase(int children) {
      int kind = Integer.SIZE - Integer.numberOfLeadingZeros(children);
      int tries = 0;
      int slot = used.nextClearBit(searchFrom[kind]);
      while (!isFree(slot ^ labels[0], children)) {
        slot = used.nextClearBit(slot + 1);
        tries++;
      }
      if (tries > PATIENCE) {
        searchFrom[kind] = slot;
      }
      int base = slot ^ labels[0];
      reserve(base | (SINGLE_BYTES - 1));
      return base;
    }

    private boolean isFree(int base, int children) {
      if (bases.get(base)) {
        return false;
      }
      for (int child = 0; child < children; child++) {
        if (used.get(base ^ labels[child])) {
          return false;
        }
      }
      return true;
    }

    private void reserve(int index) {
      int needed = requireSlots(index + 1L);
      if (needed > slots.length) {
        slots = Arrays.copyOf(slots, capacity(needed));
      }
    }

    private void push(int slot, int from, int to, int depth) {
      if (pendingSize == pending.length) {
        pending = Arrays.copyOf(pending, 2 * pendingSize);
      }
      pending[pendingSize++] = slot;
      pending[pendingSize++] = from;
      pending[pendingSize++] = to;
      pending[pendingSize++] = depth;
    }
  }
}
