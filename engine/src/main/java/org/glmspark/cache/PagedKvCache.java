package org.glmspark.cache;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.glmspark.tensor.FloatMatrix;
import org.jspecify.annotations.Nullable;

/// The memory of all blocks, outside the heap or in a temporary file. A block holds 16 tokens of
/// every layer and key-value head:
///
/// ```
/// block:  [layers][keyValueHeads] of { keys [headSize][16], values [headSize / 16][16][16] }
///         of INT8, keys and values are each followed by the scales of the 16 tokens, float32
/// ```
///
/// Keys are transposed so that attention reads one element of 16 tokens as one register. Values lie
/// in panels of 16 elements of 16 tokens, so that it reads some elements of many tokens in one run.
public final class PagedKvCache implements AutoCloseable {
  /// Tokens of one block.
  public static final int BLOCK_TOKENS = 16;

  private static final int VALUE_ELEMENTS = 16;
  private static final int LARGEST_INTEGER = 127;
  private static final float SMALLEST = 0x1p-100f;
  private static final float MAGIC = 0x1.8p23f; // adding it rounds to an integer, half to even

  private final KvCacheType type;
  private final int keyValueHeads;
  private final int headSize;
  private final long blockBytes;
  private final BlockPool pool;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;

  /// A cache in memory.
  ///
  /// @param blocks how many blocks to allocate
  /// @throws OutOfMemoryError if the machine has not that much memory
  public PagedKvCache(KvCacheType type, int layers, int keyValueHeads, int headSize, int blocks) {
    this(
        type, layers, keyValueHeads, headSize, blocks, (bytes, arena) -> arena.allocate(bytes, 64));
  }

  /// A cache in a temporary file, whose pages are in memory as far as there is room. The file is
  /// gone when the cache is closed, and when the process ends.
  ///
  /// @param blocks how many blocks to allocate
  /// @param folder an existing folder, or null for that of the JVM's temporary files
  /// @throws java.io.UncheckedIOException if the disk has no room for it
  public static PagedKvCache inFile(
      KvCacheType type,
      int layers,
      int keyValueHeads,
      int headSize,
      int blocks,
      @Nullable Path folder) {
    return new PagedKvCache(
        type,
        layers,
        keyValueHeads,
        headSize,
        blocks,
        (bytes, arena) -> TemporaryFile.map(folder, bytes, arena));
  }

  @FunctionalInterface
  private interface Allocation {
    MemorySegment allocate(long bytes, Arena arena);
  }

  private PagedKvCache(
      KvCacheType type,
      int layers,
      int keyValueHeads,
      int headSize,
      int blocks,
      Allocation allocation) {
    this.type = type;
    this.keyValueHeads = keyValueHeads;
    this.headSize = headSize;
    this.blockBytes = blockBytes(type, layers, keyValueHeads, headSize);
    this.pool = new BlockPool(blocks);
    try {
      this.memory = allocation.allocate(blocks * blockBytes, arena);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /// Bytes of one block.
  public static long blockBytes(KvCacheType type, int layers, int keyValueHeads, int headSize) {
    return 2L * layers * keyValueHeads * BLOCK_TOKENS * type.headBytes(headSize);
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
    return (long) BLOCK_TOKENS * type.headBytes(headSize);
  }

  /// Stores keys and values of one token, rounded half to even as the cache type says.
  ///
  /// @param x a row with the keys of all key-value heads, then the values, from column `keyColumn`
  ///   on
  /// @return false if a number is too large for the cache type or not finite: the sequence cannot
  ///   go on
  public boolean store(
      int layer, BlockTable table, int position, FloatMatrix x, int row, int keyColumn) {
    long block = table.blocks()[position / BLOCK_TOKENS] * blockBytes;
    int slot = position % BLOCK_TOKENS;
    int key = x.offset(row) + keyColumn;
    boolean finite = true;
    for (int head = 0; head < keyValueHeads; head++) {
      int value = key + keyValueHeads * headSize;
      long keys = block + keyOffset(layer, head);
      long values = block + valueOffset(layer, head);
      finite &= store(keys, slot, slot, BLOCK_TOKENS, x.values(), key);
      finite &= store(values, slot, slot * VALUE_ELEMENTS, 1, x.values(), value);
      key += headSize;
    }
    return finite;
  }

  /// Stores one head of one token. Of every 16 elements, 256 numbers apart in the block, the first
  /// has index `first` and the next is `stride` further on.
  private boolean store(long base, int slot, int first, int stride, float[] x, int source) {
    return switch (type) {
      case FLOAT32 -> storeFloat32(base, first, stride, x, source);
      case FLOAT16 -> storeFloat16(base, first, stride, x, source);
      case INT8 -> storeInt8(base, slot, first, stride, x, source);
    };
  }

  private static long index(int element, int first, int stride) {
    int inPanel = element % VALUE_ELEMENTS;
    return (long) (element - inPanel) * BLOCK_TOKENS + first + (long) inPanel * stride;
  }

  private boolean storeFloat32(long base, int first, int stride, float[] x, int source) {
    boolean finite = true;
    for (int i = 0; i < headSize; i++) {
      float number = x[source + i];
      memory.set(ValueLayout.JAVA_FLOAT, base + index(i, first, stride) * Float.BYTES, number);
      finite &= Float.isFinite(number);
    }
    return finite;
  }

  private boolean storeFloat16(long base, int first, int stride, float[] x, int source) {
    boolean finite = true;
    for (int i = 0; i < headSize; i++) {
      short half = Float.floatToFloat16(x[source + i]);
      memory.set(ValueLayout.JAVA_SHORT, base + index(i, first, stride) * Short.BYTES, half);
      finite &= (half & 0x7c00) != 0x7c00;
    }
    return finite;
  }

  private boolean storeInt8(long base, int slot, int first, int stride, float[] x, int source) {
    float largest = 0;
    for (int i = 0; i < headSize; i++) {
      largest = Math.max(largest, Math.abs(x[source + i])); // no number stays none
    }
    float scale = 0;
    float inverse = 0;
    if (!(largest < SMALLEST)) {
      scale = largest / LARGEST_INTEGER;
      inverse = LARGEST_INTEGER / largest;
    }
    for (int i = 0; i < headSize; i++) {
      float rounded = (x[source + i] * inverse + MAGIC) - MAGIC;
      memory.set(ValueLayout.JAVA_BYTE, base + index(i, first, stride), (byte) (int) rounded);
    }
    long scales = base + (long) headSize * BLOCK_TOKENS;
    memory.set(ValueLayout.JAVA_FLOAT, scales + (long) slot * Float.BYTES, scale);
    return Float.isFinite(LARGEST_INTEGER * scale); // what is read back, too
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
