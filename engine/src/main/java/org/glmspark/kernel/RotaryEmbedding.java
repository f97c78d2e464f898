package org.glmspark.kernel;

import org.glmspark.tensor.FloatMatrix;

/// Rotary position embedding: the pair `(2i, 2i + 1)` of a head is turned by the angle `position ·
/// frequency[i]`; elements beyond the last pair stay.
///
/// Source: Su et al. 2021, <https://arxiv.org/abs/2104.09864>, section 3.4.2; interleaved pairs and
/// half of a head as GLM has it.
public final class RotaryEmbedding {
  private final double[] frequencies;
  private final double amplitude;

  /// @param frequencies radians from one position to the next, for each pair; not changed
  ///   afterwards
  /// @param amplitude what cosines and sines are multiplied by: 1, unless the model is stretched
  public RotaryEmbedding(double[] frequencies, double amplitude) {
    this.frequencies = frequencies;
    this.amplitude = amplitude;
  }

  /// Pairs of a head that are turned: the number of cosines and sines of a position.
  public int pairs() {
    return frequencies.length;
  }

  /// Writes the cosines, then the sines, of one position, times the amplitude. Angles are computed
  /// in double: at position 10⁶ a float32 angle would be off by 0.03.
  ///
  /// @param table `[rows, 2 · pairs]`; only row `row` is written
  public void angles(int position, FloatMatrix table, int row) {
    float[] values = table.values();
    int cosines = table.offset(row);
    int sines = cosines + frequencies.length;
    for (int i = 0; i < frequencies.length; i++) {
      double angle = position * frequencies[i];
      values[cosines + i] = (float) (amplitude * StrictMath.cos(angle));
      values[sines + i] = (float) (amplitude * StrictMath.sin(angle));
    }
  }

  /// Turns the first `heads` heads of one row in place.
  ///
  /// @param x `[rows, at least heads · headSize]`
  /// @param table as [#angles] wrote it, for the same row
  public void apply(FloatMatrix x, FloatMatrix table, int row, int heads, int headSize) {
    float[] values = x.values();
    float[] angles = table.values();
    int cosines = table.offset(row);
    int sines = cosines + frequencies.length;
    for (int head = 0; head < heads; head++) {
      int offset = x.offset(row) + head * headSize;
      for (int i = 0; i < frequencies.length; i++) {
        float a = values[offset + 2 * i];
        float b = values[offset + 2 * i + 1];
        float cos = angles[cosines + i];
        float sin = angles[sines + i];
        values[offset + 2 * i] = a * cos - b * sin;
        values[offset + 2 * i + 1] = b * cos + a * sin;
      }
    }
  }
}
