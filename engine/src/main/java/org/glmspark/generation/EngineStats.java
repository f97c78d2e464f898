package org.glmspark.generation;

/// What an engine is doing and has done so far, as of its last step.
///
/// A step computes tokens of prompts and of completions together. Its time is divided among the two
/// by the number of their tokens.
///
/// @param running sequences that have a place in the batch
/// @param waiting sequences that wait for one, or for being looked at
/// @param preemptions how often a sequence lost its place, to be computed again later
/// @param blocksUsed cache blocks that sequences hold
/// @param blocksTotal cache blocks in all
/// @param prefixTokens tokens that were not computed because another sequence had done so
/// @param steps forward steps
/// @param prefillTokens tokens of prompts computed, and those computed again
/// @param decodeTokens tokens drawn
/// @param guessedTokens tokens guessed to come in completions, and computed
/// @param rightGuesses how many of them came
/// @param largestBatch most sequences of one step
/// @param prefillNanos time of steps, the share of prompts
/// @param decodeNanos time of steps, the share of completions
/// @param productNanos the part of that spent in matrix products
/// @param attentionNanos the part spent in attention
/// @param samplingNanos the part spent on choosing tokens from logits
public record EngineStats(
    int running,
    int waiting,
    long preemptions,
    int blocksUsed,
    int blocksTotal,
    long prefixTokens,
    long steps,
    long prefillTokens,
    long decodeTokens,
    long guessedTokens,
    long rightGuesses,
    int largestBatch,
    long prefillNanos,
    long decodeNanos,
    long productNanos,
    long attentionNanos,
    long samplingNanos) {

  /// Tokens of prompts computed in each second spent on prompts; 0 if none was.
  public double prefillTokensPerSecond() {
    return prefillNanos == 0 ? 0 : prefillTokens * 1e9 / prefillNanos;
  }

  /// Tokens drawn in each second spent on completions; 0 if none was.
  public double decodeTokensPerSecond() {
    return decodeNanos == 0 ? 0 : decodeTokens * 1e9 / decodeNanos;
  }

  EngineStats withWaiting(int waiting) {
    return new EngineStats(
        running,
        waiting,
        preemptions,
        blocksUsed,
        blocksTotal,
        prefixTokens,
        steps,
        prefillTokens,
        decodeTokens,
        guessedTokens,
        rightGuesses,
        largestBatch,
        prefillNanos,
        decodeNanos,
        productNanos,
        attentionNanos,
        samplingNanos);
  }
}
