package org.glmspark.udfs.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.spark.api.java.function.VoidFunction2;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.adaptive.AdaptiveSparkPlanExec;
import org.apache.spark.sql.execution.adaptive.QueryStageExec;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.streaming.Trigger;
import org.glmspark.udfs.AnswerCache;
import org.glmspark.udfs.LocalSpark;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import scala.jdk.javaapi.CollectionConverters;

/// Requests that an engine gets for a query: each call once for each row that needs it.
class CallsOnceTest {
  private static final SparkSession SPARK = LocalSpark.session();
  private static final int ROWS = 40;

  /// What the engine may have pulled beyond what a query needed: two batches a task.
  private static final int LOOK_AHEAD = 2 * 2 * 8;

  @TempDir private static Path folder;

  private long asked;
  private long computed;

  /// `docs`: 40 rows in four files, half of them `en`; every prompt is another one, and the model
  /// answers each with `positive`.
  @BeforeAll
  static void writeDocuments() {
    String path = folder.resolve("docs").toString();
    SPARK
        .range(0, ROWS, 1, 4)
        .selectExpr(
            "id",
            """
            concat('I bought the lamp in Tor for ', id + 10, ' dollars. The lamp works perfectly. \
            It also looks great.\\n\\nClassify the sentiment of the text above as positive, negative, \
            neutral or mixed. Reply with one word.') AS p\
            """,
            "if(id % 2 = 0, 'en', 'de') AS lang",
            "id % 4 AS grp")
        .selectExpr("*", "if(id % 10 = 7, NULL, p) AS maybe")
        .write()
        .parquet(path);
    SPARK.read().parquet(path).createOrReplaceTempView("docs");
  }

  @BeforeEach
  void count() {
    AnswerCache.ofExecutor().clear();
    asked = AnswerCache.ofExecutor().asked();
    computed = AnswerCache.ofExecutor().computed();
  }

  @AfterEach
  void standardSettings() {
    SPARK.conf().unset("spark.sql.adaptive.enabled");
    SPARK.conf().unset("spark.sql.codegen.wholeStage");
  }

  private long asked() {
    return AnswerCache.ofExecutor().asked() - asked;
  }

  private long computed() {
    return AnswerCache.ofExecutor().computed() - computed;
  }

  record Case(String sql, int rows, int asked) {}

