package org.glmspark.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.FloatMatrix;
import org.glmspark.tensor.StripMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FloatMatMulTest {
  /// The contract, one element at a time.
  private static float[][] reference(float[][] weights, FloatMatrix x) {
    float[][] out = new float[x.rows()][weights.length];
    for (int token = 0; token < x.rows(); token++) {
      for (int row = 0; row < weights.length; row++) {
        float sum = 0;
        for (int column = 0; column < x.columns(); column++) {
          sum = Math.fma(weights[row][column], x.values()[x.offset(token) + column], sum);
        }
        out[token][row] = sum;
      }
    }
    return out;
  }

  @ParameterizedTest(name = "{0}, {1} rows, {2} columns, {3} tokens")
  @CsvSource({
    "F32, 1, 1, 1",
    "F32, 16, 128, 8",
    "F32, 17, 129, 9",
    "F32, 80, 300, 17",
    "F32, 130, 127, 3",
    "F16, 15, 7, 2",
    "F16, 64, 128, 8",
    "F16, 65, 257, 16",
    "F16, 100, 31, 1",
    "BF16, 1, 500, 7",
    "BF16, 48, 256, 33",
    "BF16, 129, 130, 8",
    "BF16, 64, 64, 1"
  })
  void hasTheBitsOfTheReference(DType dtype, int rows, int columns, int tokens) {
    Random random = new Random(rows * 31L + columns * 7L + tokens);
    float[][] values = new float[rows][];
    for (int row = 0; row < rows; row++) {
      values[row] = TestMatrices.gaussian(random, columns);
    }
    FloatMatrix x = TestMatrices.gaussian(random, tokens, columns);
    FloatMatrix out = new FloatMatrix(tokens, rows);
    float[] scratch = new float[FloatMatMul.SCRATCH_FLOATS];
    try (Arena arena = Arena.ofConfined()) {
      StripMatrix weights = TestMatrices.stored(dtype, values, arena);
      for (int strip = 0; strip < weights.strips(); strip += FloatMatMul.PANEL_STRIPS) {
        int end = Math.min(weights.strips(), strip + FloatMatMul.PANEL_STRIPS);
        FloatMatMul.apply(out, x, weights, strip, end, scratch);
      }
    }

    float[][] expected = reference(values, x);
    for (int token = 0; token < tokens; token++) {
      assertThat(TestMatrices.row(out, token)).isEqualTo(expected[token]);
    }
  }

  @Test
  void writesOnlyTheStripsItIsAskedFor() {
    Random random = new Random(5);
    float[][] values = new float[64][];
    Arrays.setAll(values, _ -> TestMatrices.gaussian(random, 40));
    FloatMatrix x = TestMatrices.gaussian(random, 9, 40);
    FloatMatrix out = new FloatMatrix(9, 64);
    Arrays.fill(out.values(), 77f);
    try (Arena arena = Arena.ofConfined()) {
      FloatMatMul.apply(
          out,
          x,
          TestMatrices.stored(DType.F32, values, arena),
          1,
          3,
          new float[FloatMatMul.SCRATCH_FLOATS]);
    }

    float[][] expected = reference(values, x);
    for (int token = 0; token < 9; token++) {
      float[] row = TestMatrices.row(out, token);
      assertThat(Arrays.copyOfRange(row, 16, 48))
          .isEqualTo(Arrays.copyOfRange(expected[token], 16, 48));
      assertThat(Arrays.copyOfRange(row, 0, 16)).containsOnly(77f);
      assertThat(Arrays.copyOfRange(row, 48, 64)).containsOnly(77f);
    }
  }

  @Test
  void refusesSizesThatDoNotFit() {
    try (Arena arena = Arena.ofConfined()) {
      StripMatrix weights = TestMatrices.stored(DType.F32, new float[16][8], arena);
      assertThatThrownBy(() ->
              FloatMatMul.apply(
                  new FloatMatrix(2, 16),
                  new FloatMatrix(2, 9),
                  weights,
                  0,
                  1,
                  new float[FloatMatMul.SCRATCH_FLOATS]))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("w [16, 8] times x [2, 9] into out [2, 16]");
    }
  }
}
