package org.glmspark.cache;

import java.util.Arrays;

/// The blocks of one sequence, in the order of its tokens. Not for several threads at once.
public final class BlockTable implements AutoCloseable {
  private final BlockPool pool;
  private int[] blocks = new int[0];

  private BlockTable(BlockPool pool) {
    this.pool = pool;
  }

  /// Takes the blocks for a sequence of up to `tokens` tokens.
  ///
  /// @throws IllegalStateException if the pool has too few; then none is taken
  public static BlockTable reserve(BlockPool pool, int tokens) {
    int count = blocksFor(tokens);
    if (count > pool.free()) {
      throw new IllegalStateException("%d blocks wanted, %d free".formatted(count, pool.free()));
    }
    BlockTable table = new BlockTable(pool);
    table.blocks = new int[count];
    for (int i = 0; i < count; i++) {
      table.blocks[i] = pool.take();
    }
    return table;
  }

  /// Blocks that `tokens` tokens fill.
  public static int blocksFor(int tokens) {
    return Math.ceilDiv(tokens, PagedKvCache.BLOCK_TOKENS);
  }

  /// Block numbers. Shared, not copied.
  public int[] blocks() {
    return blocks;
  }

  /// Gives all blocks back to the pool. A second call does nothing.
  @Override
  public void close() {
    for (int block : blocks) {
      pool.giveBack(block);
    }
    blocks = new int[0];
  }

  @Override
  public String toString() {
    return Arrays.toString(blocks);
  }
}
