package org.glmspark.tensor;

import java.util.List;
import java.util.Locale;

/// How a weight matrix is kept for the kernels. [StripMatrix] says where each value lies.
///
/// The quantised types share a float16 scale among the 32 columns of a block of one row:
/// - `Q8`: `(q - 128) · scale` with q of 8 bits
/// - `Q4`: `(q - 8) · scale` with q of 4 bits
/// - `Q4M`: `q · scale + minimum` with q of 4 bits and a float16 minimum
public enum WeightType {
  F32(1, 4),
  F16(1, 2),
  BF16(1, 2),
  Q8(32, 32 + 2),
  Q4(32, 16 + 2),
  Q4M(32, 16 + 2 + 2);

  private final int blockColumns;
  private final int blockBytes;

  WeightType(int blockColumns, int blockBytes) {
    this.blockColumns = blockColumns;
    this.blockBytes = blockBytes;
  }

  /// The name in options and files: `q4m`.
  public String optionName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// Whether values are integers of a few bits that share a scale.
  public boolean isQuantized() {
    return blockColumns > 1;
  }

  /// The bytes of one block of the 16 rows of a strip; of one column, if each value stands for
  /// itself.
  public int stripBlockBytes() {
    return blockBytes * StripMatrix.STRIP_ROWS;
  }

  /// Blocks of a row. The last one is padded with zeros to 32 columns.
  public int blocks(int columns) {
    return Math.ceilDiv(columns, blockColumns);
  }

  /// The bytes of one strip of 16 rows.
  public long stripBytes(int columns) {
    return (long) blocks(columns) * stripBlockBytes();
  }

  /// The type in which stored matrices, one below the other, keep their values: their own, if they
  /// have one in common; F32 for floats of different types; Q8 for quantised ones of different
  /// types, which holds 4-bit values without a minimum exactly and rounds the others to 8 bits.
  public static WeightType common(List<? extends StoredMatrix> parts) {
    WeightType first = parts.getFirst().weightType();
    if (parts.stream().allMatch(part -> part.weightType() == first)) {
      return first;
    }
    return parts.stream().allMatch(part -> part.weightType().isQuantized()) ? Q8 : F32;
  }

  /// The float type in which stored matrices, one below the other, keep their values: their own, if
  /// they have one in common, otherwise F32.
  public static WeightType commonFloat(List<? extends StoredMatrix> parts) {
    WeightType common = common(parts);
    return common.isQuantized() ? F32 : common;
  }
}
