package org.glmspark.cache;

import org.glmspark.tensor.DType;

/// How cached keys and values are stored. They are rounded to this type before attention reads
/// them.
public enum KvCacheType {
  FLOAT32(DType.F32),
  FLOAT16(DType.F16);

  private final DType dtype;

  KvCacheType(DType dtype) {
    this.dtype = dtype;
  }

  /// The type of one stored number.
  public DType dtype() {
    return dtype;
  }
}
