package org.glmspark.cache;

import java.util.Arrays;

/// Which blocks of a cache are held, and by how many tables. Not for several threads at once.
///
/// A block that nobody holds any more keeps what it stores until it is taken again: as long as the
/// [PrefixIndex] knows it, a sequence that begins with the same tokens can hold it once more. So
/// free blocks are handed out in this order: those without a use first, then the one that was let
/// go of longest ago.
public final class BlockPool {
  /// How many tables hold each block.
  private final int[] holders;

  /// The free blocks as a ring in the order they are taken; place `blocks` is where it begins.
  private final int[] next;

  private final int[] previous;
  private final PrefixIndex prefixes;
  private int free;

  /// @param blocks all of them free at first
  public BlockPool(int blocks) {
    holders = new int[blocks];
    next = new int[blocks + 1];
    previous = new int[blocks + 1];
    prefixes = new PrefixIndex(blocks);
    free = blocks;
    Arrays.setAll(next, i -> (i + 1) % (blocks + 1));
    Arrays.setAll(previous, i -> (i + blocks) % (blocks + 1));
  }

  /// Blocks in all.
  public int blocks() {
    return holders.length;
  }

  /// Blocks nobody holds.
  public int free() {
    return free;
  }

  /// The blocks whose tokens are known.
  PrefixIndex prefixes() {
    return prefixes;
  }

  /// Hands out a free block, which is held once and whose content is of no more use.
  int take() {
    if (free == 0) {
      throw new IllegalStateException("all %d blocks are taken".formatted(blocks()));
    }
    int block = next[blocks()];
    prefixes.forget(block);
    hold(block);
    return block;
  }

  /// One more table holds the block, which may be free.
  void hold(int block) {
    if (holders[block]++ == 0) {
      next[previous[block]] = next[block];
      previous[next[block]] = previous[block];
      free--;
    }
  }

  /// One table fewer holds the block.
  void letGo(int block) {
    if (holders[block] == 0) {
      throw new IllegalStateException("nobody holds block %d".formatted(block));
    }
    if (--holders[block] == 0) {
      insertBefore(prefixes.knows(block) ? blocks() : next[blocks()], block);
      free++;
    }
  }

  /// Whether more than one table holds the block, so that nobody may write to it.
  boolean isShared(int block) {
    return holders[block] > 1;
  }

  private void insertBefore(int place, int block) {
    next[block] = place;
    previous[block] = previous[place];
    next[previous[place]] = block;
    previous[place] = block;
  }
}
