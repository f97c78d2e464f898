package org.glmspark.pack;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.Tensor;
import org.glmspark.tensor.WeightType;
import org.jspecify.annotations.Nullable;

/// Rows of a table in a smaller type than they are stored in. Values are rounded as those of a
/// matrix are, by [StripMatrix#writeStrips], and then taken apart into rows again: what has the
/// type Q8 in a strip has Q8_0 in a row, Q4 has Q4_0 and Q4M has Q4_1, integer for integer.
final class TableRows {
  private static final int STRIP_ROWS = StripMatrix.STRIP_ROWS;

  private TableRows() {}

  /// The type that a table gets: that of the matrices if it takes less room, otherwise its own. So
  /// a table that is quantised already is never quantised again without need.
  ///
  /// @param weights null to keep it as it is
  static DType type(Tensor table, @Nullable WeightType weights) {
    if (weights == null) {
      return table.dtype();
    }
    DType type = rowType(weights);
    boolean wholeBlocks = table.shape().getLast() % type.blockElements() == 0;
    return wholeBlocks && type.bytes(table.shape()) < table.data().byteSize()
        ? type
        : table.dtype();
  }

  private static DType rowType(WeightType type) {
    return switch (type) {
      case F32 -> DType.F32;
      case F16 -> DType.F16;
      case BF16 -> DType.BF16;
      case Q8 -> DType.Q8_0;
      case Q4 -> DType.Q4_0;
      case Q4M -> DType.Q4_1;
    };
  }

  /// Writes the rows of some strips.
  ///
  /// @param firstStrip the first 16 rows to write, `endStrip` the first not to write
  /// @param strips scratch of exactly the bytes of so many strips
  /// @param target of exactly the bytes of these rows
  static void write(
      Tensor table,
      WeightType type,
      int firstStrip,
      int endStrip,
      MemorySegment strips,
      MemorySegment target) {
    StripMatrix.writeStrips(List.of(table), type, firstStrip, endStrip, strips);
    int columns = Math.toIntExact(table.shape().getLast());
    int rows = Math.toIntExact(table.shape().getFirst());
    int firstRow = firstStrip * STRIP_ROWS;
    int count = Math.min(rows, endStrip * STRIP_ROWS) - firstRow;
    byte[] strip = new byte[Math.toIntExact(type.stripBytes(columns))];
    byte[] row = new byte[strip.length / STRIP_ROWS];
    for (int i = 0; i < count; i++) {
      if (i % STRIP_ROWS == 0) {
        long start = (long) (i / STRIP_ROWS) * strip.length;
        MemorySegment.copy(strips, ValueLayout.JAVA_BYTE, start, strip, 0, strip.length);
      }
      takeApart(strip, i % STRIP_ROWS, type, row);
      MemorySegment.copy(row, 0, target, ValueLayout.JAVA_BYTE, (long) i * row.length, row.length);
    }
  }

  private static void takeApart(byte[] strip, int lane, WeightType type, byte[] row) {
    int blockBytes = type.stripBlockBytes() / STRIP_ROWS;
    int blocks = row.length / blockBytes;
    for (int block = 0; block < blocks; block++) {
      int from = block * type.stripBlockBytes();
      int to = block * blockBytes;
      switch (type) {
        case F32, F16, BF16 ->
            System.arraycopy(strip, from + lane * blockBytes, row, to, blockBytes);
        case Q8 -> {
          copyShort(strip, from + 32 * STRIP_ROWS, lane, row, to);
          for (int i = 0; i < 32; i++) {
            row[to + 2 + i] = (byte) (strip[from + place(i, lane)] - 128);
          }
        }
        case Q4 -> {
          copyShort(strip, from + 16 * STRIP_ROWS, lane, row, to);
          copyNibbles(strip, from, lane, row, to + 2);
        }
        case Q4M -> {
          copyShort(strip, from + 16 * STRIP_ROWS, lane, row, to);
          copyShort(strip, from + 18 * STRIP_ROWS, lane, row, to + 2);
          copyNibbles(strip, from, lane, row, to + 4);
        }
      }
    }
  }

  /// Where the byte of a column, or of a pair of columns, stands in a block of 16 rows.
  private static int place(int i, int lane) {
    return i / 4 * 64 + 4 * lane + i % 4;
  }

  private static void copyShort(byte[] strip, int from, int lane, byte[] row, int to) {
    System.arraycopy(strip, from + 2 * lane, row, to, 2);
  }

  private static void copyNibbles(byte[] strip, int from, int lane, byte[] row, int to) {
    for (int i = 0; i < 16; i++) {
      row[to + i] = strip[from + place(i, lane)];
    }
  }
}
