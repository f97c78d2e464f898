package org.glmspark.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.glmspark.tensor.DType;

/// Stored numbers to float32. Every float16 and bfloat16 is a float32, so nothing is rounded;
/// infinities and NaN stay.
///
/// Formats: IEEE 754 binary16; bfloat16 is the upper half of a binary32.
public final class Widening {
  private static final int HALF_INFINITY =
      0x7c00; // exponent of all ones, which means infinity or NaN
  private static final float HALF_TO_FLOAT =
      0x1p112f; // 2^(127 - 15): the difference of the exponent biases

  private Widening() {}

  /// Widens `count` numbers.
  ///
  /// @param source little-endian, of any alignment
  /// @param sourceOffset in bytes
  /// @param dtype F32, F16 or BF16
  /// @param target gets `count` floats from `targetOffset` on; nothing else is written
  public static void apply(
      MemorySegment source,
      long sourceOffset,
      DType dtype,
      float[] target,
      int targetOffset,
      int count) {
    switch (dtype) {
      case F32 ->
          MemorySegment.copy(
              source, ValueLayout.JAVA_FLOAT_UNALIGNED, sourceOffset, target, targetOffset, count);
      case F16 -> float16(source, sourceOffset, target, targetOffset, count);
      case BF16 -> bfloat16(source, sourceOffset, target, targetOffset, count);
      case F64,
          I64,
          I32,
          I16,
          I8,
          U8,
          BOOL,
          Q4_0,
          Q4_1,
          Q5_0,
          Q5_1,
          Q8_0,
          Q2_K,
          Q3_K,
          Q4_K,
          Q5_K,
          Q6_K,
          IQ4_NL,
          IQ4_XS ->
          throw new IllegalArgumentException("cannot widen %s to float32".formatted(dtype));
    }
  }

  private static void bfloat16(
      MemorySegment source, long sourceOffset, float[] target, int targetOffset, int count) {
    int i = 0;
    for (int bound = Lanes.FLOATS.loopBound(count); i < bound; i += Lanes.COUNT) {
      load(source, sourceOffset + 2L * i)
          .lanewise(VectorOperators.LSHL, 16)
          .reinterpretAsFloats()
          .intoArray(target, targetOffset + i);
    }
    for (; i < count; i++) {
      short bits = source.get(ValueLayout.JAVA_SHORT_UNALIGNED, sourceOffset + 2L * i);
      target[targetOffset + i] = Float.intBitsToFloat(bits << 16);
    }
  }

  private static void float16(
      MemorySegment source, long sourceOffset, float[] target, int targetOffset, int count) {
    int i = 0;
    for (int bound = Lanes.FLOATS.loopBound(count); i < bound; i += Lanes.COUNT) {
      IntVector half = load(source, sourceOffset + 2L * i);
      IntVector magnitude = half.and(0x7fff);
      // Shifted into place, a half is a float with a smaller bias, subnormals included; one exact
      // multiplication mends that.
      IntVector bits =
          magnitude
              .lanewise(VectorOperators.LSHL, 13)
              .reinterpretAsFloats()
              .mul(HALF_TO_FLOAT)
              .reinterpretAsInts();
      VectorMask<Integer> special = magnitude.compare(VectorOperators.GE, HALF_INFINITY);
      bits = bits.lanewise(VectorOperators.OR, 0x7f800000, special);
      bits = bits.or(half.and(0x8000).lanewise(VectorOperators.LSHL, 16));
      bits.reinterpretAsFloats().intoArray(target, targetOffset + i);
    }
    for (; i < count; i++) {
      short bits = source.get(ValueLayout.JAVA_SHORT_UNALIGNED, sourceOffset + 2L * i);
      target[targetOffset + i] = Float.float16ToFloat(bits);
    }
  }

  private static IntVector load(MemorySegment source, long offset) {
    return (IntVector)
        ShortVector.fromMemorySegment(Lanes.SHORTS, source, offset, ByteOrder.LITTLE_ENDIAN)
            .convertShape(VectorOperators.ZERO_EXTEND_S2I, Lanes.INTS, 0);
  }
}
