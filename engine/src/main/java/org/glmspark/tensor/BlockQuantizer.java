package org.glmspark.tensor;

import java.util.Arrays;

/// Rounds floats to integers that share a float16 scale among 32.
///
/// Q8: the scale is a 127th of the largest magnitude. Q4 and Q4M: for several guesses of the step
/// between neighbouring integers the weights are rounded, then the scale (and minimum) with the
/// least squared error for these integers is computed and rounded to float16; the guess with the
/// least error wins, and the weights are rounded once more to its scale. All in float32 and
/// float64, in one order: equal weights give equal bytes.
///
/// The search for a scale goes through many blocks at once, the blocks side by side, and no order
/// of addition within a block changes. The loops over blocks are short and read and write each
/// array from its start, because such loops the JIT turns into vector instructions. Not for two
/// threads at once.
final class BlockQuantizer {
  private static final int BLOCK_COLUMNS = StripMatrix.BLOCK_COLUMNS;

  /// Adding it rounds a float below 2^22 to an integer, half to even.
  private static final float ROUND = 0x1.8p23f;

  /// Guesses on each side of the step that just covers the range.
  private static final int GUESSES = 5;

  /// Weights as `[columns][blocks]`.
  private final float[][] columns;

  // One for each block.
  private final float[] inverse;
  private final float[] products;
  private final float[] norm;
  private final float[] integers;
  private final float[] extremes; // those of largest magnitude
  private final float[] lowest;
  private final float[] highest;
  private final double[] sum;
  private final double[] squares;
  private final double[] least;
  private final short[] scales;
  private final short[] minimums;

  /// @param maxColumns most weights of a call
  BlockQuantizer(int maxColumns) {
    int maxBlocks = Math.ceilDiv(maxColumns, BLOCK_COLUMNS);
    columns = new float[BLOCK_COLUMNS][maxBlocks];
    inverse = new float[maxBlocks];
    products = new float[maxBlocks];
    norm = new float[maxBlocks];
    integers = new float[maxBlocks];
    extremes = new float[maxBlocks];
    lowest = new float[maxBlocks];
    highest = new float[maxBlocks];
    sum = new double[maxBlocks];
    squares = new double[maxBlocks];
    least = new double[maxBlocks];
    scales = new short[maxBlocks];
    minimums = new short[maxBlocks];
  }

  /// Quantises the blocks of a line, the last one maybe shorter. Where a weight is not finite, or
  /// too large for a float16 scale, the block's scale or minimum becomes infinite or no number.
  ///
  /// @param x the weights
  /// @param count of weights
  /// @param type Q8, Q4 or Q4M
  void quantize(float[] x, int count, WeightType type, QuantizedLine line) {
    int blocks = count / BLOCK_COLUMNS;
    int rest = count % BLOCK_COLUMNS;
    if (blocks > 0) {
      quantize(x, 0, blocks, BLOCK_COLUMNS, type, line);
    }
    if (rest > 0) {
      quantize(x, count - rest, 1, rest, type, line);
    }
  }

