package org.glmspark.cache;

/// Which blocks of a cache are free. Not for several threads at once.
public final class BlockPool {
  private final int[] free;
  private int count;

  /// @param blocks all of them free at first
  public BlockPool(int blocks) {
    free = new int[blocks];
    count = blocks;
    for (int i = 0; i < blocks; i++) {
      free[i] = blocks - 1 - i;
    }
  }

  /// Blocks in all.
  public int blocks() {
    return free.length;
  }

  /// Blocks nobody holds.
  public int free() {
    return count;
  }

  int take() {
    if (count == 0) {
      throw new IllegalStateException("all %d blocks are taken".formatted(free.length));
    }
    return free[--count];
  }

  void giveBack(int block) {
    free[count++] = block;
  }
}
