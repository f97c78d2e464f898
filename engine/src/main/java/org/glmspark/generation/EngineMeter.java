package org.glmspark.generation;

import org.glmspark.transformer.Transformer;

/// Counts what the steps do. Belongs to the stepping thread, but any thread may read [#stats].
final class EngineMeter {
  private final RunningBatch sequences;
  private final Transformer transformer;
  private long steps;
  private long prefillTokens;
  private long decodeTokens;
  private long guessedTokens;
  private long rightGuesses;
  private int largestBatch;
  private long prefillNanos;
  private long decodeNanos;
  private long samplingNanos;
  private volatile EngineStats stats;

  EngineMeter(RunningBatch sequences, Transformer transformer) {
    this.sequences = sequences;
    this.transformer = transformer;
    this.stats = snapshot();
  }

  /// A step was computed.
  ///
  /// @param prefill its tokens that were given, not drawn
  /// @param decoding its tokens that were drawn before, or guessed
  /// @param nanos the time it took
  void countStep(int sequences, int prefill, int decoding, long nanos) {
    steps++;
    prefillTokens += prefill;
    largestBatch = Math.max(largestBatch, sequences);
    long share = nanos * prefill / (prefill + decoding);
    prefillNanos += share;
    decodeNanos += nanos - share;
  }

  void countDrawnTokens(int tokens) {
    decodeTokens += tokens;
  }

  /// Tokens of completions were guessed.
  ///
  /// @param right how many of them came so
  void countGuesses(int guesses, int right) {
    guessedTokens += guesses;
    rightGuesses += right;
  }

  void countSampling(long nanos) {
    samplingNanos += nanos;
  }

  /// Lets others see what was counted.
  void publish() {
    stats = snapshot();
  }

  EngineStats stats() {
    return stats;
  }

  private EngineStats snapshot() {
    return new EngineStats(
        sequences.running().size(),
        sequences.waiting(),
        sequences.preemptions(),
        sequences.blocksUsed(),
        sequences.blocksTotal(),
        sequences.prefixTokens(),
        steps,
        prefillTokens,
        decodeTokens,
        guessedTokens,
        rightGuesses,
        largestBatch,
        prefillNanos,
        decodeNanos,
        transformer.productNanos(),
        transformer.attentionNanos(),
        samplingNanos);
  }
}
