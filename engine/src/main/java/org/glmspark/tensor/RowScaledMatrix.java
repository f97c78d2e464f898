package org.glmspark.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Objects;

/// Integers of 8 or 4 bits with one scale for each row, `value = scale · q`, as the official
/// ChatGLM checkpoints of `quantization_bit` 8 and 4 have them. No product rounds.
///
/// A byte of 4-bit integers holds the even column in its high half and the odd one in its low half,
/// both in two's complement.
///
/// Source: `quantization.py` of ChatGLM2-6B-INT4.
///
/// @param weight I8 `[rows, columns · bits / 8]`
/// @param scales F32, F16 or BF16 `[rows]`
/// @param bits 8 or 4
public record RowScaledMatrix(Tensor weight, Tensor scales, int bits) implements StoredMatrix {
  public RowScaledMatrix {
    if ((bits != 8 && bits != 4) || weight.dtype() != DType.I8 || weight.shape().size() != 2) {
      throw new IllegalArgumentException(
          "%s: tensor '%s' is %s %s of %d bits, expected a matrix of I8 that holds 8 or 4 bits"
              .formatted(weight.file(), weight.name(), weight.dtype(), weight.shape(), bits));
    }
    if (!scales.shape().equals(weight.shape().subList(0, 1))) {
      throw new IllegalArgumentException(
          "%s: tensor '%s' is %s, expected one scale for each row of '%s' %s"
              .formatted(
                  scales.file(), scales.name(), scales.shape(), weight.name(), weight.shape()));
    }
  }

  @Override
  public String name() {
    return weight.name();
  }

  @Override
  public String file() {
    return weight.file();
  }

  @Override
  public List<Long> shape() {
    return List.of(weight.shape().getFirst(), columns());
  }

  private long columns() {
    return weight.shape().getLast() * (Byte.SIZE / bits);
  }

  @Override
  public List<Tensor> tensors() {
    return List.of(weight, scales);
  }

  @Override
  public WeightType weightType() {
    return bits == 8 ? WeightType.Q8 : WeightType.Q4;
  }

  /// Some values of one row as floats.
  ///
  /// @param firstElement counted over all rows; even where there are 4 bits
  /// @param count within the row
  @Override
  public void decode(long firstElement, int count, float[] out, int offset) {
    long columns = columns();
    Objects.checkFromIndexSize(firstElement, (long) count, weight.shape().getFirst() * columns);
    int perByte = Byte.SIZE / bits;
    if (firstElement % columns + count > columns || firstElement % perByte != 0) {
      throw new IllegalArgumentException(
          "%d values from %d on, expected values of one row of %d, from a whole byte on"
              .formatted(count, firstElement, columns));
    }
    float[] scale = new float[1];
    scales.decode(firstElement / columns, 1, scale, 0);
    byte[] integers = new byte[count];
    integers(firstElement / columns, Math.toIntExact(firstElement % columns), count, integers);
    for (int i = 0; i < count; i++) {
      out[offset + i] = scale[0] * integers[i];
    }
  }

  /// Some integers of one row.
  ///
  /// @param firstColumn even where there are 4 bits
  /// @param out gets `count` integers
  void integers(long row, int firstColumn, int count, byte[] out) {
    int perByte = Byte.SIZE / bits;
    long start = (row * columns() + firstColumn) / perByte;
    if (bits == 8) {
      MemorySegment.copy(weight.data(), ValueLayout.JAVA_BYTE, start, out, 0, count);
      return;
    }
    byte[] pairs = new byte[Math.ceilDiv(count, perByte)];
    MemorySegment.copy(weight.data(), ValueLayout.JAVA_BYTE, start, pairs, 0, pairs.length);
    for (int i = 0; i < count; i++) {
      int pair = pairs[i / 2];
      out[i] = (byte) ((i % 2 == 0 ? pair : (byte) (pair << 4)) >> 4);
    }
  }
}
