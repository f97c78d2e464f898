package org.glmspark.model;

/// YaRN: rotary frequencies stretched so that a model reads longer texts than it was trained on.
/// Slow pairs turn `factor` times slower, fast ones stay, those between are mixed; all cosines and
/// sines grow by `attentionFactor`. It changes short texts too.
///
/// Source: Peng et al. 2023, <https://arxiv.org/abs/2309.00071>, as transformers computes it.
///
/// @param factor how many times longer, above 1
/// @param originalTokens context the model was trained on, at least 1
/// @param betaFast pairs that turn more often than this within `originalTokens` stay; usually 32
/// @param betaSlow pairs that turn less often than this are slowed by all of `factor`; usually 1
/// @param attentionFactor what cosines and sines are multiplied by; usually [#attentionFactor]
public record YarnScaling(
    double factor, int originalTokens, double betaFast, double betaSlow, double attentionFactor) {

  public static final double BETA_FAST = 32;
  public static final double BETA_SLOW = 1;

  public YarnScaling {
    ModelConfig.require(factor >= 1 && Double.isFinite(factor), "factor", factor, "at least 1");
    ModelConfig.require(originalTokens >= 1, "originalTokens", originalTokens, "at least 1");
    ModelConfig.require(betaSlow > 0 && Double.isFinite(betaSlow), "betaSlow", betaSlow, "above 0");
    ModelConfig.require(
        betaFast >= betaSlow && Double.isFinite(betaFast),
        "betaFast",
        betaFast,
        "at least betaSlow, " + betaSlow);
    ModelConfig.require(
        attentionFactor > 0 && Double.isFinite(attentionFactor),
        "attentionFactor",
        attentionFactor,
        "above 0");
  }

  /// `0.1 · ln(factor) + 1`, the growth that the paper found best.
  public static double attentionFactor(double factor) {
    return 0.1 * StrictMath.log(factor) + 1;
  }

  /// The context that the model reads with this scaling.
  long stretchedTokens() {
    return (long) (factor * originalTokens);
  }

  /// The frequency of a pair.
  ///
  /// @param frequency what it is without scaling
  /// @param pair its number, from the fastest, 0
  /// @param base the rotary base
  /// @param rotated elements of a head that are turned
  double frequency(double frequency, int pair, double base, int rotated) {
    double low = Math.max(Math.floor(pairTurning(betaFast, base, rotated)), 0);
    double high = Math.min(Math.ceil(pairTurning(betaSlow, base, rotated)), rotated - 1);
    double width = Math.max(high - low, 0.001); // as transformers: no division by zero
    double slowed = Math.clamp((pair - low) / width, 0, 1);
    return frequency / factor * slowed + frequency * (1 - slowed);
  }

  /// The pair, as a fraction, that turns so many times within the original context.
  private double pairTurning(double times, double base, int rotated) {
    return rotated
        * StrictMath.log(originalTokens / (times * 2 * Math.PI))
        / (2 * StrictMath.log(base));
  }
}
