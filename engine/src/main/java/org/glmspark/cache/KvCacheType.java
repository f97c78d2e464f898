package org.glmspark.cache;

import org.glmspark.tensor.DType;

/// How cached keys and values are stored. They are rounded to this type before attention reads
/// them.
public enum KvCacheType {
  FLOAT32(DType.F32, 0),
  FLOAT16(DType.F16, 0),

  /// Integers of 8 bits with a float32 scale for the key and one for the value of each token and
  /// head. With `m` the largest magnitude among the head's elements: if `m < 2^-100`, scale and
  /// integers are 0; otherwise `scale = m / 127` (a division) and `q = rint(x · (127 / m))`, half
  /// to even. Attention reads `float(q) · scale`, the product rounded once.
  INT8(DType.I8, Float.BYTES);

  private final DType dtype;
  private final int scaleBytes;

  KvCacheType(DType dtype, int scaleBytes) {
    this.dtype = dtype;
    this.scaleBytes = scaleBytes;
  }

  /// The type of one stored number.
  public DType dtype() {
    return dtype;
  }

  /// Bytes that the key, or the value, of one token and head takes.
  int headBytes(int headSize) {
    return headSize * dtype.bytes() + scaleBytes;
  }
}
