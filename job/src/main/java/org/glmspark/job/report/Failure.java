package org.glmspark.job.report;

import java.util.List;

/// Rows that failed for one reason.
///
/// @param reason the words before the colon of `error`
/// @param rows how many they are
/// @param samples the first of them by row id
public record Failure(String reason, long rows, List<Sample> samples) {
  public Failure {
    samples = List.copyOf(samples);
  }

  /// One row, both texts cut to some hundred characters.
  public record Sample(String rowId, String error) {}
}
