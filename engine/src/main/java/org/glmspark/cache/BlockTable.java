package org.glmspark.cache;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The blocks of one sequence, in the order of its tokens. It grows with the sequence, and may
/// share blocks with others that begin with the same tokens. Not for several threads at once.
public final class BlockTable implements AutoCloseable {
  private static final int BLOCK_TOKENS = PagedKvCache.BLOCK_TOKENS;

  private final BlockPool pool;
  private int[] blocks = new int[0];
  private int count;

  /// Blocks from the first on that are in the prefix index.
  private int known;

  /// The entry of the last of them.
  private PrefixIndex.@Nullable Entry lastKnown;

  /// A table without blocks.
  public BlockTable(BlockPool pool) {
    this.pool = pool;
  }

  /// Takes the blocks for a sequence of up to `tokens` tokens.
  ///
  /// @throws IllegalStateException if the pool has too few; then none is taken
  public static BlockTable reserve(BlockPool pool, int tokens) {
    BlockTable table = new BlockTable(pool);
    table.reserve(tokens);
    return table;
  }

  /// Takes what is missing for `tokens` tokens.
  ///
  /// @throws IllegalStateException if the pool has too few; then none is taken
  public void reserve(int tokens) {
    if (!grow(tokens)) {
      throw new IllegalStateException(
          "%d blocks wanted, %d free".formatted(missing(tokens), pool.free()));
    }
  }

  /// Blocks that `tokens` tokens fill.
  public static int blocksFor(int tokens) {
    return Math.ceilDiv(tokens, BLOCK_TOKENS);
  }

  /// Block numbers, one for each 16 tokens it has room for; what comes after them has no meaning.
  /// Shared, not copied.
  public int[] blocks() {
    return blocks;
  }

  /// How many blocks it still needs for `tokens` tokens.
  public int missing(int tokens) {
    return Math.max(0, blocksFor(tokens) - count);
  }

  /// As [#reserve(int)].
  ///
  /// @return false if the pool has too few; then none is taken
  public boolean grow(int tokens) {
    int missing = missing(tokens);
    if (missing > pool.free()) {
      return false;
    }
    require(count + missing);
    for (int i = 0; i < missing; i++) {
      blocks[count++] = pool.take();
    }
    return true;
  }

  private void require(int capacity) {
    if (capacity > blocks.length) {
      blocks = Arrays.copyOf(blocks, Math.max(capacity, blocks.length + blocks.length / 2));
    }
  }

  /// Takes, instead of blocks that are to be computed, those that other sequences have computed
  /// with the same tokens before.
  ///
  /// @param tokens of the whole sequence
  /// @param computed how many of them have their keys and values here already
  /// @param end how many may be had without being computed
  /// @return how many have their keys and values here now, at least `computed`
  public int takeKnown(int[] tokens, int computed, int end) {
    if (computed != known * BLOCK_TOKENS) {
      return computed; // in the middle of a block: its other tokens are computed too
    }
    while ((known + 1) * BLOCK_TOKENS <= end) {
      PrefixIndex.Entry entry = pool.prefixes().find(lastKnown, tokens, known * BLOCK_TOKENS);
      if (entry == null) {
        break;
      }
      put(known, entry.block());
      lastKnown = entry;
      known++;
    }
    return known * BLOCK_TOKENS;
  }

  /// Makes the full blocks known to the sequences that begin with the same tokens. Where such a
  /// block is known already, this table takes that one instead of its own: they are equal.
  ///
  /// @param tokens of the whole sequence
  /// @param computed how many of them have their keys and values here
  public void makeKnown(int[] tokens, int computed) {
    while ((known + 1) * BLOCK_TOKENS <= computed) {
      lastKnown = pool.prefixes().add(lastKnown, tokens, known * BLOCK_TOKENS, blocks[known]);
      put(known, lastKnown.block());
      known++;
    }
  }

  private void put(int index, int block) {
    if (index < count && blocks[index] == block) {
      return;
    }
    pool.hold(block);
    if (index < count) {
      pool.letGo(blocks[index]);
    } else {
      require(count + 1);
      count++;
    }
    blocks[index] = block;
  }

  /// Another table of the same blocks. Both may grow; neither may write to the last block before
  /// [PagedKvCache#makeWritable] has given it one of its own.
  public BlockTable fork() {
    BlockTable fork = new BlockTable(pool);
    fork.blocks = Arrays.copyOf(blocks, count);
    fork.count = count;
    fork.known = known;
    fork.lastKnown = lastKnown;
    for (int i = 0; i < count; i++) {
      pool.hold(blocks[i]);
    }
    return fork;
  }

  /// Whether the token at `position` goes to a block that other tables hold too.
  public boolean isShared(int position) {
    int index = position / BLOCK_TOKENS;
    return index < count && pool.isShared(blocks[index]);
  }

  /// Takes a block of its own in place of one that is shared.
  ///
  /// @return the new block
  int separate(int index) {
    int own = pool.take();
    pool.letGo(blocks[index]);
    blocks[index] = own;
    return own;
  }

  /// Lets go of all blocks, the last one first. A second call does nothing.
  @Override
  public void close() {
    while (count > 0) {
      pool.letGo(blocks[--count]);
    }
    blocks = new int[0];
    known = 0;
    lastKnown = null;
  }

  @Override
  public String toString() {
    return Arrays.toString(Arrays.copyOf(blocks, count));
  }
}
