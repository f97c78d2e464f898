package org.glmspark.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TensorTest {
  @Test
  void everyFloat16BecomesTheFloatOfItsValue() {
    var bytes = ByteBuffer.allocate(2 << 16).order(ByteOrder.LITTLE_ENDIAN);
    for (int bits = 0; bits < 1 << 16; bits++) {
      bytes.putShort((short) bits);
    }

    float[] floats = tensor(DType.F16, 1 << 16, bytes.array()).floats();

    for (int bits = 0; bits < 1 << 16; bits++) {
      assertThat(Float.compare(floats[bits], float16(bits))).as("bits %x", bits).isZero();
    }
  }

  /// IEEE 754 binary16: sign, 5 bits of exponent with bias 15, 10 bits of fraction.
  private static float float16(int bits) {
    int exponent = bits >> 10 & 31;
    int fraction = bits & 1023;
    double magnitude =
        switch (exponent) {
          case 0 -> Math.scalb((double) fraction, -24);
          case 31 -> fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
          default -> Math.scalb((double) (1024 + fraction), exponent - 25);
        };
    return (float) (bits >> 15 == 0 ? magnitude : -magnitude);
  }

  @Test
  void bfloat16IsTheUpperHalfOfAFloat() {
    byte[] bytes = {0x00, (byte) 0x80, 0x49, 0x40, 0x01, 0x00, (byte) 0x80, 0x7F};

    assertThat(tensor(DType.BF16, 4, bytes).floats())
        .containsExactly(
            -0f, 3.140625f, Float.intBitsToFloat(0x0001_0000), Float.POSITIVE_INFINITY);
  }

  @Test
  void float32IsReadAtAnyAlignment() {
    MemorySegment data =
        MemorySegment.ofArray(
                ByteBuffer.allocate(9)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(1, 0.1f)
                    .putFloat(5, -7)
                    .array())
            .asSlice(1);

    assertThat(new Tensor("t", "f", DType.F32, List.of(2L), data).floats())
        .containsExactly(0.1f, -7);
  }

  @ParameterizedTest
  @CsvSource({
    "F32, 1, 1",
    "F16, 1, 4097",
    "BF16, 3, 2048",
    "Q4_0, 32, 64",
    "Q8_0, 64, 4128",
    "Q6_K, 256, 256",
    "Q2_K, 512, 4352"
  })
  void aRangeIsThatPartOfTheWholeAndNothingElseIsWritten(DType dtype, int first, int count) {
    int elements = first + count + dtype.blockElements();
    byte[] bytes = new byte[(int) dtype.bytes(List.of((long) elements))];
    new Random(count).nextBytes(bytes);
    Tensor tensor = tensor(dtype, elements, bytes);
    float[] out = new float[count + 2];
    Arrays.fill(out, 42);

    tensor.decode(first, count, out, 1);

    assertThat(tensor.elements()).isEqualTo(elements);
    float[] expected = new float[count + 2];
    Arrays.fill(expected, 42);
    System.arraycopy(tensor.floats(), first, expected, 1, count);
    assertThat(out).isEqualTo(expected);
  }

  @Test
  void rangesOutsideTheTensorOrAcrossABlockAreRefused() {
    Tensor tensor = tensor(DType.Q8_0, 64, new byte[68]);
    float[] out = new float[64];

    assertThatThrownBy(() -> tensor.decode(16, 32, out, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "f: tensor 't': 32 elements from 16 on are not whole blocks of 32, as Q8_0 has");
    assertThatThrownBy(() -> tensor.decode(0, 16, out, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> tensor.decode(32, 64, out, 0))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> tensor.decode(-32, 32, out, 0))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> tensor.decode(0, 32, out, 48))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void rowsOfABlockTypeAreMadeOfWholeBlocks() {
    assertThat(DType.Q6_K.bytes(List.of(3L, 512L))).isEqualTo(3 * 2 * 210);
    assertThat(DType.BF16.bytes(List.of(3L, 5L))).isEqualTo(30);
    assertThat(DType.F32.bytes(List.of())).isEqualTo(4);
    assertThat(DType.F32.bytes(List.of(0L, 7L))).isZero();
    assertThatThrownBy(() -> DType.Q6_K.bytes(List.of(256L, 128L)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("[256, 128] of Q6_K: rows have 128 elements, expected a multiple of 256");
    assertThatThrownBy(() -> DType.Q4_0.bytes(List.of(1L << 60, 32L)))
        .isInstanceOf(ArithmeticException.class);
    assertThatThrownBy(DType.Q4_0::bytes).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void otherTypesAreNoFloats() {
    assertThatThrownBy(() -> tensor(DType.I16, 1, new byte[2]).floats())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("f: tensor 't' is I16, floats are read from F32, F16, BF16 and block types");
  }

  @Test
  void theDataHasTheSizeOfTheShape() {
    assertThatThrownBy(() -> tensor(DType.F32, 2, new byte[4]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("f: tensor 't' [2] of F32 takes 8 bytes, the segment has 4");
  }

  private static Tensor tensor(DType dtype, long size, byte[] bytes) {
    return new Tensor("t", "f", dtype, List.of(size), MemorySegment.ofArray(bytes));
  }
}
