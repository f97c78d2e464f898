package org.glmspark.tensor;

/// Some columns of one row as integers with a scale for each block of 32, on the way from a stored
/// matrix to a strip.
final class QuantizedLine {
  private static final int BLOCK_COLUMNS = StripMatrix.BLOCK_COLUMNS;

  /// One for each column, unsigned, as [WeightType] means them.
  final byte[] integers;

  /// Float16, one for each block.
  final short[] scales;

  /// Float16, one for each block; of no meaning but in Q4M.
  final short[] minimums;

  QuantizedLine(int columns) {
    integers = new byte[columns];
    scales = new short[columns / BLOCK_COLUMNS];
    minimums = new short[columns / BLOCK_COLUMNS];
  }

  /// Writes the first blocks to one row of a strip.
  ///
  /// @param lane the row within the strip
  /// @param strip gets the row's bytes, from its start on
  void interleave(WeightType type, int blocks, int lane, byte[] strip) {
    for (int block = 0; block < blocks; block++) {
      int first = block * BLOCK_COLUMNS;
      int target = block * type.stripBlockBytes();
      int places = type == WeightType.Q8 ? 32 : 16; // columns with a byte of their own
      for (int i = 0; i < places; i++) {
        int bits = integers[first + i];
        strip[target + i / 4 * 64 + 4 * lane + i % 4] =
            (byte) (type == WeightType.Q8 ? bits : bits | integers[first + 16 + i] << 4);
      }
      int scale = target + places * StripMatrix.STRIP_ROWS + 2 * lane;
      putShort(strip, scale, scales[block]);
      if (type == WeightType.Q4M) {
        putShort(strip, scale + 2 * StripMatrix.STRIP_ROWS, minimums[block]);
      }
    }
  }

  private static void putShort(byte[] bytes, int at, short value) {
    bytes[at] = (byte) value;
    bytes[at + 1] = (byte) (value >> 8);
  }
}
