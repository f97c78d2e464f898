package org.glmspark.job.report;

/// What was done.
///
/// @param rows rows finished, failed ones among them
/// @param promptTokens tokens of prompts computed, or found in a prefix cache
/// @param completionTokens tokens drawn
public record Work(long rows, long promptTokens, long completionTokens) {
  /// Nothing was done.
  public static final Work NONE = new Work(0, 0, 0);

  /// Both together.
  public Work plus(Work other) {
    return new Work(
        rows + other.rows,
        promptTokens + other.promptTokens,
        completionTokens + other.completionTokens);
  }

  /// What was done since an earlier look.
  public Work minus(Work other) {
    return new Work(
        rows - other.rows,
        promptTokens - other.promptTokens,
        completionTokens - other.completionTokens);
  }

  /// A part of it, in whole rows and tokens.
  ///
  /// @param share 0 to 1
  Work part(double share) {
    return new Work(
        Math.round(rows * share),
        Math.round(promptTokens * share),
        Math.round(completionTokens * share));
  }
}
