package org.glmspark.job.report;

import java.util.List;
import java.util.function.DoubleFunction;
import java.util.function.Function;

/// The sections of the page that show how fast the run was and what its rows took, as charts.
final class ChartSections {
  private final Report report;
  private final Markup markup;
  private final PageParts parts;

  ChartSections(Report report, Markup markup) {
    this.report = report;
    this.markup = markup;
    parts = new PageParts(markup);
  }

  /// What each executor did over time.
  void throughput() {
    parts.section("Throughput");
    Throughput throughput = report.throughput();
    if (throughput.executors().isEmpty()) {
      parts.nothing("Nothing was generated in this run.");
    } else {
      rate("Completion tokens", Throughput.Executor::completionTokens);
      rate("Prompt tokens", Throughput.Executor::promptTokens);
      legend();
    }
    markup.close().line();
  }

  private void rate(String name, Function<Throughput.Executor, List<Long>> measure) {
    var chart = new ThroughputChart(report.throughput(), measure);
    String title = name + " per second, by executor";
    double peak = chart.peak();
    markup.open("figure");
    parts.caption(
        title,
        peak == 0
            ? "none"
            : "peak %s/s, in steps of %s"
                .formatted(
                    Scale.count(Math.round(peak)),
                    Scale.seconds(report.throughput().bucketSeconds())));
    if (peak > 0) {
      chart.draw(markup, title);
    }
    markup.close().line();
  }

  private void legend() {
    List<Throughput.Executor> layers = ThroughputChart.layers(report.throughput());
    markup.open("ul", "class", "legend");
    for (int i = 0; i < layers.size(); i++) {
      Throughput.Executor layer = layers.get(i);
      parts.legendEntry(
          ThroughputChart.color(i),
          layer.id(),
          layer.host(),
          Scale.count(sum(layer.rows())) + " rows");
    }
    markup.close();
  }

  private static long sum(List<Long> series) {
    return series.stream().mapToLong(Long::longValue).sum();
  }

  /// How long prompts and completions were, and what the prefix cache spared.
  void tokens() {
    parts.section("Tokens");
    markup.open("div", "class", "two");
    histogram("prompt_tokens", Scale::axisNumber, 490);
    histogram("completion_tokens", Scale::axisNumber, 490);
    markup.close();
    cached();
    percentiles(List.of("prompt_tokens", "completion_tokens"), Scale::number);
    markup.close().line();
  }

  /// The part of all prompt tokens that came from the prefix cache.
  private void cached() {
    Report.Tokens tokens = report.tokens();
    if (tokens.prompt() == 0) {
      return;
    }
    String title = "Prompt tokens from the prefix cache";
    markup.open("figure");
    parts.caption(
        title,
        "%s of %s, %s"
            .formatted(
                Scale.count(tokens.cached()),
                Scale.count(tokens.prompt()),
                Scale.percent(tokens.cached(), tokens.prompt())));
    markup.open(
        "svg", "viewBox", "0 0 1000 14", "role", "img", "aria-label", title, "class", "share");
    markup.element("title", title);
    markup.empty("rect", "width", "1000", "height", "14", "rx", "3", "class", "rest");
    if (tokens.cached() > 0) {
      String width = Chart.at(Math.max(2, 1000 * tokens.cachedShare()));
      markup.empty("rect", "width", width, "height", "14", "rx", "3", "class", "bar");
    }
    markup.close().close().line();
  }

  /// How long rows waited, and how long they were worked on.
  void latency() {
    parts.section("Latency");
    markup.open("div", "class", "three");
    histogram("queue_ms", Scale::millis, 330);
    histogram("prefill_ms", Scale::millis, 330);
    histogram("decode_ms", Scale::millis, 330);
    markup.close();
    percentiles(List.of("queue_ms", "prefill_ms", "decode_ms"), Scale::millis);
    markup.close().line();
  }

  private void histogram(String name, DoubleFunction<String> number, int width) {
    Distribution distribution = distribution(name);
    markup.open("figure");
    parts.caption(title(name), explanation(name));
    if (distribution.rows() == 0) {
      parts.nothing("No row was completed.");
    } else {
      new HistogramChart(distribution, number)
          .draw(markup, title(name) + ": rows by " + explanation(name), width, 180);
    }
    markup.close().line();
  }

  private static String title(String distribution) {
    return switch (distribution) {
      case "prompt_tokens" -> "Prompt";
      case "completion_tokens" -> "Completion";
      case "queue_ms" -> "Queue";
      case "prefill_ms" -> "Prefill";
      case "decode_ms" -> "Decode";
      default -> throw new IllegalArgumentException("no distribution is called " + distribution);
    };
  }

  private static String explanation(String distribution) {
    return switch (distribution) {
      case "prompt_tokens" -> "tokens of a row's prompt";
      case "completion_tokens" -> "tokens generated for a row";
      case "queue_ms" -> "time until a row's first step";
      case "prefill_ms" -> "time from there to its first token";
      case "decode_ms" -> "time from there to its end";
      default -> throw new IllegalArgumentException("no distribution is called " + distribution);
    };
  }

  private Distribution distribution(String name) {
    return report.distributions().stream()
        .filter(distribution -> distribution.name().equals(name))
        .findAny()
        .orElseThrow();
  }

  private void percentiles(List<String> names, DoubleFunction<String> number) {
    parts.table("percentiles", "", "#rows", "#mean", "#median", "#90 %", "#99 %", "#largest");
    for (String name : names) {
      Distribution distribution = distribution(name);
      markup.open("tr").element("th", title(name), "scope", "row");
      parts.number(Scale.count(distribution.rows()));
      boolean none = distribution.rows() == 0;
      for (double value :
          new double[] {
            distribution.mean(),
            distribution.p50(),
            distribution.p90(),
            distribution.p99(),
            distribution.max()
          }) {
        parts.number(none ? "–" : number.apply(value));
      }
      markup.close();
    }
    parts.endTable();
  }
}
