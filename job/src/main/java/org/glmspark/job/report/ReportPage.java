package org.glmspark.job.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A report as one page that needs nothing besides itself: no script, no font, no picture, no
/// network. It has the colours of light or of darkness, as its reader's system does.
final class ReportPage {
  private static final String STYLE = "report.css";

  /// The colours of the parts of a row's time.
  private static final String PREFILL = "color-1";

  private static final String DECODE = "color-0";

  private static final int BAR_WIDTH = 160;
  private static final int BAR_HEIGHT = 10;

  private final Report report;
  private final Markup markup = new Markup();

  ReportPage(Report report) {
    this.report = report;
  }

  /// The whole document.
  String html() {
    markup.open("html", "lang", "en").line();
    head();
    markup.open("body").open("main").line();
    header();
    figures();
    throughput();
    tokens();
    latency();
    failures();
    slowestRows();
    settings();
    return markup.close().close().close().line().document();
  }

  private void head() {
    markup.open("head").line();
    markup.empty("meta", "charset", "utf-8").line();
    markup.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
    markup.empty("meta", "name", "color-scheme", "content", "light dark");
    // whatever a row holds, nothing can run or be loaded
    markup.empty(
        "meta",
        "http-equiv",
        "Content-Security-Policy",
        "content",
        "default-src 'none'; style-src 'unsafe-inline'");
    markup.line().element("title", "glm-spark run: " + lastName(report.output())).line();
    markup.style(style()).close().line();
  }

