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

class StripMatrixTest {
  /// Value of row r, column c: different for every element, exact in every type.
  private static Tensor tensor(
      String name, DType dtype, int rows, int columns, int firstRow, Arena arena) {
    var data = arena.allocate((long) rows * columns * dtype.bytes());
    for (int i = 0; i < rows * columns; i++) {
      int value = firstRow * columns + i;
      if (dtype == DType.F32) {
        data.setAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i, value);
      } else {
        data.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i, (short) value);
      }
    }
    return new Tensor(name, "test", dtype, List.of((long) rows, (long) columns), data);
  }

  @ParameterizedTest(name = "{0}, {1} + {2} rows, {3} columns")
  @CsvSource({"F32, 1, 2, 1", "BF16, 16, 16, 3", "F16, 17, 5, 600", "F32, 40, 9, 513"})
  void putsEveryElementIntoItsLaneAndZeroesThePadding(
      DType dtype, int rows, int more, int columns) {
    try (Arena arena = Arena.ofConfined()) {
      StripMatrix matrix =
          StripMatrix.interleave(
              "m",
              List.of(
                  tensor("a", dtype, rows, columns, 0, arena),
                  tensor("b", dtype, more, columns, rows, arena)),
              WeightType.valueOf(dtype.name()),
              arena);

      assertThat(matrix.rows()).isEqualTo(rows + more);
      assertThat(matrix.data().address() % 64).isZero();
      for (int row = 0; row < matrix.strips() * 16; row++) {
        for (int column = 0; column < columns; column++) {
          long index = ((long) (row / 16) * columns + column) * 16 + row % 16;
          int stored =
              dtype == DType.F32
                  ? matrix.data().getAtIndex(ValueLayout.JAVA_INT, index)
                  : matrix.data().getAtIndex(ValueLayout.JAVA_SHORT, index);
          int expected = row < rows + more ? row * columns + column : 0;
          assertThat(stored).isEqualTo(dtype == DType.F32 ? expected : (short) expected);
        }
      }
    }
  }

  @ParameterizedTest(name = "{0} over {1}, {2} columns")
  @CsvSource({
    "Q4_0, Q4_0, 32",
    "Q4_K, Q6_K, 768",
    "Q8_0, F32, 544",
    "F16, BF16, 3",
    "BF16, Q5_1, 1056"
  })
  void blockTypesAndPartsOfDifferentTypesBecomeFloat32(DType upper, DType lower, int columns) {
    try (Arena arena = Arena.ofConfined()) {
      List<Tensor> parts =
          List.of(random("a", upper, 17, columns, arena), random("b", lower, 3, columns, arena));

      WeightType type = WeightType.commonFloat(parts);
      StripMatrix matrix = StripMatrix.interleave("m", parts, type, arena);

      assertThat(type).isEqualTo(WeightType.F32);
      float[] above = parts.getFirst().floats();
      float[] below = parts.getLast().floats();
      for (int row = 0; row < matrix.strips() * 16; row++) {
        for (int column = 0; column < columns; column++) {
          long index = ((long) (row / 16) * columns + column) * 16 + row % 16;
          float expected =
              row < 17
                  ? above[row * columns + column]
                  : row < 20 ? below[(row - 17) * columns + column] : 0;
          float stored = matrix.data().getAtIndex(ValueLayout.JAVA_FLOAT, index);
          assertThat(Float.compare(stored, expected)).isZero(); // also where it is no number
        }
      }
    }
  }

  private static Tensor random(String name, DType dtype, int rows, int columns, Arena arena) {
    List<Long> shape = List.of((long) rows, (long) columns);
    byte[] bytes = new byte[(int) dtype.bytes(shape)];
    new Random(columns).nextBytes(bytes);
    var data = arena.allocate(bytes.length);
    MemorySegment.copy(bytes, 0, data, ValueLayout.JAVA_BYTE, 0, bytes.length);
    return new Tensor(name, "test", dtype, shape, data);
  }

  @Test
  void refusesTypesThatAreNoWeights() {
    try (Arena arena = Arena.ofConfined()) {
      List<Tensor> parts =
          List.of(random("a", DType.F32, 2, 3, arena), random("b", DType.I32, 2, 3, arena));
      assertThatThrownBy(() -> StripMatrix.interleave("m", parts, WeightType.F32, arena))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("test: tensor 'b' is I32, expected F32, F16, BF16 or a block type");
    }
  }

  @Test
  void refusesPartsOfDifferentWidth() {
    try (Arena arena = Arena.ofConfined()) {
      List<Tensor> parts =
          List.of(tensor("a", DType.F32, 2, 3, 0, arena), tensor("b", DType.F32, 2, 4, 0, arena));
      assertThatThrownBy(() -> StripMatrix.interleave("m", parts, WeightType.F32, arena))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "test: tensor 'b' is [2, 4], expected a matrix with as many columns as 'a' [2, 3]");
    }
  }
}
