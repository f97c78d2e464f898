package org.glmspark.udfs.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.connector.catalog.InMemoryRowLevelOperationTableCatalog;
import org.glmspark.udfs.AnswerCache;
import org.glmspark.udfs.LocalSpark;
import org.glmspark.udfs.function.AiFunctionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Calls in statements that change the rows of a table: in a table that replaces groups of rows,
/// and in one that takes the changed rows alone.
class ChangedTablesTest {
  private static final SparkSession SPARK = LocalSpark.session();
  private static final String CATALOG = "spark.sql.catalog.changed";

  private long asked;

  /// `source`: the ids 2 to 7, each with another prompt, which the model answers with `positive`.
  @BeforeAll
  static void prepare() {
    SPARK.conf().set(CATALOG, InMemoryRowLevelOperationTableCatalog.class.getName());
    SPARK.sql("CREATE NAMESPACE changed.db");
    prompts("source", 2, 8);
    prompts("start", 0, 4);
  }

  private static void prompts(String view, int from, int to) {
    SPARK
        .range(from, to, 1, 2)
        .selectExpr(
            "CAST(id AS INT) AS id",
            """
            concat('I bought the lamp in Tor for ', id + 10, ' dollars. The lamp works perfectly. \
            It also looks great.\\n\\nClassify the sentiment of the text above as positive, negative, \
            neutral or mixed. Reply with one word.') AS p\
            """)
        .createOrReplaceTempView(view);
  }

  @AfterAll
  static void forgetTheCatalog() {
    SPARK.conf().unset(CATALOG);
  }

  /// The ids 0 to 3.
  private void createTable(boolean takesChangedRows) {
    SPARK.sql(
        """
        CREATE TABLE changed.db.docs (pk INT NOT NULL, p STRING, x STRING) PARTITIONED BY (pk)
        TBLPROPERTIES ('supports-deltas' = '%s')\
        """
            .formatted(takesChangedRows));
    SPARK.sql("INSERT INTO changed.db.docs SELECT id, p, 'old' FROM start");
    asked = AnswerCache.ofExecutor().asked();
  }

  @AfterEach
  void dropTable() {
    SPARK.sql("DROP TABLE IF EXISTS changed.db.docs");
  }

  private long asked() {
    return AnswerCache.ofExecutor().asked() - asked;
  }

  private static List<String> rows() {
    return SPARK
        .sql("SELECT pk || ' ' || x FROM changed.db.docs ORDER BY pk")
        .collectAsList()
        .stream()
        .map((Row row) -> row.getString(0))
        .toList();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aMergeAsksOnceForEachRowOfItsSource(boolean takesChangedRows) {
    createTable(takesChangedRows);

    SPARK.sql(
        """
        MERGE INTO changed.db.docs t USING (SELECT id, p, ai_gen(p) AS g FROM source) s ON t.pk = s.id
        WHEN MATCHED AND g = 'positive' THEN UPDATE SET x = upper(g)
        WHEN NOT MATCHED THEN INSERT (pk, p, x) VALUES (id, p, g)\
        """);

    assertThat(asked()).isEqualTo(6);
    assertThat(rows())
        .containsExactly(
            "0 old",
            "1 old",
            "2 POSITIVE",
            "3 POSITIVE",
            "4 positive",
            "5 positive",
            "6 positive",
            "7 positive");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aMergeAsksForTheRowsThatComeToTheClauseOfTheCall(boolean takesChangedRows) {
    createTable(takesChangedRows);

    SPARK.sql(
        """
        MERGE INTO changed.db.docs t USING source s ON t.pk = s.id
        WHEN MATCHED AND t.pk = 2 THEN DELETE
        WHEN MATCHED THEN UPDATE SET x = concat(x, ai_gen(t.p))
        WHEN NOT MATCHED AND s.id < 6 THEN INSERT (pk, p, x) VALUES (id, p, upper(ai_gen(s.p)))
        WHEN NOT MATCHED BY SOURCE AND t.pk = 1 THEN UPDATE SET x = ai_gen(concat(x, ': ', t.p))\
        """);

    assertThat(asked()).isEqualTo(4); // 3, 4, 5 and 1
    assertThat(rows())
        .containsExactly("0 old", "1 positive", "3 oldpositive", "4 POSITIVE", "5 POSITIVE");
  }

  @Test
  void anUpdateAsksForTheRowsItChanges() {
    createTable(false);

    SPARK.sql("UPDATE changed.db.docs SET x = ai_gen(p) WHERE pk > 0");

    assertThat(asked()).isEqualTo(3);
    assertThat(rows()).containsExactly("0 old", "1 positive", "2 positive", "3 positive");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aMergeStillFindsARowThatMatchesTwice(boolean takesChangedRows) {
    createTable(takesChangedRows);

    Throwable thrown =
        catchThrowable(() ->
            SPARK.sql(
                """
                MERGE INTO changed.db.docs t USING (SELECT CAST(id / 2 AS INT) AS id, p FROM source) s
                ON t.pk = s.id WHEN MATCHED THEN UPDATE SET x = ai_gen(s.p)\
                """));

    assertThat(thrown).hasStackTraceContaining("[MERGE_CARDINALITY_VIOLATION]");
    assertThat(rows()).containsExactly("0 old", "1 old", "2 old", "3 old");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "MERGE INTO changed.db.docs t USING source s ON t.pk = s.id AND ai_gen(s.p) = 'positive' WHEN MATCHED THEN DELETE",
        "MERGE INTO changed.db.docs t USING source s ON t.pk = s.id WHEN NOT MATCHED AND ai_gen(s.p) = 'positive' THEN INSERT (pk) VALUES (s.id)",
        "UPDATE changed.db.docs SET x = 'new' WHERE ai_gen(p) = 'positive'",
        "DELETE FROM changed.db.docs WHERE AI_GEN(p) = 'positive'",
        "DELETE FROM changed.db.docs WHERE pk IN (SELECT id FROM source WHERE ai_gen(p) = 'positive')"
      })
  void aCallInAConditionIsRefusedWithAnotherWayToSayIt(String statement) {
    createTable(false);

    Throwable thrown = catchThrowable(() -> SPARK.sql(statement));

    assertThat(thrown)
        .isInstanceOf(AiFunctionException.class)
        .hasMessageStartingWith("[AI_FUNCTION_UNSUPPORTED_PLACE] ai_gen stands in a condition of ")
        .hasMessageContaining("MERGE INTO ... USING (SELECT ..., ai_gen(...) AS answer FROM ...)")
        .hasMessageContaining("line 1 pos");
    assertThat(rows()).hasSize(4);
  }
}
