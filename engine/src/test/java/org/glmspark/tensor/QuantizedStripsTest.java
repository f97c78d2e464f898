package org.glmspark.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantizedStripsTest {
  /// Random blocks whose float16 numbers are below 2 in magnitude.
  private static Tensor blocks(DType dtype, int rows, int columns, long seed) {
    List<Long> shape = List.of((long) rows, (long) columns);
    byte[] bytes = new byte[(int) dtype.bytes(shape)];
    new Random(seed).nextBytes(bytes);
    int[] halves =
        switch (dtype) {
          case Q4_1, Q5_1, Q4_K, Q5_K -> new int[] {1, 3};
          case Q2_K -> new int[] {81, 83};
          case Q3_K -> new int[] {109};
          case Q6_K -> new int[] {209};
          default -> new int[] {1};
        };
    for (int block = 0; block < bytes.length; block += dtype.blockBytes()) {
      for (int half : halves) {
        bytes[block + half] &= (byte) 0xbf; // the upper bit of the exponent
      }
    }
    return new Tensor("w", "test", dtype, shape, MemorySegment.ofArray(bytes));
  }

  private static Tensor floats(int rows, int columns, float... values) {
    return new Tensor(
        "w",
        "test",
        DType.F32,
        List.of((long) rows, (long) columns),
        MemorySegment.ofArray(values));
  }

  private static float[] gaussian(int size) {
    var random = new Random(size);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) (0.02 * random.nextGaussian());
    }
    return values;
  }

  private static float[] decoded(StripMatrix matrix) {
    float[] values = new float[matrix.rows() * matrix.columns()];
    for (int row = 0; row < matrix.rows(); row++) {
      matrix.decodeRow(row, 0, matrix.columns(), values, row * matrix.columns());
    }
    return values;
  }

  @ParameterizedTest(name = "{0} as {1}, {2} rows, {3} columns")
  @CsvSource({
    "Q4_0, Q4, 17, 32",
    "Q4_0, Q4, 16, 1056",
    "Q4_0, Q8, 5, 544",
    "Q8_0, Q8, 33, 608",
    "Q4_1, Q4M, 18, 96"
  })
  void keepsIntegersAndScalesOfBlocks(DType dtype, WeightType type, int rows, int columns) {
    Tensor stored = blocks(dtype, rows, columns, 3);
    try (Arena arena = Arena.ofConfined()) {
      StripMatrix matrix = StripMatrix.interleave("m", List.of(stored), type, arena);
      assertThat(decoded(matrix)).isEqualTo(stored.floats());
    }
  }

  @Test
  void roundsScaleAndMinimumOfQ4KOnce() {
    Tensor stored = blocks(DType.Q4_K, 20, 768, 9);
    float[] exact = stored.floats();
    try (Arena arena = Arena.ofConfined()) {
      StripMatrix matrix = StripMatrix.interleave("m", List.of(stored), stored.weightType(), arena);

      assertThat(matrix.type()).isEqualTo(WeightType.Q4M);
      float[] found = decoded(matrix);
      byte[] bytes = stored.data().toArray(ValueLayout.JAVA_BYTE);
      for (int i = 0; i < exact.length; i++) {
        int block = i / 256 * 144;
        float d = Float.float16ToFloat(QuantizedBlocks.int16(bytes, block));
        float dmin = Float.float16ToFloat(QuantizedBlocks.int16(bytes, block + 2));
        double scale = Math.abs(d * QuantizedBlocks.scale(bytes, block + 4, i % 256 / 32));
        double minimum = Math.abs(dmin * QuantizedBlocks.minimum(bytes, block + 4, i % 256 / 32));
        // half a unit in the last of 11 bits; 2^-25 where the float16 is subnormal
        double bound =
            15 * Math.max(scale * 0x1p-11, 0x1p-25) + Math.max(minimum * 0x1p-11, 0x1p-25);
        assertThat(Math.abs(found[i] - exact[i])).isLessThanOrEqualTo((float) (bound * 1.0001));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS"})
  void otherBlocksBecomeEightBits(DType dtype) {
    Tensor stored = blocks(dtype, 19, 512, 4);
    float[] exact = stored.floats();
    try (Arena arena = Arena.ofConfined()) {
      StripMatrix matrix = StripMatrix.interleave("m", List.of(stored), stored.weightType(), arena);

      assertThat(matrix.type()).isEqualTo(WeightType.Q8);
      float[] found = decoded(matrix);
      for (int block = 0; block < exact.length; block += 32) {
        float largest = 0;
        for (int i = block; i < block + 32; i++) {
          largest = Math.max(largest, Math.abs(exact[i]));
        }
        for (int i = block; i < block + 32; i++) {
          assertThat(Math.abs(found[i] - exact[i]))
              .isLessThanOrEqualTo(largest * 0.0045f + 0x1p-25f);
        }
      }
    }
  }

  @ParameterizedTest(name = "{0} bits")
  @ValueSource(ints = {4, 8})
  void repeatsTheScaleOfARowInEveryBlock(int bits) {
    int columns = 80; // the last block is half full
    byte[] integers = new byte[18 * columns * bits / 8];
    new Random(bits).nextBytes(integers);
    short[] scales = new short[18];
    for (int row = 0; row < scales.length; row++) {
      scales[row] = Float.floatToFloat16(0.001f * (row - 7));
    }
    var stored =
        new RowScaledMatrix(
            new Tensor(
                "w",
                "test",
                DType.I8,
                List.of(18L, (long) columns * bits / 8),
                MemorySegment.ofArray(integers)),
            new Tensor("s", "test", DType.F16, List.of(18L), MemorySegment.ofArray(scales)),
            bits);
    float[] exact = new float[18 * columns];
    for (int row = 0; row < 18; row++) {
      stored.decode((long) row * columns, columns, exact, row * columns);
    }
    try (Arena arena = Arena.ofConfined()) {
      StripMatrix matrix = StripMatrix.interleave("m", List.of(stored), stored.weightType(), arena);

      assertThat(matrix.type()).isEqualTo(bits == 4 ? WeightType.Q4 : WeightType.Q8);
      assertThat(decoded(matrix)).isEqualTo(exact);
      if (bits == 4) {
        StripMatrix wider = StripMatrix.interleave("m", List.of(stored), WeightType.Q8, arena);
        assertThat(decoded(wider)).isEqualTo(exact);
      }
    }
  }

  @Test
  void bytesStandWhereTheLayoutSays() {
    float[] row = new float[64];
    for (int i = 0; i < 64; i++) {
      row[i] = i % 16 - 8; // every 4-bit integer, with the scale 1
    }
    byte[] block = new byte[36];
    for (int b = 0; b < 2; b++) {
      block[18 * b + 1] = 0x3c;
      for (int j = 0; j < 16; j++) {
        block[18 * b + 2 + j] = (byte) (j | j << 4);
      }
    }
    Tensor stored =
        new Tensor("w", "test", DType.Q4_0, List.of(1L, 64L), MemorySegment.ofArray(block));
    assertThat(stored.floats()).isEqualTo(row);
    Tensor above = floats(3, 64, new float[192]);
    try (Arena arena = Arena.ofConfined()) {
      StripMatrix four = StripMatrix.interleave("m", List.of(above, stored), WeightType.Q4, arena);
      StripMatrix eight = StripMatrix.interleave("m", List.of(above, stored), WeightType.Q8, arena);

      // row 3, columns 32 + 16 + 4 to 7: the high nibbles of register 1 of block 1
      assertThat(four.data().get(ValueLayout.JAVA_INT, 288 + 64 + 12)).isEqualTo(0x77665544);
      assertThat(four.data().get(ValueLayout.JAVA_SHORT, 288 + 256 + 6)).isEqualTo((short) 0x3c00);
      // row 3, columns 32 + 20 to 23: register 5
      assertThat(eight.data().get(ValueLayout.JAVA_INT, 544 + 5 * 64 + 12)).isEqualTo(0x7f7e7d7c);
      assertThat(eight.data().get(ValueLayout.JAVA_SHORT, 544 + 512 + 6)).isEqualTo((short) 0x3c00);
      assertThat(four.data().get(ValueLayout.JAVA_INT, 288 + 64 + 16)).isZero(); // padding row
    }
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({"Q8, 0.0058, 0.0045", "Q4, 0.0875, 0.075", "Q4M, 0.079, 0.065"})
  void roundsFloatsWithASmallError(WeightType type, double most, double least) {
    int columns = 1000;
    float[] values = gaussian(40 * columns);
    try (Arena arena = Arena.ofConfined()) {
      StripMatrix matrix =
          StripMatrix.interleave("m", List.of(floats(40, columns, values)), type, arena);

      float[] found = decoded(matrix);
      double error = 0;
      double norm = 0;
      for (int i = 0; i < values.length; i++) {
        error += Math.pow(found[i] - values[i], 2);
        norm += Math.pow(values[i], 2);
      }
      assertThat(Math.sqrt(error / norm)).isBetween(least, most);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = WeightType.class,
      names = {"Q8", "Q4", "Q4M"})
  void constantsAndTinyBlocksStayNearThemselves(WeightType type) {
    float[] values = new float[96];
    for (int i = 0; i < 32; i++) {
      values[i] = 0.5f;
      values[32 + i] = 0;
      values[64 + i] = i % 2 == 0 ? 1e-40f : -1e-12f; // far below the smallest float16
    }
    try (Arena arena = Arena.ofConfined()) {
      StripMatrix matrix = StripMatrix.interleave("m", List.of(floats(1, 96, values)), type, arena);

      float[] found = decoded(matrix);
      for (int i = 0; i < 96; i++) {
        assertThat(found[i]).isBetween(values[i] - 2e-4f, values[i] + 2e-4f);
      }
    }
  }

  @ParameterizedTest(name = "{0}, {1}")
  @CsvSource({
    "Q8, NaN",
    "Q8, Infinity",
    "Q4, NaN",
    "Q4, -Infinity",
    "Q4M, NaN",
    "Q4M, Infinity",
    "Q8, 1e7",
    "Q4, 1e6",
    "Q4M, -70000",
    "F16, 65520",
    "F16, NaN",
    "BF16, 3.4e38"
  })
  void refusesWhatTheTypeCannotHold(WeightType type, float value) {
    float[] values = gaussian(70);
    values[2 * 35 - 2] = value; // the last but one of the last, short block
    try (Arena arena = Arena.ofConfined()) {
      List<Tensor> parts = List.of(floats(2, 35, values));
      String columns = type.isQuantized() ? "columns 32 to 34" : "columns 33 to 33";
      assertThatThrownBy(() -> StripMatrix.interleave("m", parts, type, arena))
          .isInstanceOf(NonFiniteWeightException.class)
          .hasMessageStartingWith("test: tensor 'w', row 1, " + columns + ": ")
          .hasMessageContaining("expected");
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"Q4_0", "Q4_1", "Q8_0", "Q4_K"})
  void refusesScalesThatAreNotFinite(DType dtype) {
    Tensor stored = blocks(dtype, 2, 256, 1);
    stored.data().set(ValueLayout.JAVA_SHORT_UNALIGNED, 0, (short) 0x7c00);
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(
              () -> StripMatrix.interleave("m", List.of(stored), stored.weightType(), arena))
          .isInstanceOf(NonFiniteWeightException.class)
          .hasMessageStartingWith("test: tensor 'w', row 0, columns 0 to 31: ");
    }
  }

  @ParameterizedTest
  @EnumSource(WeightType.class)
  void strippedPieceByPieceTheBytesAreTheSame(WeightType type) {
    List<StoredMatrix> parts =
        List.of(blocks(DType.Q4_0, 21, 544, 5), floats(30, 544, gaussian(30 * 544)));
    try (Arena arena = Arena.ofConfined()) {
      StripMatrix matrix = StripMatrix.interleave("m", parts, type, arena);
      MemorySegment pieces = arena.allocate(matrix.data().byteSize());
      for (int strip = 0; strip < matrix.strips(); strip++) {
        MemorySegment piece =
            pieces.asSlice(matrix.stripOffset(strip), type.stripBytes(matrix.columns()));
        StripMatrix.writeStrips(parts, type, strip, strip + 1, piece);
      }
      assertThat(pieces.mismatch(matrix.data())).isEqualTo(-1);
    }
  }

  @Test
  void partsOfDifferentTypesHaveACommonOne() {
    Tensor four = blocks(DType.Q4_0, 1, 256, 0);
    Tensor k = blocks(DType.Q4_K, 1, 256, 0);
    Tensor float32 = floats(1, 256, new float[256]);

    assertThat(WeightType.common(List.of(k, k))).isEqualTo(WeightType.Q4M);
    assertThat(WeightType.common(List.of(four, k))).isEqualTo(WeightType.Q8);
    assertThat(WeightType.common(List.of(four, float32))).isEqualTo(WeightType.F32);
    assertThat(WeightType.commonFloat(List.of(four, four))).isEqualTo(WeightType.F32);
  }
}
