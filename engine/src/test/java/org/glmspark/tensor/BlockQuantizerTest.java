package org.glmspark.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Many blocks at once get the integers and scales that each would get alone.
class BlockQuantizerTest {
  private static final int BLOCK_COLUMNS = StripMatrix.BLOCK_COLUMNS;
  private static final float ROUND = 0x1.8p23f;
  private static final int GUESSES = 5;

  /// Blocks of every kind: weights as models have them, sparse ones, with an outlier, of one sign,
  /// constant, subnormal, too large for float16, not finite.
  private static void fill(float[] x, int first, int end, int kind, Random random) {
    float size = (float) Math.pow(10, random.nextInt(7) - 5);
    for (int i = first; i < end; i++) {
      float value = (float) random.nextGaussian() * size;
      x[i] =
          switch (kind) {
            case 1 -> random.nextInt(4) == 0 ? value : 0;
            case 2 -> i == first + 3 ? 40 * value : value;
            case 3 -> Math.abs(value);
            case 4 -> size;
            case 5 -> value * 1e-40f;
            case 6 -> value * 1e30f;
            case 7 -> i == end - 1 ? Float.NaN : value;
            case 8 -> i == first ? Float.NEGATIVE_INFINITY : value;
            case 9 -> Math.round(value / size * 8) * size; // ties
            case 10 -> 0;
            default -> value;
          };
    }
  }

  @ParameterizedTest
  @CsvSource({
    "Q8, 4096",
    "Q4, 4096",
    "Q4M, 4096",
    "Q8, 97",
    "Q4, 97",
    "Q4M, 97",
    "Q4, 5",
    "Q4M, 5",
    "Q4, 1",
    "Q4M, 1"
  })
  void blocksSideBySideAreQuantisedAsOnesAlone(WeightType type, int count) {
    var random = new Random(count);
    var quantizer = new BlockQuantizer(4096);
    int columns = 32 * Math.ceilDiv(count, 32);
    var found = new QuantizedLine(columns); // keeps what it held: all of it must be written
    for (int repeat = 0; repeat < 30; repeat++) {
      float[] x = new float[count];
      for (int first = 0; first < count; first += BLOCK_COLUMNS) {
        fill(x, first, Math.min(count, first + BLOCK_COLUMNS), random.nextInt(16), random);
      }
      var expected = new QuantizedLine(columns);

      quantizer.quantize(x, count, type, found);

      quantizeSlowly(x, count, type, expected);
      assertThat(found.scales).isEqualTo(expected.scales);
      if (type == WeightType.Q4M) {
        assertThat(found.minimums).isEqualTo(expected.minimums);
      }
      assertThat(found.integers).isEqualTo(expected.integers);
    }
  }

  private static void quantizeSlowly(float[] x, int count, WeightType type, QuantizedLine line) {
    for (int first = 0; first < count; first += BLOCK_COLUMNS) {
      int end = Math.min(count, first + BLOCK_COLUMNS);
      switch (type) {
        case Q8 -> q8(x, first, end, line);
        case Q4 -> q4(x, first, end, line);
        case Q4M -> q4m(x, first, end, line);
        case F32, F16, BF16 -> throw new AssertionError(type);
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