  /// @param length weights of each block
  private void quantize(
      float[] x, int first, int blocks, int length, WeightType type, QuantizedLine line) {
    switch (type) {
      case Q8 -> {}
      case Q4 -> q4(x, first, blocks, length);
      case Q4M -> q4m(x, first, blocks, length);
      case F32, F16, BF16 -> throw new IllegalArgumentException(type + " is not quantised");
    }
    for (int block = 0; block < blocks; block++) {
      int start = first + block * BLOCK_COLUMNS;
      switch (type) {
        case Q8 -> q8(x, start, start + length, line);
        case Q4 -> finish(x, start, start + length, scales[block], 7, 8, line);
        default -> finish(x, start, start + length, scales[block], minimums[block], line);
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

  /// Integers from 0 to 15 above a minimum.
  private static void finish(
      float[] x, int first, int end, short scale, short minimum, QuantizedLine line) {
    float d = Float.float16ToFloat(scale);
    float m = Float.float16ToFloat(minimum);
    line.scales[first / BLOCK_COLUMNS] = scale;
    line.minimums[first / BLOCK_COLUMNS] = minimum;
    Arrays.fill(line.integers, first, first + BLOCK_COLUMNS, (byte) 0);
    if (d == 0) {
      return;
    }
    for (int i = first; i < end; i++) {
      line.integers[i] = (byte) rint((x[i] - m) / d, 0, 15);
    }
  }

  /// Finds the scales of some blocks. The element of largest magnitude becomes about -8, so the
  /// scale has the other sign.
  private void q4(float[] x, int first, int blocks, int length) {
    transpose(x, first, blocks, length);
    Arrays.fill(squares, 0, blocks, 0);
    for (int i = 0; i < length; i++) {
      addSquares(columns[i], blocks, squares);
    }
    for (int block = 0; block < blocks; block++) {
      float extreme = extreme(x, first + block * BLOCK_COLUMNS, length);
      extremes[block] = extreme;
      boolean finite = Double.isFinite(squares[block]);
      scales[block] = Float.floatToFloat16(finite ? extreme / -8 : Float.NaN);
      // Nothing is searched where nothing can be below the least error.
      least[block] = extreme != 0 && finite ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
    }
    for (int guess = -GUESSES; guess <= GUESSES; guess++) {
      float range = -(8 + 0.25f * guess);
      for (int block = 0; block < blocks; block++) {
        inverse[block] = range / extremes[block];
      }
      Arrays.fill(products, 0, blocks, 0);
      Arrays.fill(norm, 0, blocks, 0);
      for (int i = 0; i < length; i++) {
        addProducts(columns[i], blocks, inverse, products, norm);
      }
      for (int block = 0; block < blocks; block++) {
        // one element is not 0, nor its integer
        short scale = Float.floatToFloat16(products[block] / norm[block]);
        double d = Float.float16ToFloat(scale);
        double error = squares[block] - 2 * d * products[block] + d * d * norm[block];
        if (error < least[block]) {
          least[block] = error;
          scales[block] = scale;
        }
      }
    }
  }

  private void transpose(float[] x, int first, int blocks, int length) {
    for (int block = 0; block < blocks; block++) {
      int source = first + block * BLOCK_COLUMNS;
      for (int i = 0; i < length; i++) {
        columns[i][block] = x[source + i];
      }
    }
  }

  private static float extreme(float[] x, int first, int length) {
    float extreme = 0;
    for (int i = first; i < first + length; i++) {
      if (Math.abs(x[i]) > Math.abs(extreme)) {
        extreme = x[i];
      }
    }
    return extreme;
  }

  private static void addSquares(float[] x, int blocks, double[] squares) {
    for (int block = 0; block < blocks; block++) {
      double value = x[block];
      squares[block] += value * value;
    }
  }

  /// The integers are cut to their range as int32, which has faster instructions for that.
  private static void addProducts(
      float[] x, int blocks, float[] inverse, float[] products, float[] norm) {
    for (int block = 0; block < blocks; block++) {
      float value = x[block];
      float q = Math.max(-8, Math.min(7, (int) (value * inverse[block] + ROUND - ROUND)));
      products[block] += value * q;
      norm[block] += q * q;
    }
  }

  /// Finds the scales and minimums of some blocks.
  private void q4m(float[] x, int first, int blocks, int length) {
    transpose(x, first, blocks, length);
    System.arraycopy(columns[0], 0, lowest, 0, blocks);
    System.arraycopy(columns[0], 0, highest, 0, blocks);
    Arrays.fill(sum, 0, blocks, 0);
    Arrays.fill(squares, 0, blocks, 0);
    for (int i = 0; i < length; i++) {
      lower(columns[i], blocks, lowest);
      raise(columns[i], blocks, highest);
      add(columns[i], blocks, sum);
      addSquares(columns[i], blocks, squares);
    }
    for (int block = 0; block < blocks; block++) {
      float range = highest[block] - lowest[block];
      scales[block] = Float.floatToFloat16(range / 15);
      minimums[block] = Float.floatToFloat16(lowest[block]);
      least[block] =
          range > 0 && Float.isFinite(range) ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
    }
    for (int guess = -GUESSES; guess <= GUESSES; guess++) {
      float steps = 15 + 0.4f * guess;
      for (int block = 0; block < blocks; block++) {
        inverse[block] = steps / (highest[block] - lowest[block]);
      }
      Arrays.fill(products, 0, blocks, 0);
      Arrays.fill(norm, 0, blocks, 0);
      Arrays.fill(integers, 0, blocks, 0);
      for (int i = 0; i < length; i++) {
        addProducts(columns[i], blocks, lowest, inverse, products, norm, integers);
      }
      for (int block = 0; block < blocks; block++) {
        if (Float.isFinite(inverse[block])) {
          solve(block, length);
        }
      }
    }
  }

  private static void lower(float[] x, int blocks, float[] lowest) {
    for (int block = 0; block < blocks; block++) {
      lowest[block] = Math.min(lowest[block], x[block]);
    }
  }

  private static void raise(float[] x, int blocks, float[] highest) {
    for (int block = 0; block < blocks; block++) {
      highest[block] = Math.max(highest[block], x[block]);
    }
  }

  private static void add(float[] x, int blocks, double[] sum) {
    for (int block = 0; block < blocks; block++) {
      sum[block] += x[block];
    }
  }

  /// The same above a minimum.
  private static void addProducts(
      float[] x,
      int blocks,
      float[] lowest,
      float[] inverse,
      float[] products,
      float[] norm,
      float[] integers) {
    for (int block = 0; block < blocks; block++) {
      float value = x[block];
      float step = (value - lowest[block]) * inverse[block];
      float q = Math.max(0, Math.min(15, (int) (step + ROUND - ROUND)));
      products[block] += value * q;
      norm[block] += q * q;
      integers[block] += q;
    }
  }

  /// The normal equations of `x = d · q + m`. The smallest q is 0, the largest is not.
  private void solve(int block, int count) {
    double total = sum[block];
    float product = products[block];
    float square = norm[block];
    float linear = integers[block];
    double determinant = (double) count * square - (double) linear * linear;
    double exactScale = (count * (double) product - total * linear) / determinant;
    short scale = Float.floatToFloat16((float) exactScale);
    double d = Float.float16ToFloat(scale);
    short minimum = Float.floatToFloat16((float) ((total - d * linear) / count));
    double m = Float.float16ToFloat(minimum);
    double error =
        squares[block]
            - 2 * d * product
            - 2 * m * total
            + d * d * square
            + 2 * d * m * linear
            + m * m * count;
    if (error < least[block]) {
      least[block] = error;
      scales[block] = scale;
      minimums[block] = minimum;
    }
  }

  private static float rint(float value, float lowest, float highest) {
    return Math.max(lowest, Math.min(highest, value)) + ROUND - ROUND;
  }
}
