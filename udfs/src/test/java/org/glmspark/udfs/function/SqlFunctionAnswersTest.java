package org.glmspark.udfs.function;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.glmspark.udfs.ExecutorEngines;
import org.glmspark.udfs.SampleData;
import org.junit.jupiter.api.Test;

/// What the functions answer, NULL and rows that fail included.
class SqlFunctionAnswersTest {
  private static final SparkSession SPARK = OneDocument.session();

  @Test
  void classifiesAndTellsTheSentimentOfASampleDocument() {
    Row row =
        SPARK
            .sql(
                """
                SELECT ai_analyze_sentiment(body), ai_classify(body, array('incident', 'review')), \
                CAST(ai_classify(body, '["meeting", "review"]') AS STRING), \
                ai_summarize(body), ai_count_tokens(body), ai_count_tokens('') FROM doc\
                """)
            .first();

    assertThat(
            Arrays.asList(row.getString(0), row.getString(1), row.getString(2), row.getString(3)))
        .containsExactly(
            "positive",
            "review",
            "{\"error_message\":null,\"response\":[\"review\"]}",
            "Blender from Tengorville for 126 dollars: it feels sturdy and is easy to use.");
    assertThat(row.getInt(4)).isBetween(10, 60);
    assertThat(row.getInt(5)).isZero();
  }

  @Test
  void extractsFieldsAsTextsAndBySchema() {
    Row row =
        SPARK
            .sql(
                """
                SELECT ai_extract(body, array('product', 'price', 'carrier')), \
                CAST(ai_extract(body, '["shop", "price"]') AS STRING), \
                CAST(ai_extract(body, '{"price": {"type": "integer"}, "mood": {"type": "enum", "labels": ["good", "bad"]}}') AS STRING), \
                from_json(ai_query('sample', body, responseFormat => 'r STRUCT<a: INT NOT NULL, b: ARRAY<STRING>>'), 'a INT, b ARRAY<STRING>'), \
                ai_query('sample', body, responseFormat => 'STRUCT<r: STRUCT<a: BOOLEAN>>') RLIKE '^\\\\{"a": ?(true|false|null)\\\\}$' \
                FROM doc\
                """)
            .first();

    Row fields = row.getStruct(0);
    assertThat(Arrays.asList(fields.get(0), fields.get(1), fields.get(2)))
        .containsExactly("blender", "126", null);
    assertThat(row.getString(1))
        .isEqualTo(
            "{\"error_message\":null,\"response\":{\"price\":\"126\",\"shop\":\"Tengorville\"}}");
    assertThat(row.getString(2))
        .matches(
            "\\{\"error_message\":null,\"response\":\\{\"mood\":(\"good\"|\"bad\"|null),\"price\":(-?\\d+|null)}}");
    assertThat(row.getStruct(3).isNullAt(0)).isFalse();
    assertThat(row.getBoolean(4)).isTrue();
  }

  @Test
  void comparesTexts() {
    Row row =
        SPARK
            .sql(
                """
                SELECT ai_similarity(body, body), ai_similarity(body, 'The lamp feels sturdy.'), \
                ai_similarity('The lamp feels sturdy.', body), ai_similarity('', '') FROM doc\
                """)
            .first();

    assertThat(row.getFloat(0)).isEqualTo(1);
    assertThat(row.getFloat(1)).isBetween(-1f, 0.999f).isEqualTo(row.getFloat(2));
    assertThat(row.getFloat(3)).isEqualTo(1);
  }

  @Test
  void answersNullWithNull() {
    Row row =
        SPARK
            .sql(
                """
                SELECT ai_gen(nothing), ai_query('sample', nothing), \
                ai_query('sample', nothing, failOnError => false), ai_summarize(nothing), \
                ai_classify(nothing, array('a', 'b')), ai_classify(nothing, '["a", "b"]'), \
                ai_analyze_sentiment(nothing), ai_fix_grammar(nothing), ai_translate(nothing, 'de'), \
                ai_translate(body, nothing), ai_mask(nothing, array('city')), \
                ai_count_tokens(nothing), ai_gen(NULL), \
                ai_extract(nothing, array('a')), ai_extract(nothing, '["a"]'), \
                ai_similarity(nothing, body), ai_similarity(body, nothing) FROM doc\
                """)
            .first();

    for (int i = 0; i < row.length(); i++) {
      assertThat(row.isNullAt(i)).as("column %d of %s", i, row).isTrue();
    }
  }

