package org.glmspark.tensor;

import java.lang.foreign.MemorySegment;
import java.util.List;

/// A named tensor as a file stores it: mapped, read-only, row-major, little-endian.
///
/// @param name the name in the file
/// @param file the file it lies in, for messages
/// @param dtype the element type
/// @param shape sizes from the outermost dimension to the innermost: `[rows, columns]` for a matrix
/// @param data `product(shape)` elements; not necessarily aligned
public record Tensor(
    String name, String file, DType dtype, List<Long> shape, MemorySegment data) {

  public Tensor {
    shape = List.copyOf(shape);
    long bytes = dtype.bytes();
    for (long size : shape) {
      bytes = Math.multiplyExact(bytes, size);
    }
    if (data.byteSize() != bytes) {
      throw new IllegalArgumentException(
          "%s: tensor '%s' %s of %s takes %d bytes, the segment has %d"
              .formatted(file, name, shape, dtype, bytes, data.byteSize()));
    }
  }
}
