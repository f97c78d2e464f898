package org.glmspark.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class ExponentialTest {
  @Test
  void isCloseToTheExponentialAndTheSameInScalarAndVector() {
    Random random = new Random(1);
    float[] x = new float[1 << 16];
    for (int i = 0; i < x.length; i++) {
      x[i] = (random.nextFloat() * 2 - 1) * (i % 2 == 0 ? 90 : 2);
    }
    float[] out = new float[x.length];

    for (int i = 0; i < x.length; i += Lanes.COUNT) {
      Exponential.of(FloatVector.fromArray(Lanes.FLOATS, x, i)).intoArray(out, i);
    }

    for (int i = 0; i < x.length; i++) {
      assertThat(Float.floatToIntBits(out[i]))
          .as("exp(%s)", x[i])
          .isEqualTo(Float.floatToIntBits(Exponential.of(x[i])));
      if (x[i] >= -87 && x[i] <= 88) {
        double expected = StrictMath.exp(x[i]);
        assertThat(Math.abs(out[i] - expected) / expected).as("exp(%s)", x[i]).isLessThan(2e-7);
      }
    }
  }

  @Test
  void hasItsSpecialValues() {
    assertThat(Exponential.of(0f)).isEqualTo(1f);
    assertThat(Exponential.of(-0f)).isEqualTo(1f);
    assertThat(Float.floatToRawIntBits(Exponential.of(Math.nextDown(-87f)))).isZero();
    assertThat(Exponential.of(-87f)).isGreaterThan(0f);
    assertThat(Float.floatToRawIntBits(Exponential.of(Float.NEGATIVE_INFINITY))).isZero();
    assertThat(Exponential.of(88f)).isFinite();
    assertThat(Exponential.of(Math.nextUp(88f))).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(Exponential.of(Float.MAX_VALUE)).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(Exponential.of(Float.NaN)).isNaN();
  }

  @Test
  void keepsItsBitsForEver() {
    // A completion depends on these: a change needs a new numerics version.
    int hash = 0;
    for (float x = -87; x <= 88; x += 0.03125f) {
      hash = 31 * hash + Float.floatToIntBits(Exponential.of(x));
    }
    assertThat(hash).isEqualTo(1304123096);
  }
}
