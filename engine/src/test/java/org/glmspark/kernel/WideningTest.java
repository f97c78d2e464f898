package org.glmspark.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import org.glmspark.tensor.DType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WideningTest {
  private static float reference(DType dtype, short bits) {
    return dtype == DType.F16 ? Float.float16ToFloat(bits) : Float.intBitsToFloat(bits << 16);
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "BF16"})
  void keepsEveryOneOfThe65536Values(DType dtype) {
    short[] all = new short[1 << 16];
    for (int i = 0; i < all.length; i++) {
      all[i] = (short) i;
    }
    float[] out = new float[all.length + 2];
    out[0] = 77;
    out[all.length + 1] = 78;

    Widening.apply(MemorySegment.ofArray(all), 0, dtype, out, 1, all.length);

    for (int i = 0; i < all.length; i++) {
      float expected = reference(dtype, all[i]);
      if (Float.isNaN(expected)) {
        assertThat(out[i + 1]).isNaN();
      } else {
        assertThat(Float.floatToRawIntBits(out[i + 1]))
            .as("bits %04x", i)
            .isEqualTo(Float.floatToRawIntBits(expected));
      }
    }
    assertThat(out[0]).isEqualTo(77);
    assertThat(out[all.length + 1]).isEqualTo(78);
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "BF16", "F32"})
  void readsOddOffsetsAndAnyCount(DType dtype) {
    for (int count : new int[] {1, 3, 4, 7, 8, 15, 16, 17, 33}) {
      byte[] bytes = new byte[count * dtype.bytes() + 1];
      for (int i = 0; i < count; i++) {
        int bits = Float.floatToRawIntBits(i + 1f);
        if (dtype == DType.F32) {
          putLittleEndian(bytes, 1 + 4 * i, bits, 4);
        } else {
          int half = dtype == DType.F16 ? Float.floatToFloat16(i + 1f) : bits >>> 16;
          putLittleEndian(bytes, 1 + 2 * i, half, 2);
        }
      }
      float[] out = new float[count];

      Widening.apply(MemorySegment.ofArray(bytes), 1, dtype, out, 0, count);

      for (int i = 0; i < count; i++) {
        assertThat(out[i]).isEqualTo(i + 1f);
      }
    }
  }

  private static void putLittleEndian(byte[] bytes, int offset, int value, int count) {
    for (int i = 0; i < count; i++) {
      bytes[offset + i] = (byte) (value >>> (8 * i));
    }
  }
}
