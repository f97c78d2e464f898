package org.glmspark.generation;

/// What an engine has done so far.
///
/// @param steps forward steps
/// @param prefillTokens prompt tokens computed
/// @param decodeTokens tokens drawn
/// @param largestBatch most sequences of one step
/// @param busyNanos time spent in steps
public record EngineStats(
    long steps, long prefillTokens, long decodeTokens, int largestBatch, long busyNanos) {}
