package org.glmspark.job.report;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.charset.StandardCharsets;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;

/// What a run did. `report.json` has these components under their names in snake case, and
/// `report.html` shows them.
///
/// @param output where the rows are
/// @param state whether all rows of the input are in the output
/// @param workRemains why not, or null if they are
/// @param started when the rows were begun, ISO 8601 in UTC
/// @param durationSeconds how long they took
/// @param rows how many rows there are
/// @param tokens how many tokens the rows have
/// @param distributions how tokens and times are spread over the rows
/// @param failures rows without a completion by reason, the most frequent first; at most 20
/// @param slowestRows the ten rows that took longest, the slowest first
/// @param throughput what the executors did over time
/// @param engineVersion what generated
/// @param sparkVersion the Spark that ran it
/// @param modelDigest SHA-256, in hexadecimal, of the model
/// @param kernels what computed, on the different machines of a cluster
/// @param options the job, every default filled in
public record Report(
    String output,
    State state,
    @Nullable String workRemains,
    String started,
    double durationSeconds,
    Rows rows,
    Tokens tokens,
    List<Distribution> distributions,
    List<Failure> failures,
    List<SlowRow> slowestRows,
    Throughput throughput,
    String engineVersion,
    String sparkVersion,
    String modelDigest,
    List<String> kernels,
    JsonNode options) {
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  public Report {
    distributions = List.copyOf(distributions);
    failures = List.copyOf(failures);
    slowestRows = List.copyOf(slowestRows);
    kernels = List.copyOf(kernels);
  }

  /// How a run ended.
  public enum State {
    @JsonProperty("complete")
    COMPLETE,
    @JsonProperty("work-remains")
    WORK_REMAINS
  }

  /// Counts of rows.
  ///
  /// @param inOutput rows of the output, after the run
  /// @param ofThisRun those of them that the run added
  /// @param left rows of the input that are not in the output
  /// @param generated requests that the run asked the model
  /// @param repeated rows of the run that were answered with the completion of an equal request
  /// @param reported rows that the statistics of this report are of
  /// @param failed those of them that have no completion
  public record Rows(
      long inOutput,
      long ofThisRun,
      long left,
      long generated,
      long repeated,
      long reported,
      long failed) {}

  /// Counts of tokens that the run computed; rows that took the answer of another have none.
  ///
  /// @param prompt tokens of prompts
  /// @param cached those of them that a prefix cache held
  /// @param cachedShare their part of all, 0 to 1
  /// @param completion tokens of completions
  /// @param completionPerSecond tokens generated in a second of the run
  public record Tokens(
      long prompt, long cached, double cachedShare, long completion, double completionPerSecond) {}

  /// Counts the rows of a run.
  ///
  /// @param rows with the columns that [RowStatistics#of] names; read a few times
  public static Report of(Dataset<Row> rows, Throughput throughput, RunFacts facts) {
    RowStatistics statistics = RowStatistics.of(rows);
    RunFacts.RowCounts counts = facts.rows();
    long prompt = statistics.promptTokens();
    return new Report(
        facts.output(),
        facts.workRemains() == null ? State.COMPLETE : State.WORK_REMAINS,
        facts.workRemains(),
        facts.started().truncatedTo(ChronoUnit.SECONDS).toString(),
        facts.duration().toMillis() / 1e3,
        new Rows(
            counts.inOutput(),
            counts.ofThisRun(),
            counts.left(),
            counts.generated(),
            counts.repeated(),
            statistics.rows(),
            statistics.failed()),
        new Tokens(
            prompt,
            statistics.cachedTokens(),
            prompt == 0 ? 0 : (double) statistics.cachedTokens() / prompt,
            statistics.completionTokens(),
            facts.completionTokensPerSecond()),
        statistics.distributions(),
        statistics.failures(),
        statistics.slowest(),
        throughput,
        facts.engineVersion(),
        facts.sparkVersion(),
        facts.modelDigest(),
        facts.kernels(),
        facts.options());
  }

  /// The report for programs.
  public byte[] json() {
    try {
      return JSON.writeValueAsBytes(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a report can always be written", e);
    }
  }

  /// The report for people: one page that needs nothing besides itself, UTF-8.
  public byte[] html() {
    return new ReportPage(this).html().getBytes(StandardCharsets.UTF_8);
  }
}
