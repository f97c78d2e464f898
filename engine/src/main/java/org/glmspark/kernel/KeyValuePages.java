package org.glmspark.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import org.glmspark.tensor.DType;

/// Where the keys and values of one sequence lie, for one key-value head of one layer.
///
/// Token `t` is token `t mod 16` of block `blocks[t / 16]`. Within a block the keys are transposed,
/// `[headSize][16]`, so that attention scores of 16 tokens are the lanes of one register; values
/// are `[16][headSize]`.
///
/// @param memory all blocks
/// @param dtype F32 or F16
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
  public static final int BLOCK_TOKENS = 16;

  private long block(int number) {
    return blocks[number] * blockBytes;
  }

  /// Widens the keys of one block: `[headSize][16]`.
  void keys(int number, int headSize, float[] target, int offset) {
    widen(block(number) + keyOffset, target, offset, headSize * BLOCK_TOKENS);
  }

  /// Widens elements `element` to before `element + width`, as far as a head has them, of the
  /// values of one block: `[16][width]`.
  void values(int number, int headSize, int element, int width, float[] target, int offset) {
    long source = block(number) + valueOffset + (long) element * dtype.bytes();
    long rowBytes = (long) headSize * dtype.bytes();
    int count = Math.min(width, headSize - element);
    if (dtype == DType.F16) {
      for (int token = 0; token < BLOCK_TOKENS; token++) {
        for (int i = 0; i < count; i += Lanes.COUNT) {
          float16(memory, source + token * rowBytes + (long) Short.BYTES * i)
              .intoArray(target, offset + token * width + i);
        }
      }
    } else {
      for (int token = 0; token < BLOCK_TOKENS; token++) {
        Widening.apply(
            memory, source + token * rowBytes, dtype, target, offset + token * width, count);
      }
    }
  }

  private void widen(long source, float[] target, int offset, int count) {
    if (dtype == DType.F16) {
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

  /// One register of float16, which are finite in the cache.
  private static FloatVector float16(MemorySegment memory, long source) {
    IntVector half =
        (IntVector)
            ShortVector.fromMemorySegment(Lanes.SHORTS, memory, source, ByteOrder.nativeOrder())
                .convertShape(VectorOperators.S2I, Lanes.INTS, 0);
    // Sign and magnitude shifted into place are a float with a smaller bias, mended by one exact
    // multiplication.
    return half.lanewise(VectorOperators.LSHL, 13)
        .and(0x8fff_e000)
        .reinterpretAsFloats()
        .mul(0x1p112f);
  }
}
