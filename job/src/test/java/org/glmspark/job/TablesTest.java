package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.glmspark.job.options.RefusedException;
import org.glmspark.job.report.LocalSpark;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Jobs from tables and into tables.
class TablesTest {
  private final SparkSession spark = LocalSpark.session();
  @TempDir Path folder;
  private SampleJob job;

  @BeforeEach
  void makeTable() throws IOException {
    job =
        SampleJob.in(folder)
            .with(
                "input.path=null",
                "input.table=nightly.notes",
                "output.mode=resume",
                "output.partitions=1",
                "sampling.max_tokens=8");
    spark.sql("CREATE DATABASE nightly LOCATION '%s'".formatted(folder.resolve("tables").toUri()));
    spark.sql("CREATE TABLE nightly.notes (id STRING, body STRING) USING parquet");
    insert("a", "b", "c");
  }

  @AfterEach
  void dropTables() {
    spark.sql("DROP DATABASE nightly CASCADE");
  }

  private void insert(String... ids) {
    spark.sql(
        Stream.of(ids)
            .map(id -> "('%s', 'The lift of house %s is out of order.')".formatted(id, id))
            .collect(Collectors.joining(", ", "INSERT INTO nightly.notes VALUES ", "")));
  }

  private RunResult run(JobRun.Scope scope, String... assignments) throws IOException {
    return job.run(scope, assignments).result();
  }

  private RunResult run(String... assignments) throws IOException {
    return run(JobRun.Scope.MISSING_ROWS, assignments);
  }

  private static List<String> sorted(Dataset<Row> rows) {
    return rows.toJSON().collectAsList().stream().sorted().toList();
  }

  private List<String> inFolder() {
    return sorted(job.output().drop("round"));
  }

  @Test
  void rowsOfATableComeToATableOnceWhateverBreaksOffBetween() throws IOException {
    assertThat(run("limits.max-tokens=100", "output.round-rows=1").rowsLeft()).isPositive();

    assertThat(run("output.table=nightly.summaries").rowsLeft()).isZero();
    List<String> all = sorted(spark.table("nightly.summaries"));
    assertThat(all).hasSize(3).isEqualTo(inFolder());

    spark // as a run that was killed in the midst of an append leaves it
        .table("nightly.summaries")
        .where("id = 'b'")
        .write()
        .mode("overwrite")
        .saveAsTable("nightly.rest");
    spark.sql("DROP TABLE nightly.summaries");
    spark.sql("ALTER TABLE nightly.rest RENAME TO nightly.summaries");
    insert("d");
    assertThat(run("output.table=nightly.summaries").totals().generatedRequests()).isEqualTo(1);

    assertThat(sorted(spark.table("nightly.summaries"))).hasSize(4).isEqualTo(inFolder());
    assertThat(run("output.table=nightly.summaries").rounds()).isZero();
    assertThat(spark.table("nightly.summaries").count()).isEqualTo(4);
  }

  @Test
  void aTableThatIsThereKeepsItsOwnOrderAndPartitions() throws IOException {
    run();
    String columns = job.output().drop("round", "id").schema().toDDL();
    spark.sql(
        "CREATE TABLE nightly.summaries (%s, id STRING) USING orc PARTITIONED BY (id)"
            .formatted(columns));
    run("output.table=nightly.summaries");

    assertThat(spark.table("nightly.summaries").where("id = 'b'").count()).isEqualTo(1);
    assertThat(sorted(spark.table("nightly.summaries").select("id", "completion", "lineage")))
        .isEqualTo(sorted(job.output().select("id", "completion", "lineage")));
    assertThatThrownBy(() -> run(JobRun.Scope.FAILED_ROWS, "output.table=nightly.summaries"))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("--retry-failed replaces rows");
  }

  @Test
  void rowsThatComeToATableAreFollowed() throws IOException {
    assertThat(run(JobRun.Scope.NEW_FILES, "output.table=nightly.summaries").totals().rows())
        .isEqualTo(3);
    assertThat(run(JobRun.Scope.NEW_FILES, "output.table=nightly.summaries").rounds()).isZero();
    insert("d", "e");
    assertThat(run(JobRun.Scope.NEW_FILES, "output.table=nightly.summaries").totals().rows())
        .isEqualTo(2);

    assertThat(sorted(spark.table("nightly.summaries"))).hasSize(5).isEqualTo(inFolder());
  }

  @Test
  void anyFormatThatSparkHasIsRead() throws IOException {
    Files.writeString(
        folder.resolve("notes.xml"),
        "<notes><note><id>x</id><body>The lift is out of order.</body></note></notes>");
    run(
        "input.table=null",
        "input.path=FOLDER/notes.xml",
        "input.format=xml",
        "input.options.rowTag=note");

    assertThat(inFolder()).singleElement().asString().contains("\"id\":\"x\"");
  }

  @Test
  void aDatabaseIsReadWithoutAPath() throws Exception {
    String url = "jdbc:h2:mem:notes;DB_CLOSE_DELAY=-1";
    try (Connection database = DriverManager.getConnection(url);
        Statement statement = database.createStatement()) {
      statement.execute("CREATE TABLE notes (\"id\" VARCHAR, \"body\" VARCHAR)");
      statement.execute("INSERT INTO notes VALUES ('x', 'The lift is out of order.')");
    }
    run(
        "input.table=null",
        "input.format=jdbc",
        "input.options.url=" + url,
        "input.options.dbtable=notes");

    assertThat(inFolder()).singleElement().asString().contains("\"id\":\"x\"");
    assertThatThrownBy(() -> run("input.table=null", "input.format=jdbc"))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("the input cannot be read as jdbc: ");
  }

  @Test
  void refusesWhatCannotBeReadOrWrittenBeforeAnyWork() {
    assertRefused(
        "input table 'nightly.none' cannot be read: [TABLE_OR_VIEW_NOT_FOUND]",
        "input.table=nightly.none");
    assertRefused(
        "cannot be read as parqet: [DATA_SOURCE_NOT_FOUND]",
        "input.table=null",
        "input.path=FOLDER",
        "input.format=parqet");
    assertRefused(
        "the output cannot be written as csv: [UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE]",
        "output.format=csv");
    assertRefused(
        "output table 'nightly.notes' has the columns struct<id:string,body:string>",
        "output.table=nightly.notes");
    assertRefused("output table 'none.of.these' cannot be used: ", "output.table=none.of.these");
    assertThat(folder.resolve("out/round=1")).doesNotExist();
  }

  private void assertRefused(String sentence, String... assignments) {
    assertThatThrownBy(() -> run(assignments))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining(sentence);
  }
}
