package org.glmspark.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogSumExpTest {
  /// The order of additions that the class promises, one element at a time.
  private static double reference(float[] x, int offset, int size) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < size; i++) {
      max = Math.max(max, x[offset + i]);
    }
    double sum = 0;
    for (int start = 0; start < size; start += 1024) {
      float[] lanes = new float[16];
      for (int i = start; i < Math.min(size, start + 1024); i++) {
        lanes[i % 16] += Exponential.of(x[offset + i] - max);
      }
      for (int half = 8; half > 0; half /= 2) {
        for (int lane = 0; lane < half; lane++) {
          lanes[lane] += lanes[lane + half];
        }
      }
      sum += lanes[0];
    }
    return max + StrictMath.log(sum);
  }

  @ParameterizedTest(name = "{0} elements")
  @ValueSource(ints = {1, 7, 15, 16, 17, 1023, 1024, 1025, 1040, 4096, 151_552})
  void hasTheBitsOfTheReferenceAndIsCloseToTheEquation(int size) {
    float[] x = TestMatrices.gaussian(new Random(size), size + 6);
    for (int i = 0; i < x.length; i++) {
      x[i] *= 8;
    }
    x[2] = Float.NaN; // around the elements: nobody may look there
    x[size + 3] = Float.NaN;

    double result = LogSumExp.of(x, 3, size);

    assertThat(result).isEqualTo(reference(x, 3, size));
    double exact = 0;
    for (int i = 3; i < size + 3; i++) {
      exact += Math.exp(x[i]);
    }
    assertThat(result).isCloseTo(Math.log(exact), offset(1e-6));
  }

  @Test
  void oneLogitThatIsNotFiniteMakesTheSumNone() {
    assertThat(LogSumExp.of(new float[] {1, Float.NaN, 2}, 0, 3)).isNaN();
    assertThat(LogSumExp.of(new float[] {1, Float.POSITIVE_INFINITY}, 0, 2)).isNaN();
    assertThat(LogSumExp.of(new float[] {1, Float.NEGATIVE_INFINITY}, 0, 2)).isNaN();
    assertThat(LogSumExp.of(new float[] {-Float.MAX_VALUE, Float.MAX_VALUE}, 0, 2))
        .isEqualTo(Float.MAX_VALUE);
  }
}
