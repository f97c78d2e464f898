package org.glmspark.udfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.model.EngineVersion;
import org.glmspark.sampling.SamplingParameters;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class GenerationTest {
  private static final SparkSession SPARK = LocalSpark.session();
  private static ModelHandle model;

  @BeforeAll
  static void openTheModel() {
    model = ModelHandle.of(SampleData.model(), SampleData.options(8));
  }

  @AfterAll
  static void closeEngines() {
    ExecutorEngines.closeAll();
  }

  private static Generation summaries(List<String> keys, ResultColumns columns, int partitions) {
    return new Generation(
        model,
        new PromptSource.Summarize("body", 50),
        SamplingParameters.greedy(100),
        keys,
        columns,
        partitions);
  }

  @Test
  void completesEveryRowAndKeepsItsColumns() {
    Dataset<Row> documents = SampleData.documents(24);

    Dataset<Row> completed =
        summaries(List.of("id"), ResultColumns.plain(), 3).apply(documents).cache();

    Map<String, String> expected = SampleData.summaries();
    List<Row> rows =
        completed
            .selectExpr(
                "id", "completion", "finish_reason", "error", "tool_calls", "lineage", "usage")
            .collectAsList();
    assertThat(rows)
        .hasSize(24)
        .allSatisfy(row -> {
          String id = row.getString(0);
          assertThat(row.getString(1)).isEqualTo(expected.get(id));
          assertThat(row.getString(2)).isEqualTo("stop");
          assertThat(row.isNullAt(3) && row.isNullAt(4)).isTrue();
          Row lineage = row.getStruct(5);
          assertThat(lineage.getString(0)).isEqualTo(id);
          assertThat(lineage.getString(1)).matches("[0-9a-f]{64}");
          assertThat(lineage.getString(2)).isEqualTo(model.digest());
          assertThat(lineage.getString(3)).isEqualTo(EngineVersion.current());
          assertThat(row.getStruct(6).getInt(0)).isPositive();
        });
    Dataset<Row> kept = completed.select(columnsOf(documents));
    assertThat(kept.schema()).isEqualTo(documents.schema());
    assertThat(kept.orderBy("id").collectAsList())
        .isEqualTo(documents.orderBy("id").collectAsList());
    completed.unpersist();
  }

  private static Column[] columnsOf(Dataset<Row> dataset) {
    return Arrays.stream(dataset.columns()).map(functions::col).toArray(Column[]::new);
  }

  @Test
  void keepsColumnsOfEveryType() {
    Dataset<Row> input =
        SPARK.sql(
            """
            SELECT id, 'The lamp from Tor for 9 dollars looks great.' AS body,
              named_struct('a', id, 'b', array(named_struct('c', 'x'), NULL)) AS nested,
              map('k', array(1, NULL)) AS map, CAST(id AS DECIMAL(20, 3)) AS price,
              DATE '2026-02-03' AS day, TIMESTAMP '2026-02-03 04:05:06.123456' AS at,
              TIMESTAMP_NTZ '2026-02-03 04:05:06.123456' AS local, CAST('x' AS BINARY) AS bytes,
              INTERVAL '3 04:05' DAY TO MINUTE AS duration, NULL AS nothing
            FROM range(2)\
            """);

    Dataset<Row> completed =
        summaries(List.of(), ResultColumns.inStruct("ai"), 2).apply(input).cache();

    assertThat(completed.select(columnsOf(input)).orderBy("id").toJSON().collectAsList())
        .isEqualTo(input.orderBy("id").toJSON().collectAsList());
    assertThat(completed.where("ai.finish_reason = 'stop'").count()).isEqualTo(2);
    completed.unpersist();
  }

  @Test
  void answersARowThatCannotBeCompletedWithASentence() {
    Dataset<Row> input =
        SampleData.documents(2)
            .selectExpr("id", "body")
            .union(
                SPARK.sql(
                    """
                    SELECT 'null', NULL UNION ALL SELECT 'empty', '' UNION ALL SELECT 'blank', ' \\n'
                    UNION ALL SELECT 'long', repeat('all work and no play ', 1000)\
                    """));

    var withoutParts =
        new PromptSource.Summarize("body", 50, new LongText(LongText.Handling.ERROR, 0));

    List<Row> rows =
        new Generation(
                model,
                withoutParts,
                SamplingParameters.greedy(100),
                List.of("id"),
                ResultColumns.plain(),
                2)
            .apply(input)
            .select("id", "completion", "finish_reason", "error", "usage.completion")
            .collectAsList();

    assertThat(rows).hasSize(6);
    Map<String, Row> errors =
        rows.stream()
            .filter(row -> row.getString(2).equals("error"))
            .collect(Collectors.toMap(row -> row.getString(0), row -> row));
    assertThat(errors).containsOnlyKeys("null", "empty", "blank", "long");
    assertThat(errors.values()).allMatch(row -> row.isNullAt(1) && row.getInt(4) == 0);
    assertThat(errors.get("null").getString(3)).isEqualTo("no text: column 'body' is null");
    assertThat(errors.get("empty").getString(3)).isEqualTo("no text: column 'body' is empty");
    assertThat(errors.get("blank").getString(3)).isEqualTo("no text: column 'body' is empty");
    assertThat(errors.get("long").getString(3)).startsWith("prompt too long: ");
  }

  @Test
  void readsColumnsAsSqlWritesThem() {
    Dataset<Row> input =
        SPARK.sql("SELECT TIMESTAMP '2026-02-03 04:05:06Z' AS at, 1.50 AS price, true AS new");
    var prompt = new PromptSource.Template("{at}|{price}|{new}", null);
    var asText = new PromptSource.Template("{text}", null);

    Row fromColumns = templated(prompt).apply(input).select("lineage").first().getStruct(0);
    Row fromText =
        templated(asText)
            .apply(SPARK.sql("SELECT '2026-02-03 04:05:06|1.50|true' AS text"))
            .select("lineage")
            .first()
            .getStruct(0);

    // equal request ids: the same tokens were asked
    assertThat(fromColumns.getString(1)).isEqualTo(fromText.getString(1));
  }

  @Test
  void tellsLogProbabilitiesWhereTheyAreAskedFor() {
    Dataset<Row> input =
        SampleData.documents(3).select("id", "body").union(SPARK.sql("SELECT 'none', NULL"));
    var asking =
        new Generation(
            model,
            new PromptSource.Summarize("body", 50),
            SamplingParameters.greedy(100).toBuilder().logprobs(2).build(),
            List.of("id"),
            ResultColumns.prefixed("ai_"),
            2);

    Dataset<Row> completed = asking.apply(input).cache();

    assertThat(completed.schema().fieldNames()).endsWith("ai_long_text", "ai_logprobs");
    List<Row> rows =
        completed.selectExpr("ai_logprobs", "ai_usage.completion", "ai_error").collectAsList();
    assertThat(rows).hasSize(4);
    for (Row row : rows) {
      if (!row.isNullAt(2)) {
        assertThat(row.isNullAt(0)).isTrue();
        continue;
      }
      List<Row> tokens = row.getList(0);
      assertThat(tokens).hasSize(row.getInt(1));
      for (Row token : tokens) { // greedy: the chosen one is the most probable one
        List<Row> most = token.getList(2);
        assertThat(most).hasSize(2);
        assertThat(most.getFirst().getInt(0)).isEqualTo(token.getInt(0));
        assertThat(most.getFirst().getDouble(1)).isEqualTo(token.getDouble(1)).isNegative();
        assertThat(most.get(1).getDouble(1)).isLessThanOrEqualTo(token.getDouble(1));
      }
    }
    completed.unpersist();
  }

  private static Generation templated(PromptSource prompt) {
    return new Generation(
        model, prompt, SamplingParameters.greedy(4), List.of(), ResultColumns.plain(), 1);
  }

  @Test
  void countsRowsAndTokensAsTheyAreDone() {
    RowProgress progress = RowProgress.register(SPARK.sparkContext());
    Dataset<Row> input =
        SampleData.documents(10).select("id", "body").union(SPARK.sql("SELECT 'none', NULL"));

    Generation generation = summaries(List.of("id"), ResultColumns.plain(), 2);
    Row tokens =
        generation
            .complete(generation.plan(input), progress, null)
            .agg(functions.sum("usage.prompt"), functions.sum("usage.completion"))
            .first();

    assertThat(progress.rows().value()).isEqualTo(11);
    assertThat(progress.promptTokens().value()).isEqualTo(tokens.getLong(0)).isPositive();
    assertThat(progress.completionTokens().value()).isEqualTo(tokens.getLong(1)).isPositive();
  }

  @Test
  void generatesOnceWhatRowsSideBySideAsk() {
    Dataset<Row> document = SampleData.documents(1).select("body");
    Dataset<Row> input =
        document.crossJoin(SPARK.range(40).toDF("n")).repartition(1).select("n", "body");
    Generation generation = summaries(List.of("n"), ResultColumns.plain(), 1);
    Dataset<Row> plan = generation.plan(input);
    PlanColumns names = PlanColumns.in(plan);
    assertThat(plan.select(names.request()).distinct().count()).isEqualTo(1);
    GenerationEngine engine = model.engine();
    long before = engine.stats().decodeTokens();

    List<Row> rows =
        generation
            .complete(plan.coalesce(1), RowProgress.register(SPARK.sparkContext()), null)
            .collectAsList();

    Row first = rows.getFirst();
    long generated = engine.stats().decodeTokens() - before;
    assertThat(generated).isBetween(1L, 100L);
    assertThat(rows)
        .hasSize(40)
        .allSatisfy(row ->
            assertThat(row.<String>getAs("completion")).isEqualTo(first.getAs("completion")));
    assertThat(
            rows.stream().filter(row -> row.getStruct(row.fieldIndex("timing")).getDouble(2) > 0))
        .hasSize(1);
  }

  @Test
  void beginsNoRowAfterTheDeadline() {
    Generation generation = summaries(List.of("id"), ResultColumns.plain(), 2);

    assertThat(
            generation
                .complete(
                    generation.plan(SampleData.documents(5)),
                    RowProgress.register(SPARK.sparkContext()),
                    Instant.now())
                .count())
        .isZero();
  }

  @Test
  void opensTheModelOnceForAnyNumberOfPartitions() {
    ExecutorEngines.closeAll();
    int before = ExecutorEngines.opened();

    Dataset<Row> completed =
        summaries(List.of("id"), ResultColumns.plain(), 200).apply(SampleData.documents(20));

    assertThat(completed.javaRDD().getNumPartitions()).isEqualTo(200);
    assertThat(completed.count()).isEqualTo(20);
    assertThat(ExecutorEngines.opened()).isEqualTo(before + 1);
  }

  @Test
  void choosesFourPartitionsForEachCore() {
    assertThat(
            summaries(List.of("id"), ResultColumns.plain(), 0)
                .apply(SampleData.documents(2))
                .javaRDD()
                .getNumPartitions())
        .isEqualTo(8);
  }

  @Test
  void refusesAnInputItCannotWorkOn() {
    Dataset<Row> documents = SampleData.documents(2).withColumn("error", functions.lit("none"));

    assertThatIllegalArgumentException()
        .isThrownBy(() -> summaries(List.of("id"), ResultColumns.plain(), 1).apply(documents))
        .withMessageContaining("result column 'error'");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> summaries(List.of("key"), ResultColumns.prefixed("ai_"), 1).apply(documents))
        .withMessageStartingWith("key column 'key' is not in the input");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> summaries(List.of("error"), ResultColumns.prefixed("ai_"), 1).apply(documents))
        .withMessageContaining("2 rows have 'none'");
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            summaries(List.of("id"), ResultColumns.prefixed("ai_"), 1)
                .apply(documents.drop("body")))
        .withMessageStartingWith("prompt column 'body' is not in the input");
    assertThatThrownBy(() -> summaries(List.of(), ResultColumns.plain(), -1))
        .hasMessageContaining("partitions is -1");
  }
}
