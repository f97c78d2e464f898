package org.glmspark.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.glmspark.kernel.x86.FloatKernels;
import org.glmspark.tensor.DType;
import org.jspecify.annotations.Nullable;

/// Where the keys and values of one sequence lie, for one key-value head of one layer.
///
/// Token `t` is token `t mod 16` of block `blocks[t / 16]`. Within a block the keys are transposed,
/// `[headSize][16]`, so that attention scores of 16 tokens are the lanes of one register; values
/// are `[headSize / 16][16 tokens][16]`, so that 16 elements of many tokens are read in one run.
/// After the integers of the keys, and after those of the values, of I8 come 16 float32, one scale
/// for each token; its numbers are `float(integer) · scale`, rounded once.
///
/// @param memory all blocks
/// @param dtype F32, F16 or I8
/// @param blocks block numbers in the order of the sequence
/// @param blockBytes bytes from one block to the next
/// @param keyOffset bytes from the start of a block to the keys of this head
/// @param valueOffset bytes from the start of a block to the values of this head
public record KeyValuePages(
    MemorySegment memory,
    DType dtype,
    int[] blocks,
    long blockBytes,
    long keyOffset,
    long valueOffset) {
  /// Tokens of one block.
  public static final int BLOCK_TOKENS = FloatKernels.LINE_FLOATS;

  /// Elements of a value that lie side by side.
  public static final int VALUE_ELEMENTS = FloatKernels.LINE_FLOATS;

  private long block(int number) {
    return blocks[number] * blockBytes;
  }

  /// Widens the keys of one block: `[headSize][16]`.
  ///
  /// @param assembled or null if there is none
  void keys(
      int number, int headSize, float[] target, int offset, @Nullable FloatKernels assembled) {
    long source = block(number) + keyOffset;
    if (dtype == DType.I8) {
      long scales = source + (long) headSize * BLOCK_TOKENS;
      Int8Widening.byColumn(memory, source, scales, target, offset, headSize);
    } else {
      widen(source, target, offset, headSize * BLOCK_TOKENS, assembled);
    }
  }

  /// Widens 16 elements, from `element` on, of the values of one block: `[16 tokens][16]`.
  ///
  /// @param assembled or null if there is none
  void values(
      int number,
      int headSize,
      int element,
      float[] target,
      int offset,
      @Nullable FloatKernels assembled) {
    long values = block(number) + valueOffset;
    long source = values + (long) element * BLOCK_TOKENS * dtype.bytes();
    if (dtype == DType.I8) {
      long scales = values + (long) headSize * BLOCK_TOKENS;
      Int8Widening.byRow(memory, source, scales, target, offset, BLOCK_TOKENS);
    } else {
      widen(source, target, offset, VALUE_ELEMENTS * BLOCK_TOKENS, assembled);
    }
  }

  private void widen(
      long source, float[] target, int offset, int count, @Nullable FloatKernels assembled) {
    if (dtype == DType.F16 && assembled != null && memory.isNative()) {
      long bytes = (long) count * Short.BYTES;
      assembled.widen(memory.asSlice(source, bytes), target, offset, count);
    } else if (dtype == DType.F16) {
      float16(memory, source, target, offset, count);
    } else {
      Widening.apply(memory, source, dtype, target, offset, count);
    }
  }

  /// So plain a loop that the JIT compiles it to the CPU's own conversion, for which the Vector API
  /// has no name. It needs long runs.
  private static void float16(
      MemorySegment memory, long source, float[] target, int offset, int count) {
    for (int i = 0; i < count; i++) {
      short bits = memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, source + (long) Short.BYTES * i);
      target[offset + i] = Float.float16ToFloat(bits);
    }
  }
}
