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
  private TokenDraw() {}

  /// Draws one.
  ///
  /// @param ranking of the tokens that can be drawn
  /// @param parameters min-p, top-k and top-p
  /// @param uniform the draw, in `[0, 1)`
  static int draw(TokenRanking ranking, SamplingParameters parameters, double uniform) {
    int end = Integer.MAX_VALUE;
    double weight;
    if (parameters.minP() == 0 && parameters.topK() == 0) {
      weight = ranking.totalWeight();
    } else {
      end = cut(ranking, parameters);
      weight = sum(ranking, end, Double.MAX_VALUE);
    }
    if (parameters.topP() < 1) {
      weight = sum(ranking, end, parameters.topP() * weight);
    }
    double point = uniform * weight;
    double sum = 0;
    for (int rank = 0; rank < end && ranking.has(rank); rank++) {
      sum += ranking.weight(rank);
      if (point < sum) {
        return ranking.token(rank);
      }
    }
    return ranking.token(0); // the total weight is rounded: the point can lie behind the last token
  }

  /// How many tokens min-p and top-k leave.
  private static int cut(TokenRanking ranking, SamplingParameters parameters) {
    int most = parameters.topK() == 0 ? Integer.MAX_VALUE : parameters.topK();
    int count = 0;
    while (count < most && ranking.has(count) && ranking.weight(count) >= parameters.minP()) {
      count++;
    }
    return count;
  }

  /// What the tokens before rank `end` weigh, or the first of them that reach `enough`.
  private static double sum(TokenRanking ranking, int end, double enough) {
    double sum = 0;
    for (int rank = 0; rank < end && sum < enough && ranking.has(rank); rank++) {
      sum += ranking.weight(rank);
    }
    return sum;
  }
}
