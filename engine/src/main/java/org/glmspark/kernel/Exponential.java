package org.glmspark.kernel;

import static org.glmspark.kernel.x86.ExponentialTerms.C1;
import static org.glmspark.kernel.x86.ExponentialTerms.C2;
import static org.glmspark.kernel.x86.ExponentialTerms.C3;
import static org.glmspark.kernel.x86.ExponentialTerms.C4;
import static org.glmspark.kernel.x86.ExponentialTerms.C5;
import static org.glmspark.kernel.x86.ExponentialTerms.C6;
import static org.glmspark.kernel.x86.ExponentialTerms.LARGEST;
import static org.glmspark.kernel.x86.ExponentialTerms.LN2_HIGH;
import static org.glmspark.kernel.x86.ExponentialTerms.LN2_LOW;
import static org.glmspark.kernel.x86.ExponentialTerms.LOG2_E;
import static org.glmspark.kernel.x86.ExponentialTerms.ROUND;
import static org.glmspark.kernel.x86.ExponentialTerms.SMALLEST;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// `e^x` in float32, defined to the bit: the same number from a scalar, from any vector width, on
/// any CPU.
///
/// `x = n · ln 2 + r` with `|r| <= ln 2 / 2`, `e^r` by a polynomial in Horner form, then a
/// multiplication by `2^n`. exp(0) is 1; below -87 the result is exactly 0, above 88 it is
/// infinite; in between the relative error is below 2e-7. NaN stays NaN. The numbers and their
/// source are in [org.glmspark.kernel.x86.ExponentialTerms].
final class Exponential {
  private static final int ROUND_BITS = Float.floatToRawIntBits(ROUND);

  private Exponential() {}

  static float of(float x) {
    float shifted = x * LOG2_E + ROUND;
    float n = shifted - ROUND;
    float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, x));
    float p = Math.fma(C6, r, C5);
    p = Math.fma(p, r, C4);
    p = Math.fma(p, r, C3);
    p = Math.fma(p, r, C2);
    p = Math.fma(p, r, C1);
    p = Math.fma(p, r * r, r) + 1;
    float power = Float.intBitsToFloat((Float.floatToRawIntBits(shifted) - ROUND_BITS + 127) << 23);
    float result = p * power;
    if (x < SMALLEST) {
      return 0;
    }
    return x > LARGEST ? Float.POSITIVE_INFINITY : result;
  }

  /// The JIT keeps the numbers in registers only if it inlines all of this: a loop has room for one
  /// such call, not for several.
  static FloatVector of(FloatVector x) {
    FloatVector shifted = x.mul(LOG2_E).add(ROUND);
    FloatVector n = shifted.sub(ROUND);
    FloatVector r =
        n.fma(
            FloatVector.broadcast(Lanes.FLOATS, -LN2_LOW),
            n.fma(FloatVector.broadcast(Lanes.FLOATS, -LN2_HIGH), x));
    FloatVector p =
        FloatVector.broadcast(Lanes.FLOATS, C6).fma(r, FloatVector.broadcast(Lanes.FLOATS, C5));
    p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, C4));
    p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, C3));
    p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, C2));
    p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, C1));
    p = p.fma(r.mul(r), r).add(1);
    IntVector exponent =
        shifted.reinterpretAsInts().sub(ROUND_BITS - 127).lanewise(VectorOperators.LSHL, 23);
    FloatVector result = p.mul(exponent.reinterpretAsFloats());
    VectorMask<Float> small = x.compare(VectorOperators.LT, SMALLEST);
    VectorMask<Float> large = x.compare(VectorOperators.GT, LARGEST);
    return result.blend(0f, small).blend(Float.POSITIVE_INFINITY, large);
  }
}