  static final List<Case> CASES =
      List.of(
          new Case("SELECT id, ai_gen(p) g FROM docs", 40, 40),
          new Case("SELECT ai_gen(p), ai_gen(p) FROM docs", 40, 40),
          new Case("SELECT ai_gen(p), upper(ai_gen(p)), length(ai_gen(p)), id FROM docs", 40, 40),
          new Case("SELECT ai_gen(p) FROM docs WHERE lang = 'en'", 20, 20),
          new Case("SELECT id FROM docs WHERE ai_gen(p) = 'positive' AND lang = 'en'", 20, 20),
          new Case("SELECT id FROM docs WHERE lang = 'en' AND ai_gen(p) = 'negative'", 0, 20),
          new Case("SELECT id, upper(ai_gen(p)) FROM docs WHERE ai_gen(p) LIKE 'pos%'", 40, 40),
          new Case(
              "SELECT * FROM (SELECT id, lang, ai_gen(p) g FROM docs) WHERE g > 'a' AND lang = 'de'",
              20,
              20),
          new Case("SELECT ai_gen(p) FROM docs LIMIT 10", 10, 10),
          new Case("SELECT upper(ai_gen(p)) FROM docs LIMIT 10 OFFSET 5", 10, 10),
          new Case("SELECT id, ai_gen(p) g FROM docs ORDER BY id DESC LIMIT 10", 10, 10),
          new Case("SELECT id, ai_gen(p) g FROM docs ORDER BY length(p), id", 40, 40),
          new Case("SELECT id, ai_gen(p) g FROM docs ORDER BY g, id", 40, 40),
          new Case("SELECT id FROM docs ORDER BY ai_gen(p), id LIMIT 3", 3, 40),
          new Case("SELECT ai_gen(p) FROM docs ORDER BY ai_gen(p)", 40, 40),
          new Case("SELECT id FROM (SELECT id, ai_gen(p) g FROM docs)", 40, 0),
          new Case("SELECT count(*) FROM (SELECT id, ai_gen(p) g FROM docs)", 1, 0),
          new Case("SELECT id, ai_gen(maybe) g FROM docs", 40, 36),
          new Case("SELECT ai_gen('Write one word.')", 1, 1),
          new Case("SELECT ai_gen(x) FROM VALUES ('a'), ('b') AS t(x)", 2, 2),
          new Case("SELECT ai_gen(id) FROM docs WHERE id = 5", 1, 1),
          new Case("SELECT grp, max(length(ai_gen(p))) m FROM docs GROUP BY grp", 4, 40),
          new Case("SELECT max(if(lang = 'en', ai_gen(p), '')) FROM docs", 1, 20),
          new Case("SELECT id FROM docs ORDER BY if(lang = 'en', ai_gen(p), ''), id", 40, 20),
          new Case("SELECT ai_gen(p) FROM docs ORDER BY if(lang = 'en', ai_gen(p), '')", 40, 40),
          new Case(
              "SELECT a.id FROM docs a JOIN docs b ON a.id = b.id AND if(a.lang = 'en' AND b.id < 9, ai_gen(a.p), 'x') = 'positive'",
              5,
              20),
          new Case(
              "SELECT count(*) n FROM docs GROUP BY CASE WHEN lang = 'en' THEN ai_gen(p) END",
              2,
              20),
          new Case(
              "SELECT grp, count(*) FILTER (WHERE ai_gen(p) = 'positive') n FROM docs GROUP BY grp HAVING n = 10",
              4,
              40),
          new Case(
              "SELECT grp FROM docs GROUP BY grp HAVING count(*) FILTER (WHERE ai_gen(p) = 'positive') = 10",
              4,
              40),
          new Case(
              "WITH v AS (SELECT count(DISTINCT lang) FILTER (WHERE ai_gen(p) = 'positive') n, max(upper(ai_gen(p))) FROM docs) SELECT n FROM v WHERE n = 2",
              1,
              40),
          new Case(
              "SELECT n FROM (SELECT first(id) FILTER (WHERE lang = 'en' AND ai_gen(p) = 'positive') n FROM docs) WHERE n % 2 = 0",
              1, 20),
          new Case("SELECT ai_gen(p) c, count(*) n FROM docs GROUP BY ai_gen(p)", 1, 40),
          new Case("SELECT ai_gen(p) c, count(*) n FROM docs GROUP BY 1 HAVING n > 1", 1, 40),
          new Case("SELECT grp, ai_gen(min(p)) FROM docs GROUP BY grp", 4, 4),
          new Case("SELECT ai_gen(lang), count(*) FROM docs GROUP BY lang", 2, 2),
          new Case(
              "SELECT grp, count(*) FROM docs GROUP BY grp HAVING ai_gen(max(p)) = 'positive'",
              4,
              4),
          new Case(
              "SELECT ai_gen(concat(a.p, b.lang)) FROM docs a JOIN docs b ON a.id = b.id", 40, 40),
          new Case(
              "SELECT * FROM (SELECT id, ai_gen(p) g FROM docs) a JOIN (SELECT id FROM docs WHERE id < 20) b USING (id)",
              20,
              20),
          new Case(
              "SELECT a.id FROM docs a JOIN docs b ON a.id = b.id AND ai_gen(a.p) = ai_gen(b.p)",
              40,
              80),
          new Case(
              "SELECT ai_gen(p) FROM docs WHERE id < 5 UNION ALL SELECT ai_gen(p) FROM docs WHERE id < 3",
              8,
              8),
          new Case("SELECT DISTINCT ai_gen(p) FROM docs", 1, 40),
          new Case(
              "SELECT id, row_number() OVER (PARTITION BY ai_gen(p) ORDER BY id) rn FROM docs",
              40,
              40),
          new Case("SELECT id, explode(split(ai_gen(p), 'i')) FROM docs", 120, 40),
          new Case("SELECT CASE WHEN lang = 'en' THEN ai_gen(p) ELSE 'skip' END FROM docs", 40, 20),
          new Case(
              "SELECT CASE WHEN id < 10 THEN ai_gen(p) WHEN id < 30 THEN upper(ai_gen(p)) ELSE p END FROM docs",
              40,
              30),
          new Case("SELECT if(id < 10, 'x', ai_gen(p)) FROM docs", 40, 30),
          new Case("SELECT coalesce(maybe, ai_gen(p)) FROM docs", 40, 4),
          new Case("SELECT if(lang = 'en', ai_gen(p), ''), ai_gen(p) FROM docs", 40, 40),
          new Case("SELECT if(ai_gen(p) = 'positive', ai_gen(lang), 'x') FROM docs", 40, 80),
          new Case("SELECT if(ai_gen(p) = 'negative', ai_gen(lang), 'x') FROM docs", 40, 40),
          new Case(
              "SELECT id, (SELECT max(ai_gen(p)) FROM docs WHERE id < 4) m FROM docs WHERE id < 2",
              2,
              4),
          new Case(
              "SELECT id FROM docs WHERE lang IN (SELECT substring(ai_gen(p), 0, 2) FROM docs WHERE id < 4)",
              0,
              4),
          new Case(
              "SELECT id FROM docs d WHERE EXISTS (SELECT 1 FROM docs e WHERE e.id = d.id AND ai_gen(e.p) LIKE 'pos%')",
              40, 40),
          new Case(
              "SELECT id FROM docs d WHERE EXISTS (SELECT 1 FROM docs e WHERE concat(ai_gen(e.p), e.id) = concat('positive', d.id))",
              40,
              40),
          new Case(
              "SELECT ai_gen((SELECT max(e.p) FROM docs e WHERE e.id = d.id)) FROM docs d", 40, 40),
          new Case("SELECT ai_gen((SELECT max(p) FROM docs)) FROM docs LIMIT 3", 3, 3),
          new Case("SELECT ai_gen(concat(p, CAST(rand(1) AS STRING))) FROM docs", 40, 40),
          new Case("SELECT named_struct('a', ai_gen(p)).a FROM docs", 40, 40),
          new Case("SELECT transform(array(lang), x -> upper(x)), ai_gen(p) FROM docs", 40, 40),
          new Case("SELECT ai_gen(ai_gen(p)) FROM docs WHERE id < 4", 4, 8),
          new Case(
              "WITH v AS (SELECT id, ai_gen(p) g FROM docs) SELECT x.g, y.g FROM v x JOIN v y USING (id)",
              40,
              40));

