package org.glmspark.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.FloatMatrix;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.Tensor;

/// Random inputs for kernel tests.
final class TestMatrices {
  private TestMatrices() {}

  static FloatMatrix gaussian(Random random, int rows, int columns) {
    FloatMatrix matrix = new FloatMatrix(rows, columns);
    Arrays.fill(matrix.values(), Float.NaN); // padding must never be read as a value
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        matrix.values()[matrix.offset(row) + column] = (float) random.nextGaussian();
      }
    }
    return matrix;
  }

  static float[] gaussian(Random random, int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  static float[] row(FloatMatrix matrix, int row) {
    int offset = matrix.offset(row);
    return Arrays.copyOfRange(matrix.values(), offset, offset + matrix.columns());
  }

  /// A stored matrix whose values are those of `values` rounded to `dtype`; `values` gets the
  /// rounded ones.
  static StripMatrix stored(DType dtype, float[][] values, Arena arena) {
    int rows = values.length;
    int columns = values[0].length;
    MemorySegment data = arena.allocate((long) rows * columns * dtype.bytes());
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        long index = (long) row * columns + column;
        float value = values[row][column];
        switch (dtype) {
          case F32 -> data.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, index, value);
          case F16 -> {
            short half = Float.floatToFloat16(value);
            data.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, index, half);
            values[row][column] = Float.float16ToFloat(half);
          }
          case BF16 -> {
            int bits = Float.floatToRawIntBits(value) >>> 16;
            data.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, index, (short) bits);
            values[row][column] = Float.intBitsToFloat(bits << 16);
          }
          default -> throw new IllegalArgumentException(dtype.toString());
        }
      }
    }
    Tensor tensor = new Tensor("w", "test", dtype, List.of((long) rows, (long) columns), data);
    return StripMatrix.interleave("w", List.of(tensor), tensor.weightType(), arena);
  }
}
