package org.glmspark.generation;

/// Why a completion ended.
public enum FinishReason {
  /// The model wrote a stop token, its own or one that was asked for, or a stop string; or the
  /// answer has the form that was asked for, and nothing can be added.
  STOP,
  /// `max_tokens` or the model's context was reached.
  LENGTH,
  /// There is no completion, or only its beginning; the result's error says why.
  ERROR
}
