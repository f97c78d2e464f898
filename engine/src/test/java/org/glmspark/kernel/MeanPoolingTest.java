package org.glmspark.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.util.Random;
import org.glmspark.tensor.FloatMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MeanPoolingTest {
  /// The contract, for one column.
  private static float reference(FloatMatrix x, int column) {
    float[] lanes = new float[16];
    for (int row = 0; row < x.rows(); row++) {
      float value = x.values()[x.offset(row) + column];
      lanes[row % 16] = Math.fma(value, 1, lanes[row % 16]);
    }
    return LaneSum.tree(lanes, 0) / x.rows();
  }

  @ParameterizedTest(name = "{0} rows of {1}, {2} at a time")
  @CsvSource({"1, 1, 1", "16, 7, 16", "17, 33, 5", "100, 48, 1", "1000, 16, 999", "31, 130, 16"})
  void hasTheBitsOfTheContractHoweverRowsAreCut(int rows, int columns, int chunk) {
    FloatMatrix x = TestMatrices.gaussian(new Random(rows), rows, columns);
    MeanPooling pooling = new MeanPooling(columns);
    for (int row = 0; row < rows; row += chunk) {
      pooling.add(x, row, Math.min(chunk, rows - row));
    }

    float[] mean = pooling.mean();

    for (int column = 0; column < columns; column++) {
      assertThat(mean[column]).isEqualTo(reference(x, column));
      double sum = 0;
      for (int row = 0; row < rows; row++) {
        sum += x.values()[x.offset(row) + column];
      }
      assertThat((double) mean[column]).isCloseTo(sum / rows, offset(1e-5));
    }
  }

  @Test
  void refusesRowsOfAnotherSizeAndTheMeanOfNothing() {
    MeanPooling pooling = new MeanPooling(3);
    assertThatThrownBy(() -> pooling.add(new FloatMatrix(1, 4), 0, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("rows of 4 columns, expected 3");
    assertThatThrownBy(pooling::mean).isInstanceOf(IllegalStateException.class);
  }
}
