package org.glmspark.job;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.unsafe.types.UTF8String;
import org.glmspark.udfs.PlanColumns;
import org.glmspark.udfs.ResultColumns;
import org.jspecify.annotations.Nullable;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/// The rows of a plan that are not done yet, and what they ask. Executors keep them on their disks
/// while the run lasts; what an executor takes along is read and planned again.
final class RowsToDo implements AutoCloseable {
  /// The plan's columns are in one struct, so that no name of the input is in the way.
  private static final String ROW = "row";

  private static final String REQUEST = "request";
  private static final StructType DEALT =
      new StructType()
          .add(REQUEST, DataTypes.StringType)
          .add("task", DataTypes.IntegerType)
          .add("place", DataTypes.IntegerType);

  private final ResultColumns results;
  private final PlanColumns names;
  private final Dataset<Row> rows;
  private final @Nullable Dataset<Row> answers;
  private final Dataset<Row> requests;

  /// @param plan as [org.glmspark.udfs.Generation#plan] makes it
  /// @param output the rows that are done, or null if there is none
  /// @param results names the result columns of the output
  RowsToDo(Dataset<Row> plan, @Nullable Dataset<Row> output, ResultColumns results) {
    this.results = results;
    this.names = PlanColumns.in(plan);
    Dataset<Row> planned =
        plan.select(
            functions.struct(ResultNames.columns(plan.columns())).as(ROW),
            ResultNames.columns(names.request())[0].as(REQUEST));
    Dataset<Row> left = output == null ? planned : without(planned, output);
    this.rows = left.sortWithinPartitions(REQUEST).persist(StorageLevel.DISK_ONLY());
    this.answers = output == null ? null : answers(output);
    Dataset<Row> asked =
        answers == null ? rows : rows.join(answers.select(REQUEST), seq(REQUEST), "left_anti");
    this.requests =
        asked
            .groupBy(REQUEST)
            .agg(
                functions.max(planned(names.promptTokens())).as("tokens"),
                functions.max(planned(names.mostTokens())).as("most_tokens"),
                functions.max(planned(names.promptStart())).as("start"),
                functions.count(functions.lit(1)).as("rows"))
            .persist(StorageLevel.MEMORY_AND_DISK());
  }

  private static Column planned(String name) {
    return functions.col(ROW).getField(name);
  }

  private static Seq<String> seq(String name) {
    return CollectionConverters.asScala(List.of(name)).toSeq();
  }

  /// Without the rows that are done: those whose row id and request the output has.
  private Dataset<Row> without(Dataset<Row> planned, Dataset<Row> output) {
    Column rowId = ResultNames.column(output, results, "lineage", "row_id");
    Dataset<Row> done =
        output.select(
            rowId.as("done_row"), ResultNames.request(output, results).as("done_request"));
    return planned.join(
        done,
        planned(names.rowId())
            .equalTo(functions.col("done_row"))
            .and(functions.col(REQUEST).equalTo(functions.col("done_request"))),
        "left_anti");
  }

  /// What the output has of answers, each once.
  private Dataset<Row> answers(Dataset<Row> output) {
    return output
        .where(ResultNames.column(output, results, "error").isNull())
        .select(
            ResultNames.request(output, results).as(REQUEST),
            ResultNames.all(output, results).as("answer"))
        .dropDuplicates(REQUEST);
  }

  /// How many rows are to do.
  long count() {
    return rows.count();
  }

  /// How many of them are to do because the output has no answer to what they ask.
  long unanswered() {
    return requests
        .agg(functions.coalesce(functions.sum("rows"), functions.lit(0L)))
        .head()
        .getLong(0);
  }

  /// The rows whose answers the output has, under the name of another row, completed with them; or
  /// null if the output has no answers.
  @Nullable Dataset<Row> known() {
    if (answers == null) {
      return null;
    }
    Column answer =
        functions
            .col("answer")
            .withField("lineage.row_id", planned(names.rowId()))
            .withField("usage.cached", functions.col("answer").getField("usage").getField("prompt"))
            .withField("timing.queue_ms", functions.lit(0.0))
            .withField("timing.prefill_ms", functions.lit(0.0))
            .withField("timing.decode_ms", functions.lit(0.0));
    Dataset<Row> known = rows.join(answers, seq(REQUEST), "inner");
    return known.select(ResultNames.appended(inputColumns(), answer, results));
  }

  private Column[] inputColumns() {
    StructType plan = (StructType) rows.schema().apply(ROW).dataType();
    return Arrays.stream(PlanColumns.input(plan).fieldNames())
        .map(name -> planned(name).as(name))
        .toArray(Column[]::new);
  }

  /// The next requests in the order of their ids, which is as good as any.
  ///
  /// @param after the last one that was taken; empty for the first
  List<RoundPlan.Request> requestsAfter(String after, int most) {
    return requests
        .where(functions.col(REQUEST).gt(after))
        .orderBy(REQUEST)
        .limit(most)
        .collectAsList()
        .stream()
        .map(row ->
            new RoundPlan.Request(row.getString(0), row.getInt(1), row.getLong(2), row.getLong(3)))
        .toList();
  }

  /// The rows of some requests as they were dealt, with the columns of the plan.
  Dataset<Row> dealt(List<RoundPlan.Dealt> dealt, int tasks) {
    List<Row> table =
        dealt.stream()
            .map(request -> RowFactory.create(request.key(), request.task(), request.place()))
            .toList();
    Comparator<String> order = Comparator.comparing(UTF8String::fromString); // Spark's own
    String first = dealt.stream().map(RoundPlan.Dealt::key).min(order).orElseThrow();
    String last = dealt.stream().map(RoundPlan.Dealt::key).max(order).orElseThrow();
    return rows.where(functions.col(REQUEST).between(first, last)) // skips what lies apart on disk
        .join(
            functions.broadcast(rows.sparkSession().createDataFrame(table, DEALT)),
            seq(REQUEST),
            "inner")
        .repartitionById(tasks, functions.col("task"))
        .sortWithinPartitions(functions.col("place"), planned(names.rowId()))
        .select(functions.col(ROW + ".*"));
  }

  /// Lets go of what the executors keep.
  @Override
  public void close() {
    requests.unpersist();
    rows.unpersist();
  }
}
