package org.glmspark.job.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/// What executors did in each second over time, one layer on the other.
final class ThroughputChart {
  private static final int WIDTH = 1000;
  private static final int HEIGHT = 220;
  private static final int TICKS = 4;
  private static final int TIME_TICKS = 10;

  /// More could not be told apart.
  private static final int COLORS = 6;

  /// Of a bucket that has hardly begun, no speed can be told.
  private static final double LEAST_PART = 0.1;

  private final Throughput throughput;
  private final List<Throughput.Executor> layers;
  private final List<double[]> rates;

  /// @param measure what is shown of each executor
  ThroughputChart(Throughput throughput, Function<Throughput.Executor, List<Long>> measure) {
    this.throughput = throughput;
    layers = layers(throughput);
    rates = layers.stream().map(measure).map(this::rates).toList();
  }

  /// What has a layer of its own, the lowest one first.
  static List<Throughput.Executor> layers(Throughput throughput) {
    return throughput.largest(COLORS);
  }

  /// The class that gives a layer its colour.
  static String color(int layer) {
    return layer < COLORS ? "color-" + layer : "color-rest";
  }

  private double[] rates(List<Long> series) {
    double[] rates = new double[series.size()];
    for (int i = 0; i < rates.length; i++) {
      double seconds =
          Math.max(throughput.bucketSeconds(i), LEAST_PART * throughput.bucketSeconds());
      rates[i] = series.get(i) / seconds;
    }
    return rates;
  }

  /// The largest sum of all layers.
  double peak() {
    double peak = 0;
    for (int i = 0; i < throughput.buckets(); i++) {
      peak = Math.max(peak, sum(i, rates.size()));
    }
    return peak;
  }

  private double sum(int bucket, int layers) {
    double sum = 0;
    for (int i = 0; i < layers; i++) {
      sum += rates.get(i)[bucket];
    }
    return sum;
  }

  /// Draws the chart; there must be something to show, that is, [#peak] is above 0.
  void draw(Markup markup, String title) {
    var chart = new Chart(markup, title, WIDTH, HEIGHT, Scale.ticks(peak(), TICKS, 0));
    for (int layer = 0; layer < rates.size(); layer++) {
      markup.empty("path", "class", "layer " + color(layer), "d", outline(chart, layer));
    }
    for (int bucket = 0; bucket < throughput.buckets(); bucket++) {
      chart.hint(part(bucket), part(bucket + 1), hint(bucket));
    }
    chart.ticks(
        Scale.secondTicks(throughput.seconds(), TIME_TICKS), throughput.seconds(), Scale::seconds);
    chart.end();
  }

  private double part(int bucket) {
    return Math.min(1, bucket * throughput.bucketSeconds() / throughput.seconds());
  }

  /// Along the upper side of a layer to the right, and back along its lower side.
  private String outline(Chart chart, int layer) {
    List<String> upper = new ArrayList<>();
    List<String> lower = new ArrayList<>();
    for (int bucket = 0; bucket < throughput.buckets(); bucket++) {
      double from = chart.x(part(bucket));
      double to = chart.x(part(bucket + 1));
      double top = chart.y(sum(bucket, layer + 1));
      double bottom = chart.y(sum(bucket, layer));
      upper.add(
          "%s %s %s %s".formatted(Chart.at(from), Chart.at(top), Chart.at(to), Chart.at(top)));
      lower.add(
          "%s %s %s %s"
              .formatted(Chart.at(to), Chart.at(bottom), Chart.at(from), Chart.at(bottom)));
    }
    Collections.reverse(lower);
    return "M" + String.join(" ", upper) + " " + String.join(" ", lower) + "Z";
  }

  private String hint(int bucket) {
    var hint = new StringBuilder();
    double begin = bucket * throughput.bucketSeconds();
    hint.append(Scale.seconds(begin)).append(" to ");
    hint.append(Scale.seconds(begin + throughput.bucketSeconds(bucket)));
    hint.append(String.format(Locale.ROOT, ": %,.0f tokens/s", sum(bucket, rates.size())));
    for (int layer = 0; rates.size() > 1 && layer < rates.size(); layer++) {
      hint.append(
          String.format(
              Locale.ROOT, "\n%s: %,.0f", layers.get(layer).id(), rates.get(layer)[bucket]));
    }
    return hint.toString();
  }
}
