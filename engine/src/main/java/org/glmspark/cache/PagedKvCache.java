package org.glmspark.cache;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.glmspark.tensor.FloatMatrix;

/// The memory of all blocks, off heap. A block holds 16 tokens of every layer and key-value head:
///
/// ```
/// block:  [layers][keyValueHeads] of { keys [headSize][16], values [headSize / 16][16][16] }
/// ```
///
/// Keys are transposed so that attention reads one element of 16 tokens as one register. Values lie
/// in panels of 16 elements of 16 tokens, so that it reads some elements of many tokens in one run.
public final class PagedKvCache implements AutoCloseable {
  /// Tokens of one block.
  public static final int BLOCK_TOKENS = 16;

  private static final int VALUE_ELEMENTS = 16;

  private final KvCacheType type;
  private final int keyValueHeads;
  private final int headSize;
  private final long blockBytes;
  private final BlockPool pool;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;

  /// @param blocks how many blocks to allocate
  /// @throws OutOfMemoryError if the machine has not that much memory
  public PagedKvCache(KvCacheType type, int layers, int keyValueHeads, int headSize, int blocks) {
    this.type = type;
    this.keyValueHeads = keyValueHeads;
    this.headSize = headSize;
    this.blockBytes = blockBytes(type, layers, keyValueHeads, headSize);
    this.pool = new BlockPool(blocks);
    this.memory = arena.allocate(blocks * blockBytes, 64);
  }

  /// Bytes of one block.
  public static long blockBytes(KvCacheType type, int layers, int keyValueHeads, int headSize) {
    return 2L * layers * keyValueHeads * headSize * BLOCK_TOKENS * type.dtype().bytes();
  }

  public KvCacheType type() {
    return type;
  }

  /// The free blocks.
  public BlockPool pool() {
    return pool;
  }

  /// All blocks, one after the other.
  public MemorySegment memory() {
    return memory;
  }

  /// Bytes from one block to the next.
  public long blockBytes() {
    return blockBytes;
  }

  /// Bytes from the start of a block to the keys of a head: `[headSize][16]`.
  public long keyOffset(int layer, int head) {
    return 2L * (layer * keyValueHeads + head) * headBytes();
  }

  /// Bytes from the start of a block to the values of a head: `[headSize / 16][16 tokens][16]`.
  public long valueOffset(int layer, int head) {
    return keyOffset(layer, head) + headBytes();
  }

  private long headBytes() {
    return (long) headSize * BLOCK_TOKENS * type.dtype().bytes();
  }

  /// Stores keys and values of one token, rounded half to even.
  ///
  /// @param x a row with the keys of all key-value heads, then the values, from column `keyColumn`
  ///   on
  /// @return false if a number is too large for the cache type or not finite: the sequence cannot
  ///   go on
  public boolean store(
      int layer, BlockTable table, int position, FloatMatrix x, int row, int keyColumn) {
    long block = table.blocks()[position / BLOCK_TOKENS] * blockBytes;
    int slot = position % BLOCK_TOKENS;
    int source = x.offset(row) + keyColumn;
    boolean finite = true;
    for (int head = 0; head < keyValueHeads; head++) {
      int key = source + head * headSize;
      int value = key + keyValueHeads * headSize;
      long keys = block + keyOffset(layer, head);
      long values = block + valueOffset(layer, head);
      for (int i = 0; i < headSize; i++) {
        finite &= store(keys, i * BLOCK_TOKENS + slot, x.values()[key + i]);
        int panel = i / VALUE_ELEMENTS * VALUE_ELEMENTS;
        int index = panel * BLOCK_TOKENS + slot * VALUE_ELEMENTS + i - panel;
        finite &= store(values, index, x.values()[value + i]);
      }
    }
    return finite;
  }

  private boolean store(long base, int index, float number) {
    return switch (type) {
      case FLOAT32 -> {
        memory.set(ValueLayout.JAVA_FLOAT, base + (long) index * Float.BYTES, number);
        yield Float.isFinite(number);
      }
      case FLOAT16 -> {
        short half = Float.floatToFloat16(number);
        memory.set(ValueLayout.JAVA_SHORT, base + (long) index * Short.BYTES, half);
        yield (half & 0x7c00) != 0x7c00;
      }
    };
  }

  /// Gives a table a block of its own, with the same content, for a token that goes to one it
  /// shares with others. Does nothing where it shares none.
  ///
  /// @throws IllegalStateException if no block is free
  public void makeWritable(BlockTable table, int position) {
    if (table.isShared(position)) {
      int index = position / BLOCK_TOKENS;
      long source = table.blocks()[index] * blockBytes;
      long target = table.separate(index) * blockBytes;
      MemorySegment.copy(memory, source, memory, target, blockBytes);
    }
  }

  /// Frees the memory. No thread may use the cache any more.
  @Override
  public void close() {
    arena.close();
  }
}
