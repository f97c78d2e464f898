package org.glmspark.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

class RowScaledMatrixTest {
  private static final Tensor SCALES =
      new Tensor(
          "s",
          "f",
          DType.F16,
          List.of(2L),
          MemorySegment.ofArray(
              new short[] {Float.floatToFloat16(0.5f), Float.floatToFloat16(-0.25f)}));

  private static Tensor bytes(long columns, int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return new Tensor(
        "w", "f", DType.I8, List.of(bytes.length / columns, columns), MemorySegment.ofArray(bytes));
  }

  @Test
  void bytesTimesTheScaleOfTheirRow() {
    var matrix = new RowScaledMatrix(bytes(3, 127, -127, 0, 4, -128, 1), SCALES, 8);
    float[] out = {9, 9, 9, 9, 9};

    matrix.decode(3, 3, out, 1);

    assertThat(out).containsExactly(9, -1, 32, -0.25f, 9);
    assertThat(matrix.shape()).containsExactly(2L, 3L);
  }

  @Test
  void theHighHalfOfAByteIsTheEvenColumn() {
    var matrix = new RowScaledMatrix(bytes(2, 0x7F, 0x81, 0x08, 0xF0), SCALES, 4);
    float[] out = new float[4];

    matrix.decode(0, 4, out, 0);
    assertThat(out).containsExactly(3.5f, -0.5f, -4, 0.5f); // 7 -1 -8 1
    matrix.decode(4, 4, out, 0);
    assertThat(out).containsExactly(-0f, 2, 0.25f, -0f); // 0 -8 -1 0
    assertThat(matrix.shape()).containsExactly(2L, 4L);
  }

  @Test
  void becomesStripsOfFloats() {
    var matrix = new RowScaledMatrix(bytes(3, 127, -127, 0, 4, -128, 1), SCALES, 8);
    try (Arena arena = Arena.ofConfined()) {
      StripMatrix strips =
          StripMatrix.interleave("w", List.of(matrix, matrix), WeightType.F32, arena);

      assertThat(strips.type()).isEqualTo(WeightType.F32);
      assertThat(strips.rows()).isEqualTo(4);
      // column 1 of the rows 0 to 4, the last one padding
      float[] column = new float[5];
      for (int row = 0; row < 5; row++) {
        column[row] = strips.data().getAtIndex(ValueLayout.JAVA_FLOAT, 16L + row);
      }
      assertThat(column).containsExactly(-63.5f, 32, -63.5f, 32, 0);
    }
  }

  @Test
  void refusesRangesThatCutARowOrAByte() {
    var matrix = new RowScaledMatrix(bytes(2, 0x7F, 0x81, 0x08, 0xF0), SCALES, 4);

    assertThatThrownBy(() -> matrix.decode(2, 4, new float[4], 0))
        .hasMessage("4 values from 2 on, expected values of one row of 4, from a whole byte on");
    assertThatThrownBy(() -> matrix.decode(1, 1, new float[4], 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> matrix.decode(6, 4, new float[4], 0))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> new RowScaledMatrix(bytes(4, 1, 2, 3, 4), SCALES, 8))
        .hasMessage("f: tensor 's' is [2], expected one scale for each row of 'w' [1, 4]");
  }
}
