package org.glmspark.sampling;

/// Draws a token from `softmax(logits / temperature)`, cut by min-p, top-k and top-p in this order.
///
/// Tokens with equal logits come in the order of their ids, so each cut keeps the lowest. The sum
/// that top-p has to reach is a share of what the cuts before it leave.
///
/// Sources: min-p: Nguyen et al. 2024, <https://arxiv.org/abs/2407.01082>, section 3; top-k: Fan et
/// al. 2018, <https://arxiv.org/abs/1805.04833>, section 5.4; top-p: Holtzman et al. 2019,
/// <https://arxiv.org/abs/1904.09751>, section 3.1.
final class TokenDraw {
  /// Tokens whose scaled logit is further below the largest are never drawn: all of them together
  /// weigh less than 2^-40 for any vocabulary below a million.
  private static final double NEGLIGIBLE = 42;

  private final float[] logits;
  private final int offset;
  private final float largest;
  private final double temperature;

  private TokenDraw(float[] logits, int offset, float largest, double temperature) {
    this.logits = logits;
    this.offset = offset;
    this.largest = largest;
    this.temperature = temperature;
  }

  /// Draws one.
  ///
  /// @param logits a row of them starts at `offset`; finite, or -infinity for tokens that cannot be
  ///   drawn
  /// @param size of the vocabulary
  /// @param largest of the row; finite
  /// @param uniform the draw, in `[0, 1)`
  static int draw(
      float[] logits,
      int offset,
      int size,
      float largest,
      SamplingParameters parameters,
      double uniform) {
    return new TokenDraw(logits, offset, largest, parameters.temperature())
        .draw(size, parameters, uniform);
  }

  private int draw(int size, SamplingParameters parameters, double uniform) {
    TokenQueue candidates = candidates(size, parameters.minP());
    if (parameters.topK() > 0) {
      candidates.keepFirst(parameters.topK());
    }
    double total = 0;
    for (int i = 0; i < candidates.count(); i++) {
      total += weight(candidates.token(i));
    }
    double nucleus =
        parameters.topP() == 1 ? total : reach(candidates.copy(), parameters.topP() * total);
    double point = uniform * nucleus;
    double sum = 0;
    int token;
    do {
      token = candidates.poll();
      sum += weight(token);
    } while (sum <= point && candidates.count() > 0);
    return token;
  }

  private TokenQueue candidates(int size, double minP) {
    // The logarithm only spares most tokens the exponential, so it errs to the larger side.
    double reach = Math.min(NEGLIGIBLE, 1e-9 - StrictMath.log(minP));
    TokenQueue candidates = new TokenQueue();
    for (int id = 0; id < size; id++) {
      float logit = logits[offset + id];
      if ((largest - (double) logit) / temperature <= reach && (minP == 0 || weight(id) >= minP)) {
        candidates.add(logit, id);
      }
    }
    return candidates;
  }

  /// What the first candidates that together weigh `least` do weigh.
  private double reach(TokenQueue candidates, double least) {
    double sum = 0;
    do {
      sum += weight(candidates.poll());
    } while (sum < least && candidates.count() > 0);
    return sum;
  }

  /// The token's probability relative to that of the largest logit.
  private double weight(int token) {
    return StrictMath.exp(((double) logits[offset + token] - largest) / temperature);
  }
}
