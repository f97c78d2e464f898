package org.glmspark.job.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;

class ReportTest {
  private static final Throughput NOTHING = new Throughput(1, 0, List.of());

  private static Report report(Row... rows) {
    return Report.of(SampleRun.rows(rows), NOTHING, SampleRun.facts(rows.length, null));
  }

  private static Distribution distribution(Report report, String name) {
    return report.distributions().stream()
        .filter(distribution -> distribution.name().equals(name))
        .findAny()
        .orElseThrow();
  }

  private static JsonNode json(Report report) throws IOException {
    return new ObjectMapper().readTree(report.json());
  }

  private static String html(Report report) {
    return new String(report.html(), StandardCharsets.UTF_8);
  }

  @Test
  void numbersAreThoseOfTheRows() {
    Report report =
        report(
            SampleRun.done("a", 100, 30, 20, 5, 80),
            SampleRun.done("b", 130, 30, 24, 7, 90),
            SampleRun.done("c", 170, 40, 1, 9, 1000),
            SampleRun.failed("d", "no text: column 'body' is null"));

    assertThat(report.rows()).isEqualTo(new Report.Rows(1004, 4, 0, 4, 0, 4, 1));
    assertThat(report.tokens()).isEqualTo(new Report.Tokens(400, 100, 0.25, 45, 806.4));
    Distribution prompts = distribution(report, "prompt_tokens");
    assertThat(prompts.rows()).isEqualTo(3);
    assertThat(prompts.p50()).isEqualTo(130);
    assertThat(prompts.max()).isEqualTo(170);
    assertThat(prompts.bins())
        .filteredOn(bin -> bin.rows() > 0)
        .extracting(bin -> bin.from() + " " + bin.to() + " " + bin.rows())
        .containsExactly("100.0 105.0 1", "130.0 135.0 1", "170.0 175.0 1");
    assertThat(report.slowestRows()).extracting(SlowRow::rowId).containsExactly("c", "b", "a");
  }

  @Test
  void rowsThatTookTheAnswerOfAnotherCountNoTokens() {
    Report report =
        report(
            SampleRun.done("a", 100, 30, 20, 5, 80), SampleRun.done("again", 100, 100, 20, 0, 0));

    assertThat(report.rows().reported()).isEqualTo(2);
    assertThat(report.tokens()).isEqualTo(new Report.Tokens(100, 30, 0.3, 20, 806.4));
    assertThat(distribution(report, "prefill_ms").rows()).isEqualTo(1);
    assertThat(report.slowestRows()).hasSize(1);
  }

  @Test
  void everyRowIsInOneBinOfEachDistribution() {
    Dataset<Row> rows = SampleRun.corpus(2000);

    Report report = Report.of(rows, NOTHING, SampleRun.facts(2000, null));

    long done = rows.where("error is null").count();
    assertThat(report.distributions())
        .hasSize(5)
        .allSatisfy(distribution -> {
          assertThat(distribution.bins().stream().mapToLong(Distribution.Bin::rows).sum())
              .isEqualTo(distribution.rows())
              .isEqualTo(done);
          assertThat(distribution.bins().size()).isBetween(10, 60);
        });
    double[] decode =
        rows.where("error is null").select("decode_ms").collectAsList().stream()
            .mapToDouble(row -> row.getDouble(0))
            .toArray();
    assertThat(distribution(report, "decode_ms").bins())
        .allSatisfy(bin ->
            assertThat(bin.rows())
                .isEqualTo(
                    Arrays.stream(decode).filter(ms -> ms >= bin.from() && ms < bin.to()).count()));
    assertThat(report.slowestRows()).hasSize(10);
  }

  @Test
  void failuresComeByReasonWithTheirFirstRows() {
    Report report =
        report(
            IntStream.range(0, 9)
                .mapToObj(i ->
                    SampleRun.failed(
                        "row " + (9 - i), i < 2 ? "no text: " + i : "prompt too long: " + i))
                .toArray(Row[]::new));

    assertThat(report.failures())
        .extracting(failure -> failure.reason() + " " + failure.rows())
        .containsExactly("prompt too long 7", "no text 2");
    assertThat(report.failures().getFirst().samples())
        .containsExactly(
            new Failure.Sample("row 1", "prompt too long: 8"),
            new Failure.Sample("row 2", "prompt too long: 7"),
            new Failure.Sample("row 3", "prompt too long: 6"),
            new Failure.Sample("row 4", "prompt too long: 5"),
            new Failure.Sample("row 5", "prompt too long: 4"));
    assertThat(distribution(report, "decode_ms").rows()).isZero();
    assertThat(html(report)).contains("prompt too long: 5").contains("No row was generated.");
  }

  @Test
  void aRunWithoutRowsHasAReport() throws IOException {
    Report report = report();

    assertThat(json(report).at("/rows/reported").asLong()).isZero();
    assertThat(json(report).at("/tokens/cached_share").asDouble()).isZero();
    assertThat(html(report))
        .contains("Nothing was generated in this run.")
        .contains("No row was completed.")
        .contains("No row failed.");
  }

  @Test
  void nothingInTheDataBecomesMarkup() {
    String html =
        html(
            report(
                SampleRun.done("<script>alert(1)</script>", 10, 0, 5, 1, 1),
                SampleRun.failed("\"><img src=x>", "no <b>text: </td>\u0000")));

    assertThat(html)
        .doesNotContain("<script")
        .doesNotContain("<img")
        .doesNotContain("<b>")
        .contains("&lt;script&gt;alert(1)&lt;/script&gt;")
        .contains("no &lt;b&gt;text: &lt;/td&gt;�");
  }

  @Test
  void theFileHasNumbersWithTheirUnits() throws IOException {
    Report report =
        Report.of(
            SampleRun.rows(SampleRun.done("a", 100, 30, 20, 5, 80)),
            SampleRun.throughput(2, 5),
            SampleRun.facts(1, "the deadline was reached"));

    JsonNode json = json(report);

    assertThat(json.get("state").asText()).isEqualTo("work-remains");
    assertThat(json.get("work_remains").asText()).isEqualTo("the deadline was reached");
    assertThat(json.get("started").asText()).isEqualTo("2026-11-21T21:40:12Z");
    assertThat(json.get("duration_seconds").asDouble()).isEqualTo(61.25);
    assertThat(json.at("/rows/in_output").asLong()).isEqualTo(1001);
    assertThat(json.at("/tokens/completion_per_second").asDouble()).isEqualTo(806.4);
    assertThat(json.at("/distributions/3/name").asText()).isEqualTo("prefill_ms");
    assertThat(json.at("/distributions/3/spacing").asText()).isEqualTo("decades");
    assertThat(json.at("/slowest_rows/0/decode_ms").asDouble()).isEqualTo(80);
    assertThat(json.at("/throughput/bucket_seconds").asDouble()).isEqualTo(1);
    assertThat(json.at("/throughput/executors/1/completion_tokens")).hasSize(5);
    assertThat(json.at("/options/sampling/max_tokens").asInt()).isEqualTo(200);
    assertThat(json.at("/options/input/options/multiLine").asText()).isEqualTo("false");
    assertThat(html(report)).contains("Work remains").contains("the deadline was reached");
  }

  @Test
  void executorsBeyondThoseWithAColourAreShownTogether() {
    List<Throughput.Executor> shown = SampleRun.throughput(40, 60).largest(6);

    assertThat(shown).hasSize(7);
    assertThat(shown).extracting(Throughput.Executor::id).startsWith("0").endsWith("34 others");
    assertThat(shown.getLast().rows().getLast()).isEqualTo(3 * 34);
  }
}
