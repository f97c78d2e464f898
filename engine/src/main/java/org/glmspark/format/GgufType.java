package org.glmspark.format;

import org.jspecify.annotations.Nullable;

/// The types of metadata values in a GGUF file. A constant's ordinal is its number in the file.
enum GgufType {
  UINT8(1, "uint8 numbers"),
  INT8(1, "int8 numbers"),
  UINT16(2, "uint16 numbers"),
  INT16(2, "int16 numbers"),
  UINT32(4, "uint32 numbers"),
  INT32(4, "int32 numbers"),
  FLOAT32(4, "float32 numbers"),
  BOOL(1, "booleans"),
  STRING(Long.BYTES, "strings"),
  ARRAY(Integer.BYTES + Long.BYTES, "arrays"),
  UINT64(8, "uint64 numbers"),
  INT64(8, "int64 numbers"),
  FLOAT64(8, "float64 numbers");

  private final int leastBytes;
  private final String plural;

  GgufType(int leastBytes, String plural) {
    this.leastBytes = leastBytes;
    this.plural = plural;
  }

  /// The type with a number, or null if there is none.
  static @Nullable GgufType numbered(long number) {
    return number >= 0 && number < values().length ? values()[(int) number] : null;
  }

  /// Bytes of a value; of a string and an array those before its content.
  int leastBytes() {
    return leastBytes;
  }

  /// What several values of this type are called in messages.
  String plural() {
    return plural;
  }

  boolean isWhole() {
    return switch (this) {
      case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> true;
      case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> false;
    };
  }

  boolean isReal() {
    return this == FLOAT32 || this == FLOAT64;
  }
}