  @ParameterizedTest
  @FieldSource("CASES")
  void asksOnceForEachRow(Case query) {
    List<Row> rows = SPARK.sql(query.sql()).collectAsList();

    assertThat(rows).hasSize(query.rows());
    assertThat(asked()).isEqualTo(query.asked());
  }

  @ParameterizedTest
  @CsvSource({"true, false", "false, true", "false, false"})
  void asksOnceWhateverTheExecutionSettings(String adaptive, String codegen) {
    SPARK.conf().set("spark.sql.adaptive.enabled", adaptive);
    SPARK.conf().set("spark.sql.codegen.wholeStage", codegen);

    assertThat(
            SPARK
                .sql("SELECT grp, max(upper(ai_gen(p))) FROM docs WHERE id < 20 GROUP BY grp")
                .collectAsList())
        .hasSize(4);
    assertThat(asked()).isEqualTo(20);
    assertThat(SPARK.sql("SELECT id, ai_gen(p) g FROM docs ORDER BY g, id LIMIT 5").collectAsList())
        .hasSize(5);
    assertThat(asked()).isEqualTo(60);
  }

  @Test
  void keepsTheOrderOfASort() {
    List<Row> rows =
        SPARK
            .sql("SELECT id, ai_gen(p) FROM docs ORDER BY id DESC LIMIT 12 OFFSET 2")
            .collectAsList();

    assertThat(rows.stream().map(row -> row.getLong(0)))
        .containsExactly(37L, 36L, 35L, 34L, 33L, 32L, 31L, 30L, 29L, 28L, 27L, 26L);
    assertThat(rows).allSatisfy(row -> assertThat(row.getString(1)).isEqualTo("positive"));
  }

