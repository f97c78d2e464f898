package org.glmspark.model;

import org.jspecify.annotations.Nullable;

/// How a model's rotary position embedding turns the elements of a head: pair `(2i, 2i + 1)` by
/// `position · base^(-2i / rotatedSize)`, unless YaRN says otherwise.
///
/// @param base of the frequencies, `rope_ratio` already multiplied in; above 1
/// @param rotatedSize leading elements of a head that are turned; even, at least 2
/// @param yarn null in all published models: it is for whoever asks for longer contexts
public record RotarySettings(double base, int rotatedSize, @Nullable YarnScaling yarn) {
  /// The base of models that do not change it.
  static final double PLAIN_BASE = 10_000;

  public RotarySettings {
    ModelConfig.require(base > 1 && Double.isFinite(base), "ropeBase", base, "above 1");
    ModelConfig.require(
        rotatedSize >= 2 && rotatedSize % 2 == 0,
        "rotatedSize",
        rotatedSize,
        "an even number from 2");
  }

  /// How far each pair turns from one position to the next, in radians.
  public double[] frequencies() {
    double[] frequencies = new double[rotatedSize / 2];
    for (int i = 0; i < frequencies.length; i++) {
      double frequency = 1 / StrictMath.pow(base, 2.0 * i / rotatedSize);
      frequencies[i] = yarn == null ? frequency : yarn.frequency(frequency, i, base, rotatedSize);
    }
    return frequencies;
  }

  /// What cosines and sines are multiplied by.
  public double amplitude() {
    return yarn == null ? 1 : yarn.attentionFactor();
  }
}
