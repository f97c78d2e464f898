package org.glmspark.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/// A named tensor as a file stores it: mapped, read-only, row-major, little-endian.
///
/// @param name the name in the file
/// @param file the file it lies in, for messages
/// @param dtype the element type
/// @param shape sizes from the outermost dimension to the innermost: `[rows, columns]` for a matrix
/// @param data `product(shape)` elements; not necessarily aligned
public record Tensor(String name, String file, DType dtype, List<Long> shape, MemorySegment data) {

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  public Tensor {
    shape = List.copyOf(shape);
    long bytes = dtype.bytes(shape);
    if (data.byteSize() != bytes) {
      throw new IllegalArgumentException(
          "%s: tensor '%s' %s of %s takes %d bytes, the segment has %d"
              .formatted(file, name, shape, dtype, bytes, data.byteSize()));
    }
  }

  /// All elements as floats, exactly, in the order they are stored.
  ///
  /// @throws IllegalArgumentException if the type is not F32, F16 or BF16
  public float[] floats() {
    float[] floats = new float[Math.toIntExact(data.byteSize() / dtype.bytes())];
    for (int i = 0; i < floats.length; i++) {
      floats[i] =
          switch (dtype) {
            case F32 -> data.getAtIndex(FLOAT, i);
            case F16 -> Float.float16ToFloat(data.getAtIndex(SHORT, i));
            case BF16 -> Float.intBitsToFloat(data.getAtIndex(SHORT, i) << Short.SIZE);
            case F64, I64, I32, I16, I8, U8, BOOL ->
                throw new IllegalArgumentException(
                    "%s: tensor '%s' is %s, floats are read from F32, F16 and BF16"
                        .formatted(file, name, dtype));
          };
    }
    return floats;
  }
}
