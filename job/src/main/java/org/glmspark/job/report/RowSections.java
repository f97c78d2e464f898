package org.glmspark.job.report;

/// The sections of the page that name rows: those that failed, and the slowest.
final class RowSections {
  /// The colours of the parts of a row's time.
  private static final String PREFILL = "color-1";

  private static final String DECODE = "color-0";

  private static final int BAR_WIDTH = 160;
  private static final int BAR_HEIGHT = 10;

  private final Report report;
  private final Markup markup;
  private final PageParts parts;

  RowSections(Report report, Markup markup) {
    this.report = report;
    this.markup = markup;
    parts = new PageParts(markup);
  }

  /// Why rows failed, how many, and the first of them.
  void failures() {
    parts.section("Failures");
    Report.Rows rows = report.rows();
    if (rows.failed() == 0) {
      parts.nothing("No row failed.");
    } else {
      reasons();
      parts.table("samples", "reason", "row", "error");
      for (Failure failure : report.failures()) {
        for (Failure.Sample sample : failure.samples()) {
          markup.open("tr");
          parts.data(failure.reason());
          parts.data(sample.rowId(), "id");
          parts.data(sample.error());
          markup.close().line();
        }
      }
      parts.endTable();
    }
    markup.close().line();
  }

  private void reasons() {
    Report.Rows rows = report.rows();
    double largest = report.failures().getFirst().rows();
    parts.table("reasons", "reason", "#rows", "#of all", "");
    for (Failure failure : report.failures()) {
      markup.open("tr");
      parts.data(failure.reason());
      parts.number(Scale.count(failure.rows()));
      parts.number(Scale.percent(failure.rows(), rows.reported()));
      markup.open("td", "class", "bars");
      bars(
          "%s: %s rows".formatted(failure.reason(), Scale.count(failure.rows())),
          largest,
          new double[] {failure.rows()},
          "failed");
      markup.close().close();
    }
    long others = rows.failed() - report.failures().stream().mapToLong(Failure::rows).sum();
    if (others > 0) {
      markup.open("tr");
      parts.data("other reasons");
      parts.number(Scale.count(others));
      parts.number(Scale.percent(others, rows.reported()));
      markup.element("td", "").close();
    }
    parts.endTable();
  }

  /// The rows that took longest, and where their time went.
  void slowestRows() {
    parts.section("Slowest rows");
    if (report.slowestRows().isEmpty()) {
      parts.nothing("No row was generated.");
    } else {
      parts.table(
          "slowest",
          "row",
          "#prompt",
          "#cached",
          "#completion",
          "#queue",
          "#prefill",
          "#decode",
          "");
      SlowRow slowest = report.slowestRows().getFirst();
      double longest = slowest.prefillMs() + slowest.decodeMs();
      for (SlowRow row : report.slowestRows()) {
        markup.open("tr");
        parts.data(row.rowId(), "id");
        parts.number(Scale.count(row.promptTokens()));
        parts.number(Scale.count(row.cachedTokens()));
        parts.number(Scale.count(row.completionTokens()));
        parts.number(Scale.millis(row.queueMs()));
        parts.number(Scale.millis(row.prefillMs()));
        parts.number(Scale.millis(row.decodeMs()));
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
      parts.endTable();
      markup.open("ul", "class", "legend");
      parts.legendEntry(PREFILL, "prefill");
      parts.legendEntry(DECODE, "decode");
      markup.close();
    }
    markup.close().line();
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
}
