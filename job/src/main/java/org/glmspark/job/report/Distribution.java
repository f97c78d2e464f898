package org.glmspark.job.report;

import java.util.List;
import java.util.stream.Stream;

/// How a number that rows have is spread over them. Rows with an error are left out, and those that
/// took the answer of another.
///
/// Percentiles are values of rows; Spark finds them to within a ten-thousandth of the rows.
///
/// @param name what the number is: `prompt_tokens`, `completion_tokens`, `queue_ms`, `prefill_ms`,
///   `decode_ms`
/// @param rows rows counted
/// @param mean their mean, 0 without rows, as are the following ones
/// @param p50 half of the rows have at most this
/// @param p90 nine of ten rows have at most this
/// @param p99 99 of 100 rows have at most this
/// @param max the largest
/// @param spacing how the bins lie
/// @param bins rows by value, ascending; empty without rows
public record Distribution(
    String name,
    long rows,
    double mean,
    double p50,
    double p90,
    double p99,
    double max,
    Bins.Spacing spacing,
    List<Bin> bins) {
  public Distribution {
    bins = List.copyOf(bins);
  }

  /// The bins without their rows.
  Bins edges() {
    return new Bins(
        spacing,
        Stream.concat(bins.stream().map(Bin::from), Stream.of(bins.getLast().to())).toList());
  }

  /// Rows of one range.
  ///
  /// @param from least value
  /// @param to the values are below this
  public record Bin(double from, double to, long rows) {}
}
