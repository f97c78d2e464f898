package org.glmspark.udfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RowIdsTest {
  private final SparkSession spark = LocalSpark.session();

  @AfterEach
  void restoreTheTimeZone() {
    spark.conf().set("spark.sql.session.timeZone", "UTC");
  }

  private Dataset<Row> documents() {
    return spark.sql(
        """
        SELECT * FROM VALUES
          (1, 'a', 'en'), (2, 'a', 'de'), (3, NULL, 'en'), (3, 'b', NULL), (3, 'b', NULL), (3, 'b', NULL)
          AS documents(number, text, language)\
        """);
  }

  private static List<String> ids(Dataset<Row> input, String... keys) {
    return ids(input, 3, keys);
  }

  private static List<String> ids(Dataset<Row> input, int partitions, String... keys) {
    return RowIds.append(input, List.of(keys), "", "row id", partitions)
        .select("`row id`")
        .collectAsList()
        .stream()
        .map(row -> row.getString(0))
        .sorted()
        .toList();
  }

  @Test
  void areTheValueOfASingleKey() {
    assertThat(ids(documents().where("number < 3"), "NUMBER")).containsExactly("1", "2");
    assertThat(ids(documents().where("language = 'en'"), "text")).containsExactly("[null]", "a");
  }

  @Test
  void areAJsonArrayOfSeveralKeys() {
    assertThat(ids(documents().dropDuplicates(), "text", "language"))
        .containsExactly("[\"a\",\"de\"]", "[\"a\",\"en\"]", "[\"b\",null]", "[null,\"en\"]");
  }

  @Test
  void refuseAKeyThatTwoRowsHave() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ids(documents(), "number"))
        .withMessageContaining("key number must name one row, but 4 rows have '3'");
  }

  @Test
  void areADigestAndAnOrdinalAmongEqualRowsWithoutAKey() {
    List<String> ids = ids(documents());

    assertThat(ids)
        .hasSize(6)
        .doesNotHaveDuplicates()
        .allMatch(id -> id.matches("[0-9a-f]{64}-[1-3]"));
    assertThat(ids.stream().map(id -> id.substring(0, 64)).collect(Collectors.toSet())).hasSize(4);
    assertThat(ids.stream().filter(id -> id.endsWith("-3"))).hasSize(1);
  }

  @Test
  void tellANullFromAnEmptyTextAndColumnsFromEachOther() {
    Dataset<Row> rows =
        spark.sql("SELECT * FROM VALUES ('', NULL), (NULL, ''), ('', ''), (NULL, NULL) AS t(a, b)");

    assertThat(ids(rows)).allMatch(id -> id.endsWith("-1")).doesNotHaveDuplicates();
  }

  @Test
  void doNotDependOnPartitionsOrOrder() {
    Dataset<Row> rows =
        documents().unionByName(documents()).repartition(5).withColumnRenamed("text", "a.b`c");
    List<String> ids = ids(rows, 1);

    assertThat(Stream.of(2, 7, 32).map(partitions -> ids(rows, partitions))).allMatch(ids::equals);
    assertThat(ids(rows.orderBy("number").coalesce(1))).isEqualTo(ids);
    assertThat(RowIds.append(rows, List.of(), "", "row id", 7).javaRDD().getNumPartitions())
        .isEqualTo(7);
  }

  @Test
  void doNotDependOnTheTimeZoneOfTheSessionAndSeeMicroseconds() {
    String times =
        """
        SELECT to_timestamp(text || 'Z') AS at, to_timestamp_ntz(text) AS local
        FROM VALUES ('2026-01-01 10:00:00.12345%d') AS times(text)\
        """;
    List<List<String>> inUtc =
        IntStream.range(0, 2).mapToObj(micros -> ids(spark.sql(times.formatted(micros)))).toList();
    spark.conf().set("spark.sql.session.timeZone", "Asia/Shanghai");

    assertThat(inUtc).doesNotHaveDuplicates();
    assertThat(ids(spark.sql(times.formatted(1)))).isEqualTo(inUtc.get(1));
  }

  @Test
  void areThereForEveryTypeOfColumn() {
    Dataset<Row> rows =
        spark.sql(
            """
            SELECT id, CAST(id AS TINYINT) AS tiny, CAST(id AS DECIMAL(20, 3)) AS price,
              CAST('NaN' AS DOUBLE) AS nan, CAST(id AS FLOAT) AS real, id > 0 AS flag,
              CAST('x' AS BINARY) AS bytes, DATE '2026-02-03' AS day, NULL AS nothing,
              INTERVAL '2' MONTH AS months, INTERVAL '3 04:05' DAY TO MINUTE AS duration,
              make_interval(1, 2, 3) AS mixed, array(id, NULL) AS list, struct(id, NULL AS n) AS nested,
              map(id, 'v') AS by_number, map(struct(id), 'v') AS by_struct,
              array(make_interval(1)) AS intervals,
              parse_json('{"a": [1, null]}') AS json, TIME '10:11:12.123456' AS time
            FROM range(2)\
            """);

    assertThat(ids(rows)).hasSize(2).allMatch(id -> id.endsWith("-1"));
  }
}