  @Test
  void looksNoFurtherAheadThanTwoBatchesWhereALimitFollowsAFilter() {
    List<Row> rows =
        SPARK.sql("SELECT id FROM docs WHERE ai_gen(p) LIKE 'pos%' LIMIT 1").collectAsList();

    assertThat(rows).hasSize(1);
    assertThat(asked()).isBetween(1L, (long) LOOK_AHEAD);
  }

  @Test
  void generatesEqualRequestsOnceForAViewReadTwice() {
    SPARK.sql("CREATE OR REPLACE TEMP VIEW answers AS SELECT id, ai_gen(p) g FROM docs");

    assertThat(
            SPARK
                .sql("SELECT x.g, y.g FROM answers x JOIN answers y ON x.id = y.id")
                .collectAsList())
        .hasSize(ROWS);
    assertThat(computed()).isEqualTo(ROWS);
  }

  @Test
  void generatesEqualRequestsOnceForASelfJoinedDataset() {
    Dataset<Row> answers = SPARK.table("docs").selectExpr("id", "ai_gen(p) AS g");

    assertThat(
            answers
                .as("x")
                .join(answers.as("y"), functions.expr("x.id = y.id"))
                .select("x.g", "y.g")
                .collectAsList())
        .hasSize(ROWS);
    assertThat(computed()).isEqualTo(ROWS);
  }

  @Test
  void readsACachedDatasetWithoutAskingAgain() {
    Dataset<Row> answers = SPARK.table("docs").selectExpr("id", "ai_gen(p) AS g").cache();

    assertThat(answers.count()).isEqualTo(ROWS);
    assertThat(answers.where("g = 'positive'").count()).isEqualTo(ROWS);
    assertThat(asked()).isEqualTo(ROWS);
    answers.unpersist();
  }

  @Test
  void writesTables() {
    String table = "answers_" + System.nanoTime();
    SPARK.sql(
        "CREATE TABLE %s USING parquet LOCATION '%s' AS SELECT id, ai_gen(p) g FROM docs WHERE lang = 'en'"
            .formatted(table, folder.resolve(table)));
    assertThat(asked()).isEqualTo(20);
    SPARK.sql("INSERT INTO %s SELECT id, upper(ai_gen(p)) FROM docs WHERE id < 7".formatted(table));

    assertThat(asked()).isEqualTo(27);
    assertThat(SPARK.table(table).where("lower(g) = 'positive'").count()).isEqualTo(27);
    SPARK.sql("DROP TABLE " + table);
  }

  @Test
  void answersTheRowsOfAStream() throws Exception {
    List<Row> answered = new ArrayList<>();
    SPARK
        .readStream()
        .schema(SPARK.table("docs").schema())
        .option("maxFilesPerTrigger", 2)
        .parquet(folder.resolve("docs").toString())
        .selectExpr("id", "ai_gen(p) AS g")
        .writeStream()
        .option("checkpointLocation", folder.resolve("checkpoint").toString())
        .trigger(Trigger.AvailableNow())
        .foreachBatch(
            (VoidFunction2<Dataset<Row>, Long>)
                (batch, _) -> answered.addAll(batch.collectAsList()))
        .start()
        .awaitTermination();

    assertThat(answered).hasSize(ROWS);
    assertThat(answered).allSatisfy(row -> assertThat(row.getString(1)).isEqualTo("positive"));
    assertThat(asked()).isEqualTo(ROWS);
  }

