package org.glmspark.job.report;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.substring;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.functions;
import org.jspecify.annotations.Nullable;

/// What the rows of an output say together. Spark counts them; a few of them come to the driver.
///
/// @param rows how many they are
/// @param failed those with an error
/// @param promptTokens tokens of the prompts of rows that were generated
/// @param cachedTokens those of them that a prefix cache held
/// @param completionTokens tokens of their completions
/// @param distributions one for each of the columns that are numbers, but `cached_tokens`
/// @param failures the most frequent reasons, the first one first
/// @param slowest the rows that took longest, the slowest first
record RowStatistics(
    long rows,
    long failed,
    long promptTokens,
    long cachedTokens,
    long completionTokens,
    List<Distribution> distributions,
    List<Failure> failures,
    List<SlowRow> slowest) {
  private static final List<String> COUNTS = List.of("prompt_tokens", "completion_tokens");
  private static final List<String> TIMES = List.of("queue_ms", "prefill_ms", "decode_ms");
  private static final List<String> NUMBERS =
      Stream.concat(COUNTS.stream(), TIMES.stream()).toList();

  private static final int MOST_REASONS = 20;
  private static final int SAMPLES = 5;
  private static final int SLOW_ROWS = 10;
  private static final int ROW_ID_CHARACTERS = 200;
  private static final int ERROR_CHARACTERS = 500;

  /// Counts rows.
  ///
  /// @param rows with columns `row_id` and `error` (text; null for none), `prompt_tokens`,
  ///   `cached_tokens`, `completion_tokens` (integers), `queue_ms`, `prefill_ms`, `decode_ms`
  ///   (doubles)
  static RowStatistics of(Dataset<Row> rows) {
    Column[] summaries = NUMBERS.stream().map(RowStatistics::summary).toArray(Column[]::new);
    Row counted =
        rows.agg(
                functions.struct(
                    functions.count(lit(1)),
                    functions.count("error"),
                    total("prompt_tokens"),
                    total("cached_tokens"),
                    total("completion_tokens")),
                summaries)
            .first();
    Row totals = counted.getStruct(0);
    long failed = totals.getLong(1);
    return new RowStatistics(
        totals.getLong(0),
        failed,
        totals.getLong(2),
        totals.getLong(3),
        totals.getLong(4),
        distributions(rows, counted),
        failed == 0 ? List.of() : failures(rows.where("error is not null")),
        slowest(rows));
  }

  /// Whether a row was generated, and did not take the answer of another or was refused.
  private static Column generated() {
    return col("prefill_ms").gt(0);
  }

  private static Column total(String column) {
    return functions.coalesce(sum(when(generated(), col(column))), lit(0L));
  }

  /// The value of a column in a row that was generated and has a completion, else null.
  private static Column value(String column) {
    return when(col("error").isNull().and(generated()), col(column).cast("double"));
  }

  private static Column summary(String column) {
    Column value = value(column);
    return functions.struct(
        functions.count(value),
        functions.avg(value),
        functions.min(value),
        functions.max(value),
        functions.percentile_approx(
            value, functions.array(lit(0.5), lit(0.9), lit(0.99)), lit(10_000)));
  }

  private static List<Distribution> distributions(Dataset<Row> rows, Row counted) {
    List<Row> summaries = new ArrayList<>();
    List<@Nullable Bins> bins = new ArrayList<>();
    for (int i = 0; i < NUMBERS.size(); i++) {
      Row summary = counted.getStruct(1 + i);
      summaries.add(summary);
      bins.add(summary.getLong(0) == 0 ? null : bins(NUMBERS.get(i), summary));
    }
    List<long[]> counts = counts(rows, bins);
    List<Distribution> distributions = new ArrayList<>();
    for (int i = 0; i < NUMBERS.size(); i++) {
      distributions.add(distribution(NUMBERS.get(i), summaries.get(i), bins.get(i), counts.get(i)));
    }
    return distributions;
  }

  private static Bins bins(String column, Row summary) {
    double min = summary.getDouble(2);
    double max = summary.getDouble(3);
    double median = summary.<Double>getList(4).getFirst();
    return COUNTS.contains(column) ? Bins.ofCounts(min, median, max) : Bins.ofTimes(min, max);
  }

  /// Rows in the bins of each column, all counted in one go over the rows.
  private static List<long[]> counts(Dataset<Row> rows, List<@Nullable Bins> bins) {
    List<long[]> counts = new ArrayList<>();
    List<Column> places = new ArrayList<>();
    for (int i = 0; i < NUMBERS.size(); i++) {
      @Nullable Bins of = bins.get(i);
      counts.add(new long[of == null ? 0 : of.edges().size() - 1]);
      if (of != null) {
        places.add(functions.struct(lit(i).as("number"), bin(value(NUMBERS.get(i)), of).as("bin")));
      }
    }
    if (!places.isEmpty()) {
      rows.select(functions.explode(functions.array(places.toArray(Column[]::new))).as("place"))
          .where("place.bin is not null")
          .groupBy("place.number", "place.bin")
          .count()
          .collectAsList()
          .forEach(row -> counts.get(row.getInt(0))[row.getInt(1)] = row.getLong(2));
    }
    return counts;
  }

  /// The number of the bin that a value is in. Compared edge by edge: a logarithm would put some
  /// values that are edges on the wrong side of them.
  private static Column bin(Column value, Bins bins) {
    List<Double> edges = bins.edges();
    Column bin = when(value.isNull(), lit(null));
    for (int i = 1; i < edges.size() - 1; i++) {
      bin = bin.when(value.lt(edges.get(i)), i - 1);
    }
    return bin.otherwise(edges.size() - 2);
  }

  private static Distribution distribution(
      String name, Row summary, @Nullable Bins bins, long[] counts) {
    if (bins == null) {
      return new Distribution(name, 0, 0, 0, 0, 0, 0, Bins.Spacing.EVEN, List.of());
    }
    List<Distribution.Bin> counted = new ArrayList<>();
    for (int i = 0; i < counts.length; i++) {
      counted.add(new Distribution.Bin(bins.edges().get(i), bins.edges().get(i + 1), counts[i]));
    }
    List<Double> percentiles = summary.getList(4);
    return new Distribution(
        name,
        summary.getLong(0),
        summary.getDouble(1),
        percentiles.get(0),
        percentiles.get(1),
        percentiles.get(2),
        summary.getDouble(3),
        bins.spacing(),
        counted);
  }

  private static List<Failure> failures(Dataset<Row> failed) {
    Dataset<Row> named =
        failed.withColumn("reason", functions.substring_index(col("error"), ":", 1));
    List<Row> reasons =
        named
            .groupBy("reason")
            .count()
            .orderBy(col("count").desc(), col("reason"))
            .limit(MOST_REASONS)
            .collectAsList();
    Object[] names = reasons.stream().map(reason -> reason.get(0)).toArray();
    Map<String, List<Failure.Sample>> samples = new HashMap<>();
    named
        .where(col("reason").isin(names))
        .select(
            col("reason"),
            substring(col("row_id"), 1, ROW_ID_CHARACTERS).as("row_id"),
            substring(col("error"), 1, ERROR_CHARACTERS).as("error"))
        .withColumn(
            "place",
            functions.row_number().over(Window.partitionBy("reason").orderBy("row_id", "error")))
        .where(col("place").leq(SAMPLES))
        .orderBy("place")
        .collectAsList()
        .forEach(row ->
            samples
                .computeIfAbsent(row.getString(0), _ -> new ArrayList<>())
                .add(new Failure.Sample(row.getString(1), row.getString(2))));
    return reasons.stream()
        .map(reason ->
            new Failure(
                reason.getString(0),
                reason.getLong(1),
                samples.getOrDefault(reason.getString(0), List.of())))
        .toList();
  }

  private static List<SlowRow> slowest(Dataset<Row> rows) {
    Column took = col("prefill_ms").plus(col("decode_ms"));
    return rows
        .where(generated())
        .orderBy(took.desc(), col("row_id"))
        .limit(SLOW_ROWS)
        .select(
            substring(col("row_id"), 1, ROW_ID_CHARACTERS),
            col("prompt_tokens").cast("long"),
            col("cached_tokens").cast("long"),
            col("completion_tokens").cast("long"),
            col("queue_ms"),
            col("prefill_ms"),
            col("decode_ms"))
        .collectAsList()
        .stream()
        .map(row ->
            new SlowRow(
                row.getString(0),
                row.getLong(1),
                row.getLong(2),
                row.getLong(3),
                row.getDouble(4),
                row.getDouble(5),
                row.getDouble(6)))
        .toList();
  }
}
