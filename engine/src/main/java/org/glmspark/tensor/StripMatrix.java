package org.glmspark.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Objects;

/// A weight matrix in kernel layout: strips of 16 rows, interleaved so that what is multiplied with
/// one activation stands side by side. The lanes of a 512-bit register are then 16 rows, and every
/// lane is the accumulator of one output row: no kernel ever adds across lanes, so no vector width
/// changes an order of addition.
///
/// Float types: `[strips][columns][16]` values.
///
/// Quantised types: `[strips][ceil(columns / 32)]` blocks, each of
///
/// | | Q8 | Q4 | Q4M |
/// |---|---|---|---|
/// | registers of 64 bytes | 8 | 4 | 4 |
/// | 16 float16 scales | 32 bytes | 32 bytes | 32 bytes |
/// | 16 float16 minimums | | | 32 bytes |
/// | together | 544 bytes | 288 bytes | 320 bytes |
///
/// Row r has the bytes 4r to 4r + 3 of every register. In Q8, register i holds columns 4i to 4i + 3
/// of the block; in Q4 and Q4M its low nibbles hold columns 4i to 4i + 3, its high nibbles columns
/// 16 + 4i to 16 + 4i + 3. Integers are unsigned, [WeightType] says what they stand for.
///
/// Rows beyond `rows` are zero bytes; columns that fill up the last block have value 0, in Q4M the
/// integer 0. Numbers are little-endian.
///
/// @param name for messages
/// @param type how values are kept
/// @param rows output size
/// @param columns input size
/// @param data aligned to 64 bytes
public record StripMatrix(String name, WeightType type, int rows, int columns, MemorySegment data) {
  /// Rows of one strip: the lanes of a 512-bit register of float32.
  public static final int STRIP_ROWS = 16;

  /// Columns of a block of the quantised types.
  public static final int BLOCK_COLUMNS = 32;

  private static final int ALIGNMENT = 64;
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  public StripMatrix {
    if (rows < 1 || columns < 1) {
      throw new IllegalArgumentException("%s is [%d, %d]".formatted(name, rows, columns));
    }
    long bytes = strips(rows) * type.stripBytes(columns);
    if (data.byteSize() != bytes) {
      throw new IllegalArgumentException(
          "%s [%d, %d] of %s takes %d bytes, the segment has %d"
              .formatted(name, rows, columns, type.optionName(), bytes, data.byteSize()));
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

  /// Where a strip starts in [#data], in bytes.
  public long stripOffset(int strip) {
    return strip * type.stripBytes(columns);
  }

  /// Interleaves the rows of one or several stored matrices, one below the other; see
  /// [#writeStrips].
  ///
  /// @param name for messages
  /// @param parts matrices `[rows, columns]` of one number of columns
  /// @param type of the result; [WeightType#common] keeps the values
  /// @param arena owns the memory of the result
  public static StripMatrix interleave(
      String name, List<? extends StoredMatrix> parts, WeightType type, Arena arena) {
    StripWriter writer = new StripWriter(parts, type);
    int strips = strips(writer.rows());
    MemorySegment data = arena.allocate(strips * type.stripBytes(writer.columns()), ALIGNMENT);
    writer.write(0, strips, data);
    return new StripMatrix(name, type, writer.rows(), writer.columns(), data);
  }

  /// Writes some strips of the matrix that stored matrices make, one below the other. Threads may
  /// write disjoint strips of one matrix at the same time; the scratch of a call is about 64 KiB,
  /// whatever the sizes.
  ///
  /// Values are exact where the type holds them: a float of the same type keeps its bits, F32 holds
  /// every value that [StoredMatrix#decode] gives, and integers with their float16 scales keep both
  /// (Q4_0 and INT4 as Q4 and as Q8, Q8_0 and INT8 as Q8, Q4_1 as Q4M). Q4_K becomes Q4M with the
  /// scale and minimum of each 32 columns rounded to float16. All else is decoded and rounded to
  /// the type, half to even, or quantised by [BlockQuantizer].
  ///
  /// @param parts matrices `[rows, columns]` of one number of columns
  /// @param type of the result
  /// @param firstStrip the first strip to write
  /// @param endStrip the first not to write
  /// @param target of exactly as many bytes as these strips take
  /// @throws NonFiniteWeightException if a scale is not finite, or a value has no finite
  ///   representation in the type; a float that keeps its bits may be anything
  /// @throws IllegalArgumentException if parts, strips or sizes do not fit
  public static void writeStrips(
      List<? extends StoredMatrix> parts,
      WeightType type,
      int firstStrip,
      int endStrip,
      MemorySegment target) {
    new StripWriter(parts, type).write(firstStrip, endStrip, target);
  }

  /// Some values of one row as floats.
  ///
  /// @param out gets `count` floats from `offset` on; nothing else is written
  /// @throws IndexOutOfBoundsException if the matrix has no such values or `out` no such places
  public void decodeRow(int row, int firstColumn, int count, float[] out, int offset) {
    Objects.checkIndex(row, rows);
    Objects.checkFromIndexSize(firstColumn, count, columns);
    Objects.checkFromIndexSize(offset, count, out.length);
    long strip = stripOffset(row / STRIP_ROWS);
    int lane = row % STRIP_ROWS;
    for (int i = 0; i < count; i++) {
      out[offset + i] = value(strip, lane, firstColumn + i);
    }
  }

  private float value(long strip, int lane, int column) {
    long element = (long) column * STRIP_ROWS + lane;
    return switch (type) {
      case F32 -> data.get(FLOAT, strip + 4 * element);
      case F16 -> half(strip + 2 * element);
      case BF16 -> Float.intBitsToFloat(data.get(SHORT, strip + 2 * element) << Short.SIZE);
      case Q8, Q4, Q4M -> {
        long block = strip + (long) (column / BLOCK_COLUMNS) * type.stripBlockBytes();
        yield quantizedValue(block, lane, column % BLOCK_COLUMNS);
      }
    };
  }

  private float quantizedValue(long block, int lane, int column) {
    int places = type == WeightType.Q8 ? 32 : 16; // columns with a byte of their own
    int place = column % places;
    int bits = data.get(ValueLayout.JAVA_BYTE, block + (place / 4 * 64 + 4 * lane + place % 4));
    int integer = type == WeightType.Q8 ? bits & 255 : column < 16 ? bits & 15 : bits >> 4 & 15;
    long scale = block + (places * STRIP_ROWS + 2 * lane);
    return switch (type) {
      case Q8 -> (integer - 128) * half(scale);
      case Q4 -> (integer - 8) * half(scale);
      case Q4M -> integer * half(scale) + half(scale + 2L * STRIP_ROWS);
      case F32, F16, BF16 -> throw new AssertionError(type);
    };
  }

  private float half(long offset) {
    return Float.float16ToFloat(data.get(SHORT, offset));
  }
}
