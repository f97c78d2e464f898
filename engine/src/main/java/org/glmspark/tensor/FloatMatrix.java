package org.glmspark.tensor;

/// Float32 activations, one row for each token of a step.
///
/// A row takes `stride` floats, the next multiple of 16 above `columns`, so that a kernel may write
/// whole strips of output rows. What stands in the padding is undefined. The memory is for
/// `capacity` rows; how many are in use changes from step to step.
public final class FloatMatrix {
  private final float[] values;
  private final int capacity;
  private final int columns;
  private final int stride;
  private int rows;

  /// @param capacity most rows; all of them are in use until [#useRows] says otherwise
  public FloatMatrix(int capacity, int columns) {
    if (capacity < 1 || columns < 1) {
      throw new IllegalArgumentException(
          "matrix of %d rows, %d columns".formatted(capacity, columns));
    }
    this.capacity = capacity;
    this.columns = columns;
    this.stride = StripMatrix.strips(columns) * StripMatrix.STRIP_ROWS;
    long size = (long) capacity * stride;
    if (size > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "%d rows of %d floats do not fit one array; take fewer tokens a step"
              .formatted(capacity, stride));
    }
    this.values = new float[(int) size];
    this.rows = capacity;
  }

  /// Sets how many rows are in use. Values stay.
  public void useRows(int rows) {
    if (rows < 0 || rows > capacity) {
      throw new IllegalArgumentException("%d rows, capacity %d".formatted(rows, capacity));
    }
    this.rows = rows;
  }

  /// Rows in use.
  public int rows() {
    return rows;
  }

  /// Elements of a row.
  public int columns() {
    return columns;
  }

  /// Floats from the start of one row to the start of the next.
  public int stride() {
    return stride;
  }

  /// All values, row after row. Shared, not copied.
  public float[] values() {
    return values;
  }

  /// Index in [#values] of the first element of a row.
  public int offset(int row) {
    if (row < 0 || row >= rows) {
      throw new IndexOutOfBoundsException("row %d of %d".formatted(row, rows));
    }
    return row * stride;
  }
}
