package org.glmspark.kernel;

import org.glmspark.tensor.FloatMatrix;
import org.glmspark.tensor.StripMatrix;

/// The mean of rows, element by element, in the order of the contract for sums: row `i`, counted
/// from the first that is added, goes to lane `i mod 16` by addition from +0, then the lanes are
/// added up, `l + 8`, `l + 4`, `l + 2`, `l + 1`, and the sum is divided by the number of rows. How
/// many rows are added at a time changes nothing.
public final class MeanPooling {
  private static final int LANES = StripMatrix.STRIP_ROWS;

  private final int columns;

  /// `[16][columns]`
  private final float[] lanes;

  private int rows;

  /// @param columns of a row
  public MeanPooling(int columns) {
    this.columns = columns;
    this.lanes = new float[Math.multiplyExact(LANES, columns)];
  }

  /// Adds the next rows.
  ///
  /// @param x `[rows, columns]`
  /// @param first of the rows to add
  /// @param count how many of them
  /// @throws IllegalArgumentException if `x` has another number of columns
  public void add(FloatMatrix x, int first, int count) {
    if (x.columns() != columns) {
      throw new IllegalArgumentException(
          "rows of %d columns, expected %d".formatted(x.columns(), columns));
    }
    float[] values = x.values();
    for (int row = first; row < first + count; row++) {
      int lane = rows++ % LANES * columns;
      int source = x.offset(row);
      for (int i = 0; i < columns; i++) {
        lanes[lane + i] += values[source + i];
      }
    }
  }

  /// Rows added so far.
  public int rows() {
    return rows;
  }

  /// The mean of the rows so far, `[columns]`.
  ///
  /// @throws IllegalStateException if there are none
  public float[] mean() {
    if (rows == 0) {
      throw new IllegalStateException("the mean of no rows");
    }
    float[] sum = lanes.clone();
    for (int half = LANES / 2; half > 0; half /= 2) {
      for (int i = 0; i < half * columns; i++) {
        sum[i] += sum[i + half * columns];
      }
    }
    float[] mean = new float[columns];
    for (int i = 0; i < columns; i++) {
      mean[i] = sum[i] / rows;
    }
    return mean;
  }
}