  @Test
  void writesWithTheParametersOfTheCall() {
    List<String> answers = new ArrayList<>();
    for (String parameters :
        List.of("'max_tokens', 2", "'max_tokens', 2L", "'max_tokens', 200, 'stop', ' from'")) {
      answers.add(
          SPARK
              .sql(
                  "SELECT ai_query('sample', concat(body, '\\n\\nSummarize the text above in at most "
                      + "50 words. Reply with the summary only.'), modelParameters => named_struct("
                      + parameters
                      + ")) FROM doc")
              .first()
              .getString(0));
    }

    assertThat(answers.get(0)).isEqualTo(answers.get(1)).hasSizeLessThan(10);
    assertThat(answers.get(2)).isEqualTo("Blender");
  }

  @Test
  void tellsAFailedRowAsTheCallSays() {
    String longText = "repeat('all work and no play ', 1000)";

    Row row =
        SPARK
            .sql(
                "SELECT ai_gen(%1$s), ai_query('sample', %1$s, failOnError => false), CAST(ai_classify(%1$s, '[\"a\",\"b\"]') AS STRING), ai_query('sample', body, failOnError => false).errorMessage FROM doc"
                    .formatted(longText))
            .first();
    Throwable failed =
        catchThrowable(() ->
            SPARK.sql("SELECT ai_query('sample', %s) FROM doc".formatted(longText)).collect());

    assertThat(row.isNullAt(0)).isTrue();
    assertThat(row.getStruct(1).isNullAt(0)).isTrue();
    assertThat(row.getStruct(1).getString(1)).startsWith("prompt too long: it has ");
    assertThat(row.getString(2))
        .startsWith("{\"error_message\":\"prompt too long")
        .endsWith("\"response\":null}");
    assertThat(row.isNullAt(3)).isTrue();
    assertThat(failed)
        .hasStackTraceContaining("[AI_FUNCTION_FAILED_ROW] ai_query(all work and no play ")
        .hasStackTraceContaining("…, max_tokens => 256, model => sample): prompt too long");
  }

  @Test
  void failsTheQueryForAnyFunctionIfTheSettingsSaySo() {
    SPARK.conf().set("spark.glm.fail-on-error", true);
    try {
      Throwable failed =
          catchThrowable(() -> SPARK.sql("SELECT ai_analyze_sentiment('') FROM doc").collect());

      assertThat(failed).hasStackTraceContaining("[AI_FUNCTION_FAILED_ROW] ai_analyze_sentiment(");
    } finally {
      SPARK.conf().unset("spark.glm.fail-on-error");
    }
  }

  @Test
  void givesVariablesTheirValuesButNotTheirDefaults() {
    Throwable thrown =
        catchThrowable(() -> SPARK.sql("DECLARE VARIABLE mood STRING DEFAULT ai_gen('x')"));
    SPARK.sql("DECLARE VARIABLE mood STRING");
    try {
      SPARK.sql("SET VAR mood = ai_analyze_sentiment('I say that the lamp works perfectly.')");

      assertThat(SPARK.sql("SELECT mood").first().getString(0)).isEqualTo("positive");
    } finally {
      SPARK.sql("DROP TEMPORARY VARIABLE mood");
    }
    assertThat(thrown)
        .isInstanceOf(AiFunctionException.class)
        .hasMessageContaining("in the default of a variable");
  }

  @Test
  void opensEachModelOfAQueryOnce() {
    SPARK.conf().set("spark.glm.models.small.path", SampleData.model().toString());
    SPARK.conf().set("spark.glm.models.small.max-batch", 3);
    SPARK.conf().set("spark.glm.models.small.threads", 1);
    SPARK.conf().set("spark.glm.models.small.kv-cache-bytes", 8 << 20);
    SPARK.conf().set("spark.glm.model", "sample");
    int opened = ExecutorEngines.opened();
    try {
      String query =
          "SELECT ai_analyze_sentiment(body) = 'positive' AND ai_query('sample', body) = ai_query('small', body) FROM doc";

      assertThat(SPARK.sql(query).first().getBoolean(0)).isTrue();
      assertThat(SPARK.sql(query).first().getBoolean(0)).isTrue();
      assertThat(ExecutorEngines.opened()).isBetween(opened + 1, opened + 2);
    } finally {
      List.of("path", "max-batch", "threads", "kv-cache-bytes")
          .forEach(option -> SPARK.conf().unset("spark.glm.models.small." + option));
      SPARK.conf().unset("spark.glm.model");
    }
  }
}
