package org.glmspark.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// Quantised weights that change their place and keep their integers and scales. [QuantizedBlocks]
/// and [RowScaledMatrix] describe the stored forms.
///
/// Only Q4_K rounds: the scale `d · scale` and the minimum `-dmin · minimum` of each 32 columns, to
/// float16.
final class LosslessBlocks {
  private LosslessBlocks() {}

  /// Reads some columns of a row.
  ///
  /// @param column the first, a multiple of the stored blocks
  /// @param count of columns; what is left of the last block gets value 0
  /// @param type the quantised type to write
  /// @return false, with nothing read, if `type` cannot hold the integers of this matrix
  static boolean read(
      StoredMatrix matrix, int row, int column, int count, WeightType type, QuantizedLine line) {
    WeightType stored = matrix.weightType();
    if (stored != type && !(stored == WeightType.Q4 && type == WeightType.Q8)) {
      return false;
    }
    switch (matrix) {
      case RowScaledMatrix scaled -> readRowScaled(scaled, row, column, count, line);
      case Tensor tensor -> {
        if (!readBlocks(tensor, row, column, count, line)) {
          return false;
        }
      }
    }
    if (stored != type) {
      widen(line);
    }
    return true;
  }

  /// 4-bit integers with offset 8 to 8-bit ones with offset 128.
  private static void widen(QuantizedLine line) {
    for (int i = 0; i < line.integers.length; i++) {
      line.integers[i] = (byte) (line.integers[i] + 128 - 8);
    }
  }

  private static void readRowScaled(
      RowScaledMatrix matrix, int row, int column, int count, QuantizedLine line) {
    int offset = 1 << (matrix.bits() - 1);
    Arrays.fill(line.integers, (byte) 0);
    matrix.integers(row, column, count, line.integers);
    for (int i = 0; i < line.integers.length; i++) {
      line.integers[i] = (byte) (line.integers[i] + offset);
    }
    float[] scale = new float[1];
    matrix.scales().decode(row, 1, scale, 0);
    Arrays.fill(line.scales, Float.floatToFloat16(scale[0]));
  }

  private static boolean readBlocks(
      Tensor tensor, int row, int column, int count, QuantizedLine line) {
    DType dtype = tensor.dtype();
    if (dtype != DType.Q4_0 && dtype != DType.Q4_1 && dtype != DType.Q8_0 && dtype != DType.Q4_K) {
      return false;
    }
    int blocks = count / dtype.blockElements();
    byte[] bytes = new byte[blocks * dtype.blockBytes()];
    long element = row * tensor.shape().getLast() + column;
    long start = element / dtype.blockElements() * dtype.blockBytes();
    MemorySegment.copy(tensor.data(), ValueLayout.JAVA_BYTE, start, bytes, 0, bytes.length);
    switch (dtype) {
      case Q4_0 -> q4(bytes, blocks, 2, line);
      case Q4_1 -> {
        q4(bytes, blocks, 4, line);
        for (int block = 0; block < blocks; block++) {
          line.minimums[block] = QuantizedBlocks.int16(bytes, block * 20 + 2);
        }
      }
      case Q8_0 -> q8(bytes, blocks, line);
      case Q4_K -> q4K(bytes, blocks, line);
      default -> throw new AssertionError(dtype);
    }
    return true;
  }

  /// Q4_0 and Q4_1: a scale, what else there is up to `header`, 16 bytes of nibbles.
  private static void q4(byte[] bytes, int blocks, int header, QuantizedLine line) {
    for (int block = 0; block < blocks; block++) {
      int at = block * (header + 16);
      line.scales[block] = QuantizedBlocks.int16(bytes, at);
      for (int j = 0; j < 16; j++) {
        int pair = bytes[at + header + j];
        line.integers[32 * block + j] = (byte) (pair & 15);
        line.integers[32 * block + 16 + j] = (byte) (pair >> 4 & 15);
      }
    }
  }

  private static void q8(byte[] bytes, int blocks, QuantizedLine line) {
    for (int block = 0; block < blocks; block++) {
      int at = block * 34;
      line.scales[block] = QuantizedBlocks.int16(bytes, at);
      for (int j = 0; j < 32; j++) {
        line.integers[32 * block + j] = (byte) (bytes[at + 2 + j] + 128);
      }
    }
  }

  private static void q4K(byte[] bytes, int blocks, QuantizedLine line) {
    for (int block = 0; block < blocks; block++) {
      int at = block * 144;
      float d = Float.float16ToFloat(QuantizedBlocks.int16(bytes, at));
      float dmin = Float.float16ToFloat(QuantizedBlocks.int16(bytes, at + 2));
      for (int group = 0; group < 8; group++) {
        float scale = d * QuantizedBlocks.scale(bytes, at + 4, group);
        float minimum = -dmin * QuantizedBlocks.minimum(bytes, at + 4, group);
        line.scales[8 * block + group] = Float.floatToFloat16(scale);
        line.minimums[8 * block + group] = Float.floatToFloat16(minimum);
        int shift = group % 2 * 4;
        int qs = at + 16 + group / 2 * 32;
        for (int l = 0; l < 32; l++) {
          line.integers[256 * block + 32 * group + l] = (byte) (bytes[qs + l] >> shift & 15);
        }
      }
    }
  }
}
