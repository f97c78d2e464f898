package org.glmspark.job.report;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoublePredicate;

/// Ranges of values to count rows by: bin i holds the values from edge i to below edge i + 1.
///
/// @param spacing how the edges lie
/// @param edges at least two, ascending
public record Bins(Spacing spacing, List<Double> edges) {
  private static final int MOST_LINEAR = 30;
  private static final int LEAST = 10;

  /// Values so much smaller than the largest one are not told apart.
  private static final double LARGEST_RATIO = 1e4;

  /// Ten steps from 1 to 10 that look round, the preferred numbers R10 of ISO 3.
  private static final double[] DECADE = {1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8};

  /// How edges lie.
  public enum Spacing {
    /// One distance.
    @JsonProperty("even")
    EVEN,
    /// Each edge is twice the one before.
    @JsonProperty("octaves")
    OCTAVES,
    /// Ten edges to each power of ten.
    @JsonProperty("decades")
    DECADES
  }

  public Bins {
    edges = List.copyOf(edges);
  }

  /// Bins for counts. A long tail gets bins that grow.
  static Bins ofCounts(double min, double median, double max) {
    return max > 8 * median && max >= 64 ? growing(Spacing.OCTAVES, min, max) : even(min, max);
  }

  /// Bins for measured times.
  static Bins ofTimes(double min, double max) {
    return growing(Spacing.DECADES, min, max);
  }

  private static Bins even(double min, double max) {
    double width = Math.max(1, Scale.roundStep((max - min) / (MOST_LINEAR - 1)));
    long first = (long) Math.floor(min / width);
    long last = (long) Math.floor(max / width);
    while (last - first + 1 < LEAST) { // or the bar of a single value fills the chart
      last++;
      first = Math.max(0, first - 1);
    }
    List<Double> edges = new ArrayList<>();
    for (long edge = first; edge <= last + 1; edge++) {
      edges.add(edge * width);
    }
    return new Bins(Spacing.EVEN, edges);
  }

  private static Bins growing(Spacing spacing, double min, double max) {
    double small = Math.max(min, max / LARGEST_RATIO);
    int first = small > 0 ? lastUpTo(spacing, small) : 0;
    int last = max > 0 ? lastUpTo(spacing, max) : 0;
    while (last - first + 1 < LEAST) {
      last++;
      first--;
    }
    List<Double> edges = new ArrayList<>();
    if (min < edge(spacing, first)) {
      edges.add(0.0);
    }
    for (int edge = first; edge <= last + 1; edge++) {
      edges.add(edge(spacing, edge));
    }
    return new Bins(spacing, edges);
  }

  /// The index of the last edge that is not above a value.
  private static int lastUpTo(Spacing spacing, double value) {
    int edge =
        switch (spacing) {
          case EVEN -> throw new IllegalArgumentException("edges at one distance do not grow");
          case OCTAVES -> Math.getExponent(value);
          case DECADES -> DECADE.length * (int) Math.floor(Math.log10(value)) + DECADE.length;
        };
    while (edge(spacing, edge) > value) {
      edge--;
    }
    return edge;
  }

  private static double edge(Spacing spacing, int index) {
    return switch (spacing) {
      case EVEN -> index;
      case OCTAVES -> Math.scalb(1.0, index);
      case DECADES -> {
        double mantissa = DECADE[Math.floorMod(index, DECADE.length)];
        int exponent = Math.floorDiv(index, DECADE.length);
        yield exponent < 0 ? mantissa / Math.pow(10, -exponent) : mantissa * Math.pow(10, exponent);
      }
    };
  }

  /// The edges worth a label, by their index: the roundest ones, about six or fewer.
  List<Integer> ticks() {
    return switch (spacing) {
      case EVEN -> evenTicks();
      case OCTAVES -> everyFew();
      case DECADES -> decadeTicks();
    };
  }

  private List<Integer> evenTicks() {
    double width = edges.get(1) - edges.getFirst();
    double step = Scale.roundStep((edges.getLast() - edges.getFirst()) / 6);
    while (step % width != 0) { // 5 is no multiple of 2, 10 is
      step = Scale.roundStep(step * 1.01);
    }
    double distance = step;
    return indexesWhere(edge -> edge % distance == 0);
  }

  private List<Integer> everyFew() {
    int step = Math.ceilDiv(edges.size(), 7);
    return indexesWhere(edge -> edge == 0 || Math.floorMod(Math.getExponent(edge), step) == 0);
  }

  private List<Integer> decadeTicks() {
    List<Integer> powers = indexesWhere(edge -> edge == 0 || hasMantissa(edge, 1));
    return powers.size() >= 4
        ? powers
        : indexesWhere(edge ->
            edge == 0 || hasMantissa(edge, 1) || hasMantissa(edge, 2) || hasMantissa(edge, 5));
  }

  private static boolean hasMantissa(double edge, double mantissa) {
    double found = edge / Math.pow(10, Math.floor(Math.log10(edge) + 1e-9));
    return Math.abs(found - mantissa) < 1e-9;
  }

  private List<Integer> indexesWhere(DoublePredicate round) {
    List<Integer> indexes = new ArrayList<>();
    for (int i = 0; i < edges.size(); i++) {
      if (round.test(edges.get(i))) {
        indexes.add(i);
      }
    }
    return indexes;
  }

  /// Where a value lies, in bins from the first edge.
  double position(double value) {
    int bin = 0;
    while (bin < edges.size() - 2 && edges.get(bin + 1) <= value) {
      bin++;
    }
    double from = edges.get(bin);
    return bin + Math.clamp((value - from) / (edges.get(bin + 1) - from), 0, 1);
  }
}
