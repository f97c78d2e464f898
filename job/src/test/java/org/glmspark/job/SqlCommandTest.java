package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.glmspark.job.report.LocalSpark;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqlCommandTest {
  /// What spark-submit says through properties.
  static final Map<String, String> SETTINGS =
      Map.of(
          "spark.master", "local[2]",
          "spark.driver.host", "127.0.0.1",
          "spark.driver.bindAddress", "127.0.0.1",
          "spark.log.level", "OFF",
          "spark.glm.threads", "1",
          "spark.glm.kv-cache-bytes", String.valueOf(16 << 20));

  @TempDir private static Path warehouse;

  @TempDir Path folder;

  private final CommandLine glm = new CommandLine();

  @BeforeAll
  static void submit() {
    LocalSpark.stop();
    SETTINGS.forEach(System::setProperty);
    System.setProperty("spark.sql.warehouse.dir", warehouse.toString());
  }

  @AfterAll
  static void forget() {
    SETTINGS.keySet().forEach(System::clearProperty);
    System.clearProperty("spark.sql.warehouse.dir");
  }

  private int sql(String... arguments) {
    String[] all = new String[arguments.length + 1];
    all[0] = "sql";
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    return glm.run(all);
  }

  private List<String> lines() {
    return glm.out().lines().toList();
  }

  @Test
  void theSampleModelAnswersForTheSampleDocumentsIfNothingIsConfigured() {
    int code =
        sql(
            """
            SELECT id, ai_summarize(body) AS summary FROM docs
            WHERE id = 'doc-0002'; -- one of 300

            CREATE TABLE letters AS SELECT * FROM VALUES ('a;b', 1), (NULL, 22) AS t(letter, n);
            SELECT *, n FROM letters ORDER BY n;
            SELECT 'one\\ntwo' AS lines\
            """);

    assertThat(code).as(glm.err()).isZero();
    assertThat(lines())
        .containsExactly(
            "id        summary",
            "────────  " + "─".repeat(111),
            "doc-0002  Meeting on the data migration on 10 August led by Lenmi Britor; Palsolhol"
                + " Gorger delivers a plan by 5 November.",
            "letter  n   n",
            "──────  ──  ──",
            "a;b     1   1",
            "NULL    22  22",
            "one",
            "two");
    assertThat(glm.err()).isEmpty();
  }

  @Test
  void theFirstStatementOfAFileThatFailsEndsItWithOneSentence() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("statements.sql"),
            """
            SELECT 'ü' AS text, CAST(NULL AS INT) AS number;
            SELEC 1;
            SELECT 2 AS late
            """);

    assertThat(sql("-f", file.toString(), "--json")).isEqualTo(1);

    assertThat(lines()).containsExactly("{\"text\":\"ü\",\"number\":null}");
    assertThat(glm.err())
        .hasLineCount(1)
        .startsWith("statement 2: [PARSE_SYNTAX_ERROR] Syntax error at or near 'SELEC'.");
  }

  @Test
  void aRowThatFailsItsQuerySaysWhyInOneSentence() {
    assertThat(sql("SELECT ai_query('sample', repeat('word ', 5000))", "--json")).isEqualTo(1);
    assertThat(glm.err()).hasLineCount(1).contains("'sample'", "spark.glm.models.sample.path");

    System.setProperty("spark.glm.unknown-endpoint", "default");
    try {
      assertThat(sql("SELECT ai_query('sample', repeat('word ', 5000))", "--json")).isEqualTo(1);
    } finally {
      System.clearProperty("spark.glm.unknown-endpoint");
    }
    assertThat(glm.err()).hasLineCount(1).contains("ai_query", "prompt too long: ");
  }

  @Test
  void sparksUserInterfaceNamesProgramAndStatements() {
    NamesInSparkUi.NAMES.clear();
    System.setProperty("spark.app.name", Main.class.getName()); // as spark-submit does
    System.setProperty("spark.extraListeners", NamesInSparkUi.class.getName());
    try {
      assertThat(sql("SELECT 1; SELECT max(id) FROM docs")).as(glm.err()).isZero();
      System.setProperty("spark.app.name", "nightly");
      assertThat(sql("SELECT 1")).as(glm.err()).isZero();
    } finally {
      System.clearProperty("spark.extraListeners");
      System.clearProperty("spark.app.name");
    }
    assertThat(NamesInSparkUi.NAMES).contains("glm sql", "nightly", "SELECT max(id) FROM docs");
  }

  @Test
  void aWrongSettingOfAModelIsRefusedBeforeSparkStarts() {
    System.setProperty("spark.glm.models.small.weight", "q4");
    try {
      assertThat(sql("SELECT 1")).isEqualTo(1);
    } finally {
      System.clearProperty("spark.glm.models.small.weight");
    }
    assertThat(glm.err())
        .hasLineCount(1)
        .startsWith(
            "spark.glm.models.small.weight is no setting of a model, did you mean 'weights'?");
  }

  @Test
  void aStatementIsCompleteWhenASemicolonStandsOutsideOfQuotesAndComments() {
    assertThat(SqlStatements.isComplete("SELECT 1;")).isTrue();
    assertThat(SqlStatements.isComplete("SELECT 1; -- really\n")).isTrue();
    assertThat(SqlStatements.isComplete("SELECT ';")).isFalse();
    assertThat(SqlStatements.isComplete("SELECT ';\n';  \n")).isTrue();
    assertThat(SqlStatements.isComplete("SELECT 1 -- first;\n")).isFalse();
    assertThat(SqlStatements.isComplete("SELECT 1 /* not yet;\n")).isFalse();
    assertThat(SqlStatements.isComplete("SELECT 1")).isFalse();
    assertThat(SqlStatements.isComplete("-- nothing\n")).isTrue();
    assertThat(SqlStatements.isComplete("begin\nSELECT 1;\n")).isFalse();
    assertThat(SqlStatements.isComplete("begin\nSELECT 1;\nend;\n")).isTrue();
    assertThat(SqlStatements.isComplete("SELECT 1 AS begin;\n")).isTrue();
  }
}
