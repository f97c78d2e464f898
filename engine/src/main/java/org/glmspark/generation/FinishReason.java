package org.glmspark.generation;

/// Why a completion ended.
public enum FinishReason {
  /// The model wrote one of its stop tokens.
  STOP,
  /// `max_tokens` or the model's context was reached.
  LENGTH,
  /// There is no completion, or only its beginning; the result's error says why.
  ERROR
}
