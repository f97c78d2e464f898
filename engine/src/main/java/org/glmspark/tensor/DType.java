package org.glmspark.tensor;

import java.util.List;

/// The element type of a stored tensor. Names are those of the safetensors format.
public enum DType {
  F64(8),
  F32(4),
  F16(2),
  BF16(2),
  I64(8),
  I32(4),
  I16(2),
  I8(1),
  U8(1),
  BOOL(1);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /// The size of one element in bytes.
  public int bytes() {
    return bytes;
  }

  /// The size in bytes of a tensor of this type.
  ///
  /// @param shape sizes of the dimensions, from 0; none is a single element
  /// @throws ArithmeticException if it does not fit a long
  public long bytes(List<Long> shape) {
    long size = bytes;
    for (long dimension : shape) {
      size = Math.multiplyExact(size, dimension);
    }
    return size;
  }
}
