package org.glmspark.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Objects;

/// A named tensor as a file stores it: mapped, read-only, row-major, little-endian.
///
/// @param name the name in the file
/// @param file the file it lies in, for messages
/// @param dtype the element type
/// @param shape sizes from the outermost dimension to the innermost: `[rows, columns]` for a matrix
/// @param data `product(shape)` elements; not necessarily aligned
public record Tensor(String name, String file, DType dtype, List<Long> shape, MemorySegment data)
    implements StoredMatrix {

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /// Elements that go through the heap at once: a multiple of every block, and at most 4 KiB.
  private static final int CHUNK_ELEMENTS = 2048;

  public Tensor {
    shape = List.copyOf(shape);
    long bytes = dtype.bytes(shape);
    if (data.byteSize() != bytes) {
      throw new IllegalArgumentException(
          "%s: tensor '%s' %s of %s takes %d bytes, the segment has %d"
              .formatted(file, name, shape, dtype, bytes, data.byteSize()));
    }
  }

  @Override
  public List<Tensor> tensors() {
    return List.of(this);
  }

  @Override
  public WeightType weightType() {
    return switch (dtype) {
      case F32 -> WeightType.F32;
      case F16 -> WeightType.F16;
      case BF16 -> WeightType.BF16;
      case Q4_0 -> WeightType.Q4;
      case Q4_1, Q4_K -> WeightType.Q4M;
      case Q8_0, Q5_0, Q5_1, Q2_K, Q3_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS -> WeightType.Q8;
      case F64, I64, I32, I16, I8, U8, BOOL ->
          throw new IllegalArgumentException(
              "%s: tensor '%s' is %s, expected F32, F16, BF16 or a block type"
                  .formatted(file, name, dtype));
    };
  }

  /// The number of elements, `product(shape)`.
  public long elements() {
    return data.byteSize() / dtype.blockBytes() * dtype.blockElements();
  }

  /// All elements as floats, in the order they are stored; see [#decode].
  ///
  /// @throws IllegalArgumentException if the type does not decode to floats
  /// @throws ArithmeticException if there are 2^31 elements or more
  public float[] floats() {
    float[] floats = new float[Math.toIntExact(elements())];
    decode(0, floats.length, floats, 0);
    return floats;
  }

  /// Some elements as floats: F32, F16 and BF16 exactly, block types as [QuantizedBlocks] says.
  ///
  /// @param firstElement counted over all rows, at the start of a block
  /// @param count of whole blocks
  /// @param out gets `count` floats from `offset` on; nothing else is written
  /// @throws IllegalArgumentException if the type does not decode to floats, or the range cuts a
  ///   block
  /// @throws IndexOutOfBoundsException if the tensor has no such elements or `out` no such places
  @Override
  public void decode(long firstElement, int count, float[] out, int offset) {
    requireFloats();
    Objects.checkFromIndexSize(firstElement, (long) count, elements());
    Objects.checkFromIndexSize(offset, count, out.length);
    if (firstElement % dtype.blockElements() != 0 || count % dtype.blockElements() != 0) {
      throw new IllegalArgumentException(
          "%s: tensor '%s': %d elements from %d on are not whole blocks of %d, as %s has"
              .formatted(file, name, count, firstElement, dtype.blockElements(), dtype));
    }
    long start = firstElement / dtype.blockElements() * dtype.blockBytes();
    if (dtype == DType.F32) {
      MemorySegment.copy(data, FLOAT, start, out, offset, count);
    } else if (dtype.isBlockType()) {
      decodeBlocks(start, count, out, offset);
    } else {
      decodeHalves(start, count, out, offset);
    }
  }

  /// Through the heap: reading a mapped file element by element costs several times as much.
  private void decodeHalves(long start, int count, float[] out, int offset) {
    short[] halves = new short[Math.min(count, CHUNK_ELEMENTS)];
    for (int done = 0; done < count; done += halves.length) {
      int chunk = Math.min(halves.length, count - done);
      MemorySegment.copy(data, SHORT, start + 2L * done, halves, 0, chunk);
      if (dtype == DType.F16) {
        for (int i = 0; i < chunk; i++) {
          out[offset + done + i] = Float.float16ToFloat(halves[i]);
        }
      } else {
        for (int i = 0; i < chunk; i++) {
          out[offset + done + i] = Float.intBitsToFloat(halves[i] << Short.SIZE);
        }
      }
    }
  }

  private void decodeBlocks(long start, int count, float[] out, int offset) {
    int blocks = count / dtype.blockElements();
    int chunkBlocks = Math.min(blocks, CHUNK_ELEMENTS / dtype.blockElements());
    byte[] bytes = new byte[chunkBlocks * dtype.blockBytes()];
    for (int done = 0; done < blocks; done += chunkBlocks) {
      int chunk = Math.min(chunkBlocks, blocks - done);
      MemorySegment.copy(
          data,
          ValueLayout.JAVA_BYTE,
          start + (long) done * dtype.blockBytes(),
          bytes,
          0,
          chunk * dtype.blockBytes());
      QuantizedBlocks.decode(dtype, bytes, chunk, out, offset + done * dtype.blockElements());
    }
  }

  private void requireFloats() {
    if (!dtype.decodesToFloats()) {
      throw new IllegalArgumentException(
          "%s: tensor '%s' is %s, floats are read from F32, F16, BF16 and block types"
              .formatted(file, name, dtype));
    }
  }
}
