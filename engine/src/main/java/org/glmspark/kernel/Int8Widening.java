package org.glmspark.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// Scaled bytes to float32, `float(integer) · scale`: one multiplication, rounded once.
///
/// The integers are `[rows][16]`. A scale belongs to a column (keys, whose tokens lie side by side)
/// or to a row (values).
final class Int8Widening {
  private static final int COLUMNS = KeyValuePages.BLOCK_TOKENS;

  /// As many bytes as a register has floats, where there is such a register; otherwise twice as
  /// many.
  private static final VectorSpecies<Byte> BYTES =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, 8 * Lanes.COUNT)));

  private static final boolean TWO_PARTS = BYTES.length() > Lanes.COUNT;

  private Int8Widening() {}

  /// Widens `rows` rows.
  ///
  /// @param source bytes from the start of `memory` to the integers
  /// @param scales bytes from there to the scales, `[16]`
  /// @param target gets `[rows][16]` from `offset` on; nothing else is written
  static void byColumn(
      MemorySegment memory, long source, long scales, float[] target, int offset, int rows) {
    for (int column = 0; column < COLUMNS; column += BYTES.length()) {
      FloatVector first = scales(memory, scales + (long) column * Float.BYTES);
      FloatVector second =
          TWO_PARTS ? scales(memory, scales + (long) (column + Lanes.COUNT) * Float.BYTES) : first;
      for (int row = 0; row < rows; row++) {
        int i = row * COLUMNS + column;
        widen(memory, source + i, first, second, target, offset + i);
      }
    }
  }

  /// Widens `rows` rows.
  ///
  /// @param source bytes from the start of `memory` to the integers
  /// @param scales bytes from there to the scales, `[rows]`
  /// @param target gets `[rows][16]` from `offset` on; nothing else is written
  static void byRow(
      MemorySegment memory, long source, long scales, float[] target, int offset, int rows) {
    for (int row = 0; row < rows; row++) {
      float number =
          memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, scales + (long) row * Float.BYTES);
      FloatVector scale = FloatVector.broadcast(Lanes.FLOATS, number);
      for (int i = row * COLUMNS; i < (row + 1) * COLUMNS; i += BYTES.length()) {
        widen(memory, source + i, scale, scale, target, offset + i);
      }
    }
  }

  private static FloatVector scales(MemorySegment memory, long offset) {
    return FloatVector.fromMemorySegment(Lanes.FLOATS, memory, offset, ByteOrder.nativeOrder());
  }

  /// So small that the JIT inlines it, so that no register becomes an object.
  private static void widen(
      MemorySegment memory,
      long source,
      FloatVector first,
      FloatVector second,
      float[] target,
      int offset) {
    var bytes = ByteVector.fromMemorySegment(BYTES, memory, source, ByteOrder.nativeOrder());
    ((FloatVector) bytes.convertShape(VectorOperators.B2F, Lanes.FLOATS, 0))
        .mul(first)
        .intoArray(target, offset);
    if (TWO_PARTS) {
      ((FloatVector) bytes.convertShape(VectorOperators.B2F, Lanes.FLOATS, 1))
          .mul(second)
          .intoArray(target, offset + Lanes.COUNT);
    }
  }
}