  private static String style() {
    try (@Nullable InputStream css = ReportPage.class.getResourceAsStream(STYLE)) {
      if (css == null) {
        throw new IllegalStateException(STYLE + " is missing beside " + ReportPage.class);
      }
      return new String(css.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String lastName(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  private void header() {
    markup.open("header");
    markup.element("h1", lastName(report.output()));
    markup.element("p", report.output(), "class", "path");
    markup.open("p", "class", "state");
    switch (report.state()) {
      case COMPLETE -> markup.element("strong", "Complete.", "class", "complete");
      case WORK_REMAINS -> markup.element("strong", "Work remains:", "class", "remains");
    }
    String reason = report.workRemains();
    markup.text(reason == null ? "" : " " + reason + ".");
    markup.text(
        " Started %s UTC, took %s."
            .formatted(
                report.started().replace('T', ' ').replace("Z", ""),
                Scale.seconds(report.durationSeconds())));
    markup.close().close().line();
  }

  private void figures() {
    Report.Rows rows = report.rows();
    Report.Tokens tokens = report.tokens();
    markup.open("dl", "class", "figures");
    figure("rows in the output", count(rows.inOutput()));
    if (rows.ofThisRun() != rows.inOutput()) {
      figure("rows of this run", count(rows.ofThisRun()));
    }
    figure("generated", count(rows.generated()));
    if (rows.repeated() > 0) {
      figure("repeats of others", count(rows.repeated()));
    }
    if (rows.left() > 0) {
      figure("rows left to do", count(rows.left()));
    }
    figure("failed", count(rows.failed()));
    figure("completion tokens/s", count(Math.round(tokens.completionPerSecond())));
    figure("of prompts cached", Scale.percent(tokens.cached(), tokens.prompt()));
    markup.close().line();
  }

  private void figure(String name, String value) {
    markup.open("div").element("dt", name).element("dd", value).close();
  }

  private void throughput() {
    section("Throughput");
    Throughput throughput = report.throughput();
    if (throughput.executors().isEmpty()) {
      nothing("Nothing was generated in this run.");
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
    caption(
        title,
        peak == 0
            ? "none"
            : "peak %s/s, in steps of %s"
                .formatted(
                    count(Math.round(peak)), Scale.seconds(report.throughput().bucketSeconds())));
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
      markup.open("li");
      swatch(ThroughputChart.color(i));
      markup.element("span", layer.id());
      markup.element("span", layer.host(), "class", "muted");
      markup.element("span", count(sum(layer.rows())) + " rows", "class", "muted").close();
    }
    markup.close();
  }

  private void swatch(String color) {
    markup
        .open("svg", "viewBox", "0 0 10 10", "class", "swatch", "aria-hidden", "true")
        .empty("rect", "width", "10", "height", "10", "rx", "2", "class", color)
        .close();
  }

  private static long sum(List<Long> series) {
    return series.stream().mapToLong(Long::longValue).sum();
  }

  private void tokens() {
    section("Tokens");
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
    caption(
        title,
        "%s of %s, %s"
            .formatted(
                count(tokens.cached()),
                count(tokens.prompt()),
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

  private void latency() {
    section("Latency");
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
    caption(title(name), explanation(name));
    if (distribution.rows() == 0) {
      nothing("No row was completed.");
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
    markup.open("table", "class", "percentiles");
    heads("", "#rows", "#mean", "#median", "#90 %", "#99 %", "#largest");
    markup.open("tbody");
    for (String name : names) {
      Distribution distribution = distribution(name);
      markup.open("tr").element("th", title(name), "scope", "row");
      number(count(distribution.rows()));
      boolean none = distribution.rows() == 0;
      for (double value :
          new double[] {
            distribution.mean(),
            distribution.p50(),
            distribution.p90(),
            distribution.p99(),
            distribution.max()
          }) {
        number(none ? "–" : number.apply(value));
      }
      markup.close();
    }
    markup.close().close();
  }

  private void failures() {
    section("Failures");
    Report.Rows rows = report.rows();
    if (rows.failed() == 0) {
      nothing("No row failed.");
    } else {
      reasons();
      markup.open("table", "class", "samples");
      heads("reason", "row", "error");
      markup.open("tbody");
      for (Failure failure : report.failures()) {
        for (Failure.Sample sample : failure.samples()) {
          markup.open("tr");
          data(failure.reason());
          data(sample.rowId(), "id");
          data(sample.error());
          markup.close().line();
        }
      }
      markup.close().close();
    }
    markup.close().line();
  }

  private void reasons() {
    Report.Rows rows = report.rows();
    double largest = report.failures().getFirst().rows();
    markup.open("table", "class", "reasons");
    heads("reason", "#rows", "#of all", "");
    markup.open("tbody");
    for (Failure failure : report.failures()) {
      markup.open("tr");
      data(failure.reason());
      number(count(failure.rows()));
      number(Scale.percent(failure.rows(), rows.reported()));
      markup.open("td", "class", "bars");
      bars(
          "%s: %s rows".formatted(failure.reason(), count(failure.rows())),
          largest,
          new double[] {failure.rows()},
          "failed");
      markup.close().close();
    }
    long others = rows.failed() - report.failures().stream().mapToLong(Failure::rows).sum();
    if (others > 0) {
      markup.open("tr");
      data("other reasons");
      number(count(others));
      number(Scale.percent(others, rows.reported()));
      markup.element("td", "").close();
    }
    markup.close().close();
  }

  private void slowestRows() {
    section("Slowest rows");
    if (report.slowestRows().isEmpty()) {
      nothing("No row was generated.");
    } else {
      markup.open("table", "class", "slowest");
      heads("row", "#prompt", "#cached", "#completion", "#queue", "#prefill", "#decode", "");
      markup.open("tbody");
      SlowRow slowest = report.slowestRows().getFirst();
      double longest = slowest.prefillMs() + slowest.decodeMs();
      for (SlowRow row : report.slowestRows()) {
        markup.open("tr");
        data(row.rowId(), "id");
        number(count(row.promptTokens()));
        number(count(row.cachedTokens()));
        number(count(row.completionTokens()));
        number(Scale.millis(row.queueMs()));
        number(Scale.millis(row.prefillMs()));
        number(Scale.millis(row.decodeMs()));
        markup.open("td", "class", "bars");
        bars(
            "prefill %s, decode %s"
                .formatted(Scale.millis(row.prefillMs()), Scale.millis(row.decodeMs())),
            longest,
            new double[] {row.prefillMs(), row.decodeMs()},
            PREFILL,
            DECODE);
        markup.close().close().line();
      }
      markup.close().close();
      markup.open("ul", "class", "legend");
      legend(PREFILL, "prefill");
      legend(DECODE, "decode");
      markup.close();
    }
    markup.close().line();
  }

  private void legend(String color, String name) {
    markup.open("li");
    swatch(color);
    markup.element("span", name).close();
  }

  /// Values as parts of one bar.
  ///
  /// @param whole the value of a bar that is as long as can be
  /// @param classes one for each of the values
  private void bars(String title, double whole, double[] values, String... classes) {
    markup.open(
        "svg",
        "viewBox",
        "0 0 %d %d".formatted(BAR_WIDTH, BAR_HEIGHT),
        "role",
        "img",
        "aria-label",
        title);
    markup.element("title", title);
    double x = 0;
    for (int i = 0; i < values.length; i++) {
      double width = BAR_WIDTH * values[i] / whole;
      markup.empty(
          "rect",
          "class",
          classes[i],
          "x",
          Chart.at(x),
          "width",
          Chart.at(Math.max(1, width)),
          "height",
          String.valueOf(BAR_HEIGHT));
      x += width;
    }
    markup.close();
  }

  private void settings() {
    section("The run");
    markup.open("table", "class", "settings").open("tbody");
    setting("engine", "glm-spark " + report.engineVersion());
    setting("Spark", report.sparkVersion());
    setting("model SHA-256", report.modelDigest());
    setting("kernels", String.join("; ", report.kernels()));
    markup.close().close();
    markup.element("h3", "Configuration");
    markup.open("table", "class", "settings").open("tbody");
    options("", report.options());
    markup.close().close().close().line();
  }

  private void options(String path, JsonNode options) {
    options
        .properties()
        .forEach(option -> {
          String key = path.isEmpty() ? option.getKey() : path + "." + option.getKey();
          JsonNode value = option.getValue();
          if (value.isObject() && !value.isEmpty()) {
            options(key, value);
          } else {
            setting(key, value.isTextual() ? value.textValue() : value.toString());
          }
        });
  }

  private void setting(String name, String value) {
    markup.open("tr").element("th", name, "scope", "row").element("td", value, "dir", "auto");
    markup.close().line();
  }

  private void section(String title) {
    markup.open("section").element("h2", title).line();
  }

  private void caption(String title, String note) {
    markup.open("figcaption").element("strong", title).text(" ");
    markup.element("span", note, "class", "muted").close();
  }

  private void nothing(String sentence) {
    markup.element("p", sentence, "class", "muted");
  }

  /// The head of a table; `#` before a name is for columns of numbers.
  private void heads(String... names) {
    markup.open("thead").open("tr");
    for (String name : names) {
      if (name.startsWith("#")) {
        markup.element("th", name.substring(1), "scope", "col", "class", "number");
      } else {
        markup.element("th", name, "scope", "col");
      }
    }
    markup.close().close();
  }

  /// A cell with words of the data, which may be written from right to left.
  private void data(String text) {
    markup.element("td", text, "dir", "auto");
  }

  private void data(String text, String style) {
    markup.element("td", text, "dir", "auto", "class", style);
  }

  private void number(String number) {
    markup.element("td", number, "class", "number");
  }

  private static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }
}