  @Test
  void addsColumnsToADataset() {
    Dataset<Row> answers =
        SPARK
            .table("docs")
            .withColumn("g", functions.expr("ai_gen(p)"))
            .withColumn("h", functions.upper(functions.expr("ai_gen(p)")))
            .withColumn("i", functions.call_function("ai_count_tokens", functions.col("g")));

    assertThat(answers.filter("h like 'POS%'").filter("lang = 'en'").select("g", "i").count())
        .isEqualTo(20);
    assertThat(asked()).isEqualTo(20);
  }

  @Test
  void computesTheTextOnceForSeveralFunctions() {
    String body = "split(p, '\\n')[0]";
    Dataset<Row> answers =
        SPARK.sql(
            "SELECT ai_analyze_sentiment(b), ai_classify(b, array('review', 'meeting')), ai_summarize(b) FROM (SELECT %s AS b FROM docs WHERE id < 8)"
                .formatted(body));

    assertThat(answers.collectAsList())
        .allSatisfy(row -> assertThat(row.getString(1)).isEqualTo("review"));
    Map<String, Long> metrics = metrics(answers);
    assertThat(metrics).containsEntry("numOutputRows", 8L).containsEntry("calls", 24L);
    assertThat(metrics.get("promptTokens")).isGreaterThan(1000);
    assertThat(metrics.get("cachedTokens")).isGreaterThan(metrics.get("promptTokens") / 3);
  }

  /// The metrics of the one operator that makes calls.
  private static Map<String, Long> metrics(Dataset<Row> executed) {
    SparkPlan plan =
        ((org.apache.spark.sql.classic.Dataset<Row>) executed).queryExecution().executedPlan();
    SparkPlan calls = find(plan);
    return CollectionConverters.asJava(calls.metrics()).entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, metric -> metric.getValue().value()));
  }

  /// Adaptive execution hides plans from the search of others.
  private static SparkPlan find(SparkPlan plan) {
    return switch (plan) {
      case AdaptiveSparkPlanExec adaptive -> find(adaptive.executedPlan());
      case QueryStageExec stage -> find(stage.plan());
      case CallModelExec calls -> calls;
      default -> find(plan.children().head());
    };
  }

  @Test
  void countsRowsTokensAndFailures() {
    Dataset<Row> answers =
        SPARK.sql("SELECT ai_gen(if(id = 1, repeat('no ', 3000), p)) FROM docs WHERE id < 10");

    assertThat(answers.collectAsList()).hasSize(10);
    Map<String, Long> metrics = metrics(answers);
    assertThat(metrics)
        .containsEntry("numOutputRows", 10L)
        .containsEntry("calls", 10L)
        .containsEntry("failedRows", 1L)
        .containsEntry("repeatedCalls", 0L);
    assertThat(metrics.get("completionTokens")).isBetween(9L, 60L);
    assertThat(metrics.get("waitTime")).isPositive();
  }

  @Test
  void spreadsFewRowsOverTheCluster() {
    Dataset<Row> answers = SPARK.sql("SELECT ai_gen(p) FROM (SELECT DISTINCT p FROM docs)");

    assertThat(answers.collectAsList()).hasSize(ROWS);
    assertThat(
            ((org.apache.spark.sql.classic.Dataset<Row>) answers)
                .queryExecution()
                .executedPlan()
                .toString())
        .contains("REPARTITION_BY_NUM")
        .contains("RoundRobinPartitioning(8)");
  }

  @Test
  void showsItsCallsInThePlan() {
    String plan =
        SPARK
            .sql("EXPLAIN SELECT upper(ai_summarize(p, 20)) FROM docs WHERE lang = 'en' LIMIT 5")
            .first()
            .getString(0);

    assertThat(plan)
        .containsPattern(
            "CallModel \\[ai_summarize\\(p#\\d+, max_words => 20, model => sample\\)]");
  }
}
