package org.glmspark.tensor;

import java.util.List;

/// The element type of a stored tensor. Names are those of the safetensors format and, for the
/// block types, those of GGML.
///
/// A block type packs a fixed number of neighbouring elements of a row together with what scales
/// them; [QuantizedBlocks] says how. Any other type is a block of one element.
public enum DType {
  F64(1, 8),
  F32(1, 4),
  F16(1, 2),
  BF16(1, 2),
  I64(1, 8),
  I32(1, 4),
  I16(1, 2),
  I8(1, 1),
  U8(1, 1),
  BOOL(1, 1),
  Q4_0(32, 18),
  Q4_1(32, 20),
  Q5_0(32, 22),
  Q5_1(32, 24),
  Q8_0(32, 34),
  Q2_K(256, 84),
  Q3_K(256, 110),
  Q4_K(256, 144),
  Q5_K(256, 176),
  Q6_K(256, 210),
  IQ4_NL(32, 18),
  IQ4_XS(256, 136);

  private final int blockElements;
  private final int blockBytes;

  DType(int blockElements, int blockBytes) {
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
  }

  /// Elements of a block; 1 if each element is stored for itself.
  public int blockElements() {
    return blockElements;
  }

  /// The size of a block in bytes.
  public int blockBytes() {
    return blockBytes;
  }

  /// Whether elements are stored in blocks that share a scale.
  public boolean isBlockType() {
    return blockElements > 1;
  }

  /// Whether [Tensor#decode] makes floats of it: F32, F16, BF16 and the block types.
  public boolean decodesToFloats() {
    return this == F32 || this == F16 || this == BF16 || isBlockType();
  }

  /// The size of one element in bytes.
  ///
  /// @throws IllegalArgumentException if elements of this type come in blocks
  public int bytes() {
    if (isBlockType()) {
      throw new IllegalArgumentException(
          "%s has blocks of %d elements in %d bytes, no size of one element"
              .formatted(this, blockElements, blockBytes));
    }
    return blockBytes;
  }

  /// The size in bytes of a tensor of this type.
  ///
  /// @param shape sizes of the dimensions, from 0; none is a single element. The last one is the
  ///   size of a row, for block types a multiple of [#blockElements]
  /// @throws ArithmeticException if it does not fit a long
  /// @throws IllegalArgumentException if rows are not made of whole blocks
  public long bytes(List<Long> shape) {
    long columns = shape.isEmpty() ? 1 : shape.getLast();
    if (columns % blockElements != 0) {
      throw new IllegalArgumentException(
          "%s of %s: rows have %d elements, expected a multiple of %d"
              .formatted(shape, this, columns, blockElements));
    }
    long size = Math.multiplyExact(columns / blockElements, (long) blockBytes);
    for (int i = 0; i < shape.size() - 1; i++) {
      size = Math.multiplyExact(size, shape.get(i));
    }
    return size;
  }
}
