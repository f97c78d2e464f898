package org.glmspark.job.report;

import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;

/// The frame of a chart: an SVG with a vertical axis from 0, its grid, and room for labels.
///
/// Sizes are in CSS pixels as long as the page is as wide as it is meant to be.
final class Chart {
  private static final int TOP = 18;
  private static final int RIGHT = 12;
  private static final int BOTTOM = 24;
  private static final int LABEL_WIDTH = 7;

  final Markup markup;
  final int left;
  final int width;
  final int height;
  private final double max;

  /// Where the last label under the horizontal axis ends.
  private double labelled = Double.NEGATIVE_INFINITY;

  /// Begins the SVG.
  ///
  /// @param title says what the chart shows, for those who do not see it
  /// @param width of the whole, with labels
  /// @param height of the whole
  /// @param ticks of the vertical axis, from 0 up; the last one is its end
  Chart(Markup markup, String title, int width, int height, List<Double> ticks) {
    this.markup = markup;
    List<String> labels = ticks.stream().map(Scale::axisNumber).toList();
    int longest = labels.stream().mapToInt(String::length).max().orElse(0);
    left = 10 + LABEL_WIDTH * longest;
    this.width = width - left - RIGHT;
    this.height = height - TOP - BOTTOM;
    max = ticks.getLast();
    markup.open(
        "svg", "viewBox", "0 0 %d %d".formatted(width, height), "role", "img", "aria-label", title);
    markup.element("title", title);
    for (int i = 0; i < labels.size(); i++) {
      double y = y(ticks.get(i));
      horizontalLine(i == 0 ? "axis" : "grid", y);
      label("end", left - 7.0, y + 4, labels.get(i));
    }
  }

  /// Where a value is on the vertical axis.
  double y(double value) {
    return TOP + height * (1 - value / max);
  }

  /// Where a part of the horizontal axis is.
  ///
  /// @param part 0 to 1
  double x(double part) {
    return left + width * part;
  }

  private void horizontalLine(String style, double y) {
    markup.empty("path", "class", style, "d", "M%s %sH%s".formatted(at(left), at(y), at(x(1))));
  }

  /// A mark under the horizontal axis, with a label if that of the tick before leaves it room.
  /// Ticks come from left to right.
  void tick(double part, String label) {
    double x = x(part);
    markup.empty("path", "class", "axis", "d", "M%s %sv4".formatted(at(x), at(y(0))));
    double half = LABEL_WIDTH * label.length() / 2.0;
    double center = Math.min(x, x(1) + RIGHT - half);
    if (center - half > labelled) {
      label("middle", center, y(0) + 18, label);
      labelled = center + half;
    }
  }

  private void label(String anchor, double x, double y, String text) {
    markup.element("text", text, "x", at(x), "y", at(y), "text-anchor", anchor);
  }

  /// A rectangle that stands on the horizontal axis.
  ///
  /// @param from where it begins, as for [#x]
  /// @param gap left free at its right, in pixels
  void bar(double from, double to, double gap, double value, String title) {
    double bottom = y(0);
    double barWidth = Math.max(0.5, x(to) - x(from) - gap);
    markup
        .open(
            "rect",
            "class",
            "bar",
            "x",
            at(x(from)),
            "y",
            at(y(value)),
            "width",
            at(barWidth),
            "height",
            at(bottom - y(value)))
        .element("title", title)
        .close();
  }

  /// Says something about a part of the horizontal axis to those who point at it.
  void hint(double from, double to, String title) {
    markup
        .open(
            "rect",
            "class",
            "hint",
            "x",
            at(x(from)),
            "y",
            at(TOP),
            "width",
            at(x(to) - x(from)),
            "height",
            at(height))
        .element("title", title)
        .close();
  }

  /// A value marked with a vertical line, its label above the bars.
  void mark(double part, String label) {
    double x = x(part);
    markup.empty("path", "class", "mark", "d", "M%s %sV%s".formatted(at(x), at(TOP), at(y(0))));
    double half = LABEL_WIDTH * label.length() / 2.0;
    double center = Math.clamp(x, left + half, x(1) + RIGHT - half);
    markup.element(
        "text",
        label,
        "class",
        "mark-label",
        "x",
        at(center),
        "y",
        at(TOP - 5.0),
        "text-anchor",
        "middle");
  }

  void end() {
    markup.close().line();
  }

  /// A coordinate, to a tenth of a pixel.
  static String at(double coordinate) {
    String text = String.format(Locale.ROOT, "%.1f", coordinate);
    return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
  }

  /// A label for each tick of the horizontal axis.
  void ticks(List<Double> values, double last, DoubleFunction<String> label) {
    values.forEach(value -> tick(value / last, label.apply(value)));
  }
}
