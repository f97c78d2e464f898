package org.glmspark.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import org.glmspark.tensor.StripMatrix;

/// How [Float64Twin] rounds what it multiplies with a matrix.
@FunctionalInterface
interface ActivationRounding {
  /// How far from the middle between two integers a number may be for which float32 and float64
  /// choose different ones, in steps of the integers.
  double TIE = 1e-3;

  /// Not at all.
  ActivationRounding NONE = (_, _, _, x) -> x;

  /// Every input of every product to 8 bits, whatever the weights are.
  ActivationRounding EIGHT_BITS =
      (_, _, _, x) -> round(x, (_, count, steps) -> nearest(count, steps));

  /// @param weights what the input is multiplied with
  /// @param product its number, as in [EngineTrace]
  /// @param token its number, as in [EngineTrace]
  /// @param x the input
  /// @return the values that are multiplied
  double[] round(StripMatrix weights, int product, int token, double[] x);

  /// Inputs of quantised weights to 8 bits, as the numeric contract says, and to the integers that
  /// the engine chose. What is a hair's breadth from the middle between two integers falls to one
  /// side in float32 and may fall to the other in float64, and then the two would differ by a whole
  /// step from there on. So the twin follows the engine, after it has checked that its own number,
  /// computed in float64 from the start, is no farther from the engine's integer than half a step
  /// and [#TIE].
  static ActivationRounding as(EngineTrace trace) {
    return (weights, product, token, x) -> {
      if (!weights.type().isQuantized()) {
        return x;
      }
      float[] engine = trace.inputs().get(product)[token];
      return round(x, (block, count, steps) -> chosen(engine, block, count, steps));
    };
  }

  /// Chooses the integers of a block.
  @FunctionalInterface
  interface Choice {
    /// @param block the first column
    /// @param steps the values of the block, divided by its scale
    double[] integers(int block, int count, double[] steps);
  }

  private static double[] nearest(int count, double[] steps) {
    double[] integers = new double[count];
    for (int i = 0; i < count; i++) {
      integers[i] = Math.rint(steps[i]);
    }
    return integers;
  }

  /// The contract's rule in float32: `rint(x · (127 / m))`.
  private static double[] chosen(float[] x, int block, int count, double[] steps) {
    float largest = 0;
    for (int i = 0; i < count; i++) {
      largest = Math.max(largest, Math.abs(x[block + i]));
    }
    double[] integers = new double[count];
    for (int i = 0; i < count; i++) {
      integers[i] = Math.rint(x[block + i] * (127 / largest));
      assertThat(Math.abs(steps[i] - integers[i]))
          .as("column %d: %s in float64", block + i, steps[i])
          .isLessThan(0.5 + TIE);
    }
    return integers;
  }

  private static double[] round(double[] x, Choice choice) {
    double[] rounded = new double[x.length];
    for (int block = 0; block < x.length; block += StripMatrix.BLOCK_COLUMNS) {
      int count = Math.min(StripMatrix.BLOCK_COLUMNS, x.length - block);
      double largest = 0;
      for (int i = 0; i < count; i++) {
        largest = Math.max(largest, Math.abs(x[block + i]));
      }
      if (largest < 0x1p-100) {
        continue;
      }
      double scale = largest / 127;
      double[] steps = new double[count];
      for (int i = 0; i < count; i++) {
        steps[i] = x[block + i] / scale;
      }
      double[] integers = choice.integers(block, count, steps);
      for (int i = 0; i < count; i++) {
        rounded[block + i] = integers[i] * scale;
      }
    }
    return rounded;
  }
}
