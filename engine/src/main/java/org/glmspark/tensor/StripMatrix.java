package org.glmspark.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/// A weight matrix in kernel layout: strips of 16 rows, interleaved so that the 16 values of one
/// column stand side by side.
///
/// `data` holds `[ceil(rows / 16)][columns][16]` values of `dtype`; rows beyond `rows` are zero. A
/// register of 16 float32 lanes then holds one column of 16 rows, and every lane is the accumulator
/// of one output row: no kernel ever adds across lanes, so no vector width changes an order of
/// addition.
///
/// @param name for messages
/// @param dtype F32, F16 or BF16
/// @param rows output size
/// @param columns input size
/// @param data aligned to 64 bytes
public record StripMatrix(String name, DType dtype, int rows, int columns, MemorySegment data) {
  /// Rows of one strip: the lanes of a 512-bit register of float32.
  public static final int STRIP_ROWS = 16;

  private static final int ALIGNMENT = 64;

  /// Columns that go through the heap at once: a multiple of the blocks of every type.
  private static final int BLOCK_COLUMNS = 512;

  public StripMatrix {
    requireFloat(name, dtype);
    long bytes = bytes(dtype, rows, columns);
    if (data.byteSize() != bytes) {
      throw new IllegalArgumentException(
          "%s [%d, %d] of %s takes %d bytes, the segment has %d"
              .formatted(name, rows, columns, dtype, bytes, data.byteSize()));
    }
  }

  /// Strips that hold `rows` rows.
  public static int strips(int rows) {
    return (rows + STRIP_ROWS - 1) / STRIP_ROWS;
  }

  /// Strips of this matrix.
  public int strips() {
    return strips(rows);
  }

  /// Interleaves the rows of one or several stored matrices, one below the other. Parts of one
  /// float type keep it, and every value its bits. Quantised parts, and parts of different types,
  /// become F32, with the values of [StoredMatrix#decode].
  ///
  /// @param name for messages
  /// @param parts matrices `[rows, columns]` of one number of columns
  /// @param arena owns the memory of the result
  public static StripMatrix interleave(
      String name, List<? extends StoredMatrix> parts, Arena arena) {
    StoredMatrix first = parts.getFirst();
    long rows = 0;
    for (StoredMatrix part : parts) {
      requireMatrix(part, first);
      rows += part.shape().getFirst();
    }
    DType dtype = commonFloat(parts);
    int rowCount = Math.toIntExact(rows);
    int columns = Math.toIntExact(first.shape().get(1));
    MemorySegment data = arena.allocate(bytes(dtype, rowCount, columns), ALIGNMENT);
    int row = 0;
    for (StoredMatrix part : parts) {
      int partRows = Math.toIntExact(part.shape().getFirst());
      if (!(part instanceof Tensor tensor) || tensor.dtype() != dtype) {
        interleaveDecoded(part, partRows, columns, data, row);
      } else if (dtype.bytes() == Short.BYTES) {
        interleaveShorts(tensor.data(), partRows, columns, data, row);
      } else {
        interleaveInts(tensor.data(), partRows, columns, data, row);
      }
      row += partRows;
    }
    return new StripMatrix(name, dtype, rowCount, columns, data);
  }

  private static void requireMatrix(StoredMatrix part, StoredMatrix first) {
    if (part instanceof Tensor tensor && !tensor.dtype().decodesToFloats()) {
      throw new IllegalArgumentException(
          "%s: tensor '%s' is %s, expected F32, F16, BF16 or a block type"
              .formatted(part.file(), part.name(), tensor.dtype()));
    }
    if (part.shape().size() != 2 || !part.shape().get(1).equals(first.shape().get(1))) {
      throw new IllegalArgumentException(
          "%s: tensor '%s' is %s, expected a matrix with as many columns as '%s' %s"
              .formatted(part.file(), part.name(), part.shape(), first.name(), first.shape()));
    }
  }

  /// The type in which all parts are kept.
  private static DType commonFloat(List<? extends StoredMatrix> parts) {
    DType first = parts.getFirst().floatType();
    return parts.stream().allMatch(part -> part.floatType() == first) ? first : DType.F32;
  }

  /// A row goes through the heap: reading a mapped file element by element costs several times as
  /// much.
  private static void interleaveShorts(
      MemorySegment source, int rows, int columns, MemorySegment target, int firstRow) {
    short[] line = new short[BLOCK_COLUMNS];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column += BLOCK_COLUMNS) {
        int count = Math.min(BLOCK_COLUMNS, columns - column);
        MemorySegment.copy(
            source,
            ValueLayout.JAVA_SHORT_UNALIGNED,
            ((long) row * columns + column) * 2,
            line,
            0,
            count);
        long element = element(firstRow + row, column, columns);
        for (int i = 0; i < count; i++) {
          target.setAtIndex(ValueLayout.JAVA_SHORT, element + (long) i * STRIP_ROWS, line[i]);
        }
      }
    }
  }

  private static void interleaveInts(
      MemorySegment source, int rows, int columns, MemorySegment target, int firstRow) {
    int[] line = new int[BLOCK_COLUMNS];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column += BLOCK_COLUMNS) {
        int count = Math.min(BLOCK_COLUMNS, columns - column);
        MemorySegment.copy(
            source,
            ValueLayout.JAVA_INT_UNALIGNED,
            ((long) row * columns + column) * 4,
            line,
            0,
            count);
        long element = element(firstRow + row, column, columns);
        for (int i = 0; i < count; i++) {
          target.setAtIndex(ValueLayout.JAVA_INT, element + (long) i * STRIP_ROWS, line[i]);
        }
      }
    }
  }

  private static void interleaveDecoded(
      StoredMatrix source, int rows, int columns, MemorySegment target, int firstRow) {
    float[] line = new float[BLOCK_COLUMNS];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column += BLOCK_COLUMNS) {
        int count = Math.min(BLOCK_COLUMNS, columns - column);
        source.decode((long) row * columns + column, count, line, 0);
        long element = element(firstRow + row, column, columns);
        for (int i = 0; i < count; i++) {
          target.setAtIndex(ValueLayout.JAVA_FLOAT, element + (long) i * STRIP_ROWS, line[i]);
        }
      }
    }
  }

  private static long element(int row, int column, int columns) {
    return ((long) (row / STRIP_ROWS) * columns + column) * STRIP_ROWS + row % STRIP_ROWS;
  }

  private static long bytes(DType dtype, int rows, int columns) {
    return (long) strips(rows) * STRIP_ROWS * columns * dtype.bytes();
  }

  private static void requireFloat(String name, DType dtype) {
    if (dtype != DType.F32 && dtype != DType.F16 && dtype != DType.BF16) {
      throw new IllegalArgumentException(
          "%s is stored as %s, expected F32, F16 or BF16".formatted(name, dtype));
    }
  }
}
