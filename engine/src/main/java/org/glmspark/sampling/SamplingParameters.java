package org.glmspark.sampling;

import java.io.Serializable;

/// How the next token is chosen and when to stop.
///
/// @param maxTokens most tokens to generate, at least 1
/// @param temperature 0 is greedy: always the token with the largest logit; otherwise logits are
///   divided by it; at most 2
/// @param topP only the most probable tokens whose probabilities reach this sum can be drawn; above
///   0, at most 1
/// @param repetitionPenalty what the logit of a token that prompt or completion has already is
///   divided by if it is positive, and multiplied by if not, before anything else; 1 leaves it;
///   above 0, at most 10
/// @param seed chooses the random stream, together with the request id
public record SamplingParameters(
    int maxTokens, double temperature, double topP, double repetitionPenalty, long seed)
    implements Serializable {

  public SamplingParameters {
    if (maxTokens < 1) {
      throw new IllegalArgumentException(
          "max_tokens is %d, expected at least 1".formatted(maxTokens));
    }
    if (!(temperature >= 0 && temperature <= 2)) {
      throw new IllegalArgumentException(
          "temperature is %s, expected 0 to 2".formatted(temperature));
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException(
          "top_p is %s, expected a number above 0 and at most 1".formatted(topP));
    }
    if (!(repetitionPenalty > 0 && repetitionPenalty <= 10)) {
      throw new IllegalArgumentException(
          "repetition_penalty is %s, expected a number above 0 and at most 10"
              .formatted(repetitionPenalty));
    }
  }

  /// Always the most probable token.
  public static SamplingParameters greedy(int maxTokens) {
    return new SamplingParameters(maxTokens, 0, 1, 1, 0);
  }
}
