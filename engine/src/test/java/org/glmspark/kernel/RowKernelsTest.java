package org.glmspark.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import java.util.Arrays;
import java.util.Random;
import org.glmspark.kernel.x86.FloatKernels;
import org.glmspark.tensor.FloatMatrix;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Norm, activation and addition: kernels that work on one row.
@ParameterizedClass
@MethodSource("org.glmspark.kernel.TestKernels#all")
class RowKernelsTest {
  private final @Nullable FloatKernels assembled;

  RowKernelsTest(MatMul matMul) {
    this.assembled = matMul.floats();
  }

  /// The sum of squares as the contract orders it.
  private static float sumOfSquares(float[] x) {
    float[] lanes = new float[16];
    for (int i = 0; i < x.length; i++) {
      lanes[i % 16] = Math.fma(x[i], x[i], lanes[i % 16]);
    }
    for (int half = 8; half > 0; half /= 2) {
      for (int lane = 0; lane < half; lane++) {
        lanes[lane] += lanes[lane + half];
      }
    }
    return lanes[0];
  }

  @ParameterizedTest(name = "hidden = {0}")
  @ValueSource(ints = {1, 7, 8, 15, 16, 17, 33, 1000, 4096, 4097}) // around every vector width
  void normHasTheBitsOfTheReferenceAndIsCloseToTheEquation(int hidden) {
    Random random = new Random(hidden);
    FloatMatrix x = TestMatrices.gaussian(random, 2, hidden);
    float[] weight = TestMatrices.gaussian(random, hidden);
    FloatMatrix out = new FloatMatrix(3, hidden);
    Arrays.fill(out.values(), 77f);

    RmsNorm.apply(out, 1, x, 1, weight, 1e-5f, assembled);

    float[] input = TestMatrices.row(x, 1);
    float scale = 1 / (float) Math.sqrt(sumOfSquares(input) / hidden + 1e-5f);
    double squares = 0;
    for (float value : input) {
      squares += (double) value * value;
    }
    double rms = Math.sqrt(squares / hidden + 1e-5);
    float[] result = TestMatrices.row(out, 1);
    for (int i = 0; i < hidden; i++) {
      assertThat(result[i]).isEqualTo(input[i] * scale * weight[i]);
      assertThat((double) result[i]).isCloseTo(weight[i] * input[i] / rms, offset(1e-5));
    }
    assertThat(TestMatrices.row(out, 0)).containsOnly(77f);
    assertThat(TestMatrices.row(out, 2)).containsOnly(77f);
  }

  @ParameterizedTest(name = "size = {0}")
  @ValueSource(ints = {1, 7, 16, 17, 160, 513})
  void activationHasTheBitsOfTheReferenceAndIsCloseToTheEquation(int size) {
    Random random = new Random(size);
    FloatMatrix gateUp = TestMatrices.gaussian(random, 2, 2 * size);
    gateUp.values()[gateUp.offset(1)] = -200; // its exponential overflows; the activation is 0
    FloatMatrix out = new FloatMatrix(2, size);

    SwiGlu.apply(out, gateUp, 1, assembled);

    float[] input = TestMatrices.row(gateUp, 1);
    float[] result = TestMatrices.row(out, 1);
    for (int i = 0; i < size; i++) {
      float gate = input[i];
      float up = input[size + i];
      assertThat(result[i]).isEqualTo(gate / (Exponential.of(-gate) + 1) * up);
      assertThat((double) result[i]).isCloseTo(gate / (1 + Math.exp(-gate)) * up, offset(1e-5));
    }
    assertThat(result[0]).isZero();
  }

  @ParameterizedTest(name = "size = {0}")
  @ValueSource(ints = {1, 7, 16, 17, 160, 513})
  void additionChangesOneRow(int size) {
    Random random = new Random(size);
    FloatMatrix x = TestMatrices.gaussian(random, 3, size);
    FloatMatrix addend = TestMatrices.gaussian(random, 3, size);
    float[][] before = {TestMatrices.row(x, 0), TestMatrices.row(x, 1), TestMatrices.row(x, 2)};

    Addition.apply(x, 1, addend, assembled);

    float[] sum = new float[size];
    for (int i = 0; i < size; i++) {
      sum[i] = before[1][i] + addend.values()[addend.offset(1) + i];
    }
    assertThat(TestMatrices.row(x, 0)).isEqualTo(before[0]);
    assertThat(TestMatrices.row(x, 1)).isEqualTo(sum);
    assertThat(TestMatrices.row(x, 2)).isEqualTo(before[2]);
  }
}
