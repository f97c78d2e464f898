package org.glmspark.cache;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Finds the block that holds the keys and values of 16 tokens after given tokens before them.
///
/// A block is known by the chain of entries from the beginning of its sequence. The hash of an
/// entry covers all tokens of its chain; a hit has the same 16 tokens and the same entry before it,
/// so it never rests on a hash alone. Whoever holds a block holds those before it as well and lets
/// go of them later, so that a chain loses its end first. Not for several threads at once.
final class PrefixIndex {
  /// The tokens of one block and all before them.
  static final class Entry {
    private final @Nullable Entry parent;
    private final int[] tokens;
    private final int hash;
    private final int block;

    private Entry(@Nullable Entry parent, int[] tokens, int block) {
      this.parent = parent;
      this.tokens = tokens;
      this.hash = 31 * (parent == null ? 0 : parent.hash) + Arrays.hashCode(tokens);
      this.block = block;
    }

    /// Where the keys and values are.
    int block() {
      return block;
    }

    /// The same tokens after the same entry.
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Entry entry
          && entry.parent == parent
          && Arrays.equals(entry.tokens, tokens);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }

  private static final int NO_BLOCK = -1;

  private final Map<Entry, Entry> entries = new HashMap<>();

  /// By block.
  private final @Nullable Entry[] known;

  PrefixIndex(int blocks) {
    known = new @Nullable Entry[blocks];
  }

  /// The entry of a whole block of tokens, or null if no block has them.
  ///
  /// @param parent the entry of the tokens before them, null at the beginning of a sequence
  /// @param tokens of the whole sequence
  /// @param first index of the block's first token
  @Nullable Entry find(@Nullable Entry parent, int[] tokens, int first) {
    return entries.get(entry(parent, tokens, first, NO_BLOCK));
  }

  /// Makes a block known whose keys and values are computed, unless another with the same tokens
  /// is.
  ///
  /// @return the entry of the tokens: with this block, or with the other one
  Entry add(@Nullable Entry parent, int[] tokens, int first, int block) {
    Entry entry = entry(parent, tokens, first, block);
    Entry other = entries.putIfAbsent(entry, entry);
    if (other != null) {
      return other;
    }
    known[block] = entry;
    return entry;
  }

  private static Entry entry(@Nullable Entry parent, int[] tokens, int first, int block) {
    return new Entry(
        parent, Arrays.copyOfRange(tokens, first, first + PagedKvCache.BLOCK_TOKENS), block);
  }

  boolean knows(int block) {
    return known[block] != null;
  }

  /// The block's content is about to change. Does nothing if the block is not known.
  void forget(int block) {
    Entry entry = known[block];
    if (entry != null) {
      entries.remove(entry);
      known[block] = null;
    }
  }
}
