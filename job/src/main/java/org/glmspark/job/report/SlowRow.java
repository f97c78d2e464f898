package org.glmspark.job.report;

/// A row that took long. The time is that of prefill and decode: how long a row waited says little
/// about it.
///
/// @param rowId the row, cut to some hundred characters
/// @param promptTokens tokens of its prompt
/// @param cachedTokens those of them that the prefix cache held
/// @param completionTokens tokens generated
/// @param queueMs milliseconds until its first step
/// @param prefillMs milliseconds from there to its first token
/// @param decodeMs milliseconds from there to its end
public record SlowRow(
    String rowId,
    long promptTokens,
    long cachedTokens,
    long completionTokens,
    double queueMs,
    double prefillMs,
    double decodeMs) {}
