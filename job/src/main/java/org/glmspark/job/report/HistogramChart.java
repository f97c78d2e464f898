package org.glmspark.job.report;

import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;

/// How many rows have which value.
///
/// @param distribution of at least one row
/// @param number writes a value
record HistogramChart(Distribution distribution, DoubleFunction<String> number) {
  private static final int TICKS = 3;

  /// A count takes the room up to the next one; a time takes none.
  private double wholeNumbers() {
    return distribution.spacing() == Bins.Spacing.DECADES ? 0 : 1;
  }

  /// Draws the chart.
  ///
  /// @param width in pixels, with labels
  void draw(Markup markup, String title, int width, int height) {
    List<Distribution.Bin> bins = distribution.bins();
    long most = bins.stream().mapToLong(Distribution.Bin::rows).max().orElse(0);
    var chart = new Chart(markup, title, width, height, Scale.ticks((double) most, TICKS, 1));
    double all = bins.size();
    for (int i = 0; i < bins.size(); i++) {
      Distribution.Bin bin = bins.get(i);
      if (bin.rows() > 0) {
        String hint =
            String.format(
                Locale.ROOT,
                "%s to below %s: %,d rows",
                number.apply(bin.from()),
                number.apply(bin.to()),
                bin.rows());
        chart.bar(i / all, (i + 1) / all, 1, (double) bin.rows(), hint);
      }
    }
    Bins edges = distribution.edges();
    for (int tick : edges.ticks()) {
      chart.tick(tick / all, number.apply(edges.edges().get(tick)));
    }
    double median = distribution.p50();
    chart.mark(edges.position(median + wholeNumbers() / 2) / all, "median " + number.apply(median));
    chart.end();
  }
}
