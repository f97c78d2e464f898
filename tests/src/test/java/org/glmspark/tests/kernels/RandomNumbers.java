package org.glmspark.tests.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.FloatMatrix;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.Tensor;
import org.glmspark.tensor.WeightType;

/// What kernels are given: the same numbers in every run.
final class RandomNumbers {
  private RandomNumbers() {}

  static FloatMatrix activations(int rows, int columns) {
    var matrix = new FloatMatrix(rows, columns);
    var random = new Random(rows);
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < columns; i++) {
        matrix.values()[matrix.offset(row) + i] = (float) random.nextGaussian();
      }
    }
    return matrix;
  }

  /// Weights as models have them, in kernel layout outside the heap.
  static StripMatrix weights(WeightType type, int rows, int columns) {
    var random = new Random(columns);
    try (Arena stored = Arena.ofConfined()) {
      MemorySegment data = stored.allocate(ValueLayout.JAVA_FLOAT, (long) rows * columns);
      for (long i = 0; i < (long) rows * columns; i++) {
        data.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (0.02 * random.nextGaussian()));
      }
      var tensor =
          new Tensor("weights", "random", DType.F32, List.of((long) rows, (long) columns), data);
      return StripMatrix.interleave("weights", List.of(tensor), type, Arena.ofAuto());
    }
  }
}
