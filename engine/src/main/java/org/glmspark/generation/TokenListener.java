package org.glmspark.generation;

/// Told how a request gets on, for those who show it while it runs.
///
/// Called on the engine's thread, between steps: it must return at once. What it throws fails the
/// request.
@FunctionalInterface
public interface TokenListener {
  /// A step took the request further. No token is told twice, also if its keys and values were
  /// given up and computed again; so what a completed request told sums up to its
  /// [GenerationResult.Usage].
  ///
  /// @param prompt tokens of the prompt that were computed, or found in the prefix cache
  /// @param completion tokens that were drawn
  void advanced(int prompt, int completion);
}
