package org.glmspark.job.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// A report as one page that needs nothing besides itself: no script, no font, no picture, no
/// network. It has the colours of light or of darkness, as its reader's system does.
final class ReportPage {
  private static final String STYLE = "report.css";

  private final Report report;
  private final Markup markup = new Markup();
  private final PageParts parts = new PageParts(markup);

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
    charts();
    rows();
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
    figure("rows in the output", Scale.count(rows.inOutput()));
    if (rows.ofThisRun() != rows.inOutput()) {
      figure("rows of this run", Scale.count(rows.ofThisRun()));
    }
    figure("generated", Scale.count(rows.generated()));
    if (rows.repeated() > 0) {
      figure("repeats of others", Scale.count(rows.repeated()));
    }
    if (rows.left() > 0) {
      figure("rows left to do", Scale.count(rows.left()));
    }
    figure("failed", Scale.count(rows.failed()));
    figure("completion tokens/s", Scale.count(Math.round(tokens.completionPerSecond())));
    figure("of prompts cached", Scale.percent(tokens.cached(), tokens.prompt()));
    markup.close().line();
  }

  private void figure(String name, String value) {
    markup.open("div").element("dt", name).element("dd", value).close();
  }

  private void charts() {
    var charts = new ChartSections(report, markup);
    charts.throughput();
    charts.tokens();
    charts.latency();
  }

  private void rows() {
    var rows = new RowSections(report, markup);
    rows.failures();
    rows.slowestRows();
  }

  private void settings() {
    parts.section("The run");
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
}
