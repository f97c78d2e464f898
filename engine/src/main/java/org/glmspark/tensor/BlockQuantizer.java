package org.glmspark.tensor;

import java.util.Arrays;

/// Rounds floats to integers that share a float16 scale among 32.
///
/// Q8: the scale is a 127th of the largest magnitude. Q4 and Q4M: for several guesses of the step
/// between neighbouring integers the weights are rounded, then the scale (and minimum) with the
/// least squared error for these integers is computed and rounded to float16; the guess with the
/// least error wins, and the weights are rounded once more to its scale. All in float32 and
/// float64, in one order: equal weights give equal bytes.
final class BlockQuantizer {
  private static final int BLOCK_COLUMNS = StripMatrix.BLOCK_COLUMNS;

  /// Adding it rounds a float below 2^22 to an integer, half to even.
  private static final float ROUND = 0x1.8p23f;

  /// Guesses on each side of the step that just covers the range.
  private static final int GUESSES = 5;

  private BlockQuantizer() {}

  /// Quantises the blocks of a line, the last one maybe shorter. Where a weight is not finite, or
  /// too large for a float16 scale, the block's scale or minimum becomes infinite or no number.
  ///
  /// @param x the weights
  /// @param count of weights
  /// @param type Q8, Q4 or Q4M
  static void quantize(float[] x, int count, WeightType type, QuantizedLine line) {
    for (int first = 0; first < count; first += BLOCK_COLUMNS) {
      int end = Math.min(count, first + BLOCK_COLUMNS);
      switch (type) {
        case Q8 -> q8(x, first, end, line);
        case Q4 -> q4(x, first, end, line);
        case Q4M -> q4m(x, first, end, line);
        case F32, F16, BF16 -> throw new IllegalArgumentException(type + " is not quantised");
      }
    }
  }

  private static void q8(float[] x, int first, int end, QuantizedLine line) {
    float largest = 0;
    for (int i = first; i < end; i++) {
      largest = Math.max(largest, Math.abs(x[i])); // no number wins
    }
    short scale = Float.floatToFloat16(largest / 127);
    if (largest > 127.5f * Float.float16ToFloat(scale) && scale != 0) {
      scale++; // a subnormal, whose rounding would cut the largest weight
    }
    finish(x, first, end, scale, 127, 128, line);
  }

  /// Symmetric integers from `-limit`, or one less if they have an even number of values, on.
  private static void finish(
      float[] x, int first, int end, short scale, int limit, int offset, QuantizedLine line) {
    float step = Float.float16ToFloat(scale);
    float lowest = offset == 128 ? -limit : -limit - 1;
    Arrays.fill(line.integers, first, first + BLOCK_COLUMNS, (byte) offset);
    line.scales[first / BLOCK_COLUMNS] = scale;
    if (step == 0) {
      return; // nearer to 0 than half the smallest float16
    }
    for (int i = first; i < end; i++) {
      line.integers[i] = (byte) ((int) rint(x[i] / step, lowest, limit) + offset);
    }
  }

  /// The element of largest magnitude becomes about -8, so the scale has the other sign.
  private static void q4(float[] x, int first, int end, QuantizedLine line) {
    float extreme = 0;
    double squares = 0;
    for (int i = first; i < end; i++) {
      if (Math.abs(x[i]) > Math.abs(extreme)) {
        extreme = x[i];
      }
      squares += (double) x[i] * x[i];
    }
    boolean finite = Double.isFinite(squares);
    short best = Float.floatToFloat16(finite ? extreme / -8 : Float.NaN);
    if (extreme != 0 && finite) {
      double least = Double.POSITIVE_INFINITY;
      for (int guess = -GUESSES; guess <= GUESSES; guess++) {
        float inverse = -(8 + 0.25f * guess) / extreme;
        float products = 0;
        float norm = 0;
        for (int i = first; i < end; i++) {
          float q = rint(x[i] * inverse, -8, 7);
          products += x[i] * q;
          norm += q * q;
        }
        short scale = Float.floatToFloat16(products / norm); // one element is not 0, nor its q
        double d = Float.float16ToFloat(scale);
        double error = squares - 2 * d * products + d * d * norm;
        if (error < least) {
          least = error;
          best = scale;
        }
      }
    }
    finish(x, first, end, best, 7, 8, line);
  }

  private static void q4m(float[] x, int first, int end, QuantizedLine line) {
    float min = x[first];
    float max = x[first];
    double sum = 0;
    double squares = 0;
    for (int i = first; i < end; i++) {
      min = Math.min(min, x[i]);
      max = Math.max(max, x[i]);
      sum += x[i];
      squares += (double) x[i] * x[i];
    }
    int count = end - first;
    short bestScale = Float.floatToFloat16((max - min) / 15);
    short bestMinimum = Float.floatToFloat16(min);
    if (max > min && Float.isFinite(max - min)) {
      double least = Double.POSITIVE_INFINITY;
      for (int guess = -GUESSES; guess <= GUESSES; guess++) {
        float inverse = (15 + 0.4f * guess) / (max - min);
        float products = 0;
        float norm = 0;
        float integers = 0;
        for (int i = first; i < end; i++) {
          float q = rint((x[i] - min) * inverse, 0, 15);
          products += x[i] * q;
          norm += q * q;
          integers += q;
        }
        // The normal equations of x = d · q + m. The smallest q is 0, the largest is not.
        double determinant = (double) count * norm - (double) integers * integers;
        double exactScale = (count * (double) products - sum * integers) / determinant;
        short scale = Float.floatToFloat16((float) exactScale);
        double d = Float.float16ToFloat(scale);
        short minimum = Float.floatToFloat16((float) ((sum - d * integers) / count));
        double m = Float.float16ToFloat(minimum);
        double error =
            squares
                - 2 * d * products
                - 2 * m * sum
                + d * d * norm
                + 2 * d * m * integers
                + m * m * count;
        if (error < least) {
          least = error;
          bestScale = scale;
          bestMinimum = minimum;
        }
      }
    }
    line.scales[first / BLOCK_COLUMNS] = bestScale;
    line.minimums[first / BLOCK_COLUMNS] = bestMinimum;
    float d = Float.float16ToFloat(bestScale);
    float m = Float.float16ToFloat(bestMinimum);
    Arrays.fill(line.integers, first, first + BLOCK_COLUMNS, (byte) 0);
    if (d == 0) {
      return;
    }
    for (int i = first; i < end; i++) {
      line.integers[i] = (byte) rint((x[i] - m) / d, 0, 15);
    }
  }

  private static float rint(float value, float lowest, float highest) {
    return Math.max(lowest, Math.min(highest, value)) + ROUND - ROUND;
  }
}
