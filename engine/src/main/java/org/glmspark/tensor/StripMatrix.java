package org.glmspark.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// A weight matrix in kernel layout: strips of 16 rows, interleaved so that the 16 values of one column stand side by side.
///
/// `data` holds `[ceil(rows / 16)][columns][16]` values of `dtype`, as stored in the file; rows beyond `rows` are zero.
///
/// @param name for messages
/// @param dtype F32, F16 or BF16
/// @param rows output size
/// @param columns input size
/// @param data aligned to 64 bytes
public record StripMatrix(String name, DType dtype, int rows, int columns, MemorySegment data) {
  /// Rows of one strip: the lanes of a 512-bit register of float32.
  public static final int STRIP_ROWS = 16;

  /// Strips that hold `rows` rows.
  public static int strips(int rows) {
    return (rows + STRIP_ROWS - 1) / STRIP_ROWS;
  }

  /// Interleaves the rows of one or several stored matrices, one below the other, without changing a value.
  ///
  /// @param parts matrices `[rows, columns]` of one dtype and one number of columns
  /// @param arena owns the memory of the result
  public static StripMatrix interleave(String name, List<Tensor> parts, Arena arena) {
    throw new UnsupportedOperationException(name + parts + arena);
  }
}
