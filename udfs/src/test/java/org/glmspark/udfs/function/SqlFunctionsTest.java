package org.glmspark.udfs.function;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.glmspark.udfs.ExecutorEngines;
import org.glmspark.udfs.LocalSpark;
import org.glmspark.udfs.SampleData;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// The functions' arguments, types, NULL rules and refusals.
class SqlFunctionsTest {
  private static final SparkSession SPARK = LocalSpark.session();

  @BeforeAll
  static void oneDocument() {
    SPARK
        .sql(
            """
            SELECT 'I bought the blender in Tengorville for 126 dollars. I can say that it feels sturdy. \
            And it is easy to use.' AS body, CAST(NULL AS STRING) AS nothing, 3 AS number\
            """)
        .createOrReplaceTempView("doc");
  }

  record Refusal(String expression, String condition, String sqlState) {}

  static final List<Refusal> REFUSALS =
      List.of(
          new Refusal("ai_gen()", "REQUIRED_PARAMETER_NOT_FOUND", "4274K"),
          new Refusal("ai_gen(body, body)", "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605"),
          new Refusal("ai_gen(text => body)", "UNRECOGNIZED_PARAMETER_NAME", "4274K"),
          new Refusal("ai_gen(array(1))", "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE", "42K09"),
          new Refusal("ai_summarize(body, -1)", "AI_FUNCTION_INVALID_MAX_WORDS", "22032"),
          new Refusal("ai_summarize(body, 2.5)", "AI_FUNCTION_INVALID_MAX_WORDS", "22032"),
          new Refusal("ai_summarize(body, 'ten')", "AI_FUNCTION_INVALID_MAX_WORDS", "22032"),
          new Refusal("ai_summarize(body, NULL)", "AI_FUNCTION_INVALID_MAX_WORDS", "22032"),
          new Refusal("ai_summarize(body, number)", "NON_FOLDABLE_ARGUMENT", "42K08"),
          new Refusal("ai_classify(body, array('a'))", "AI_FUNCTION_INVALID_LABELS", "22023"),
          new Refusal(
              "ai_classify(body, split('1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21', ','))",
              "AI_FUNCTION_INVALID_LABELS",
              "22023"),
          new Refusal("ai_classify(body, array('a', 'a'))", "AI_FUNCTION_INVALID_LABELS", "22023"),
          new Refusal("ai_classify(body, array('a', NULL))", "AI_FUNCTION_INVALID_LABELS", "22023"),
          new Refusal("ai_classify(body, array('a', body))", "NON_FOLDABLE_ARGUMENT", "42K08"),
          new Refusal(
              "ai_classify(body, array(1, 2))", "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE", "42K09"),
          new Refusal("ai_classify(body, '[\"a\"')", "AI_FUNCTION_JSON_PARSE_ERROR", "22000"),
          new Refusal("ai_classify(body, '')", "AI_FUNCTION_JSON_PARSE_ERROR", "22000"),
          new Refusal(
              "ai_classify(body, '[\"a\",\"b\"] c')", "AI_FUNCTION_JSON_PARSE_ERROR", "22000"),
          new Refusal(
              "ai_classify(body, '{\"a\":\"x\",\"b\":\"y\",\"a\":\"z\"}')",
              "AI_FUNCTION_JSON_PARSE_ERROR",
              "22000"),
          new Refusal("ai_classify(body, '[\"a\"]')", "AI_FUNCTION_INVALID_LABELS", "22023"),
          new Refusal(
              "ai_classify(body, concat('[\"b\",\"', repeat('a', 101), '\"]'))",
              "AI_FUNCTION_INVALID_LABELS",
              "22023"),
          new Refusal(
              "ai_classify(body, concat('{\"b\":\"\",\"a\":\"', repeat('d', 1001), '\"}'))",
              "AI_FUNCTION_INVALID_LABELS",
              "22023"),
          new Refusal(
              "ai_classify(body, '[\"a\",\"b\"]', map('version', '1.0'))",
              "AI_FUNCTION_INVALID_OPTIONS",
              "22023"),
          new Refusal(
              "ai_classify(body, '[\"a\",\"b\"]', map('multi', 'true'))",
              "AI_FUNCTION_INVALID_OPTIONS",
              "22023"),
          new Refusal(
              "ai_classify(body, '[\"a\",\"b\"]', map('instructions', repeat('i', 20001)))",
              "AI_FUNCTION_INVALID_OPTIONS",
              "22023"),
          new Refusal("ai_mask(body, array())", "AI_FUNCTION_INVALID_LABELS", "22023"),
          new Refusal("ai_query('nobody', body)", "AI_FUNCTION_UNKNOWN_ENDPOINT", "42704"),
          new Refusal("ai_query(body, body)", "NON_FOLDABLE_ARGUMENT", "42K08"),
          new Refusal("ai_query('sample')", "REQUIRED_PARAMETER_NOT_FOUND", "4274K"),
          new Refusal(
              "ai_query('sample', body, failOnError => 'no')",
              "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
              "42K09"),
          new Refusal(
              "ai_query('sample', body, failOnError => NULL)",
              "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
              "42K09"),
          new Refusal(
              "ai_query('sample', body, returnType => 'STRUCT<a: INT>')",
              "AI_FUNCTION_UNSUPPORTED_RETURN_TYPE",
              "0A000"),
          new Refusal("ai_extract(body, array())", "AI_FUNCTION_INVALID_LABELS", "22023"),
          schema("[\"a\", \"a\"]"),
          schema("[\"_a\"]"),
          schema("{\"a\": {\"type\": \"date\"}}"),
          schema("{\"a\": {\"type\": \"string\", \"pattern\": \"a\"}}"),
          schema("{\"a\": {\"type\": \"enum\", \"labels\": []}}"),
          schema("{\"a\": {\"type\": \"object\", \"properties\": {}}}"),
          schema(nested(8)),
          new Refusal("ai_extract(body, '{')", "AI_FUNCTION_JSON_PARSE_ERROR", "22000"),
          format("STRING", "DDL_STRING"),
          format("STRUCT<b: INT>", "DDL_STRING"),
          format("a STRUCT<b: INT>, c INT", "DDL_STRING"),
          format("a STRUCT<b: BINARY>", "DDL_STRING"),
          format("{\"type\": \"xml\"}", "JSON_STRING"),
          format("{\"type\": ", "JSON_STRING"),
          new Refusal(
              "ai_query('sample', body, responseFormat => '{\"type\": \"json_object\"}', modelParameters => named_struct('stop', 'x'))",
              "AI_FUNCTION_INVALID_MODEL_PARAMETERS.UNSUPPORTED_MODEL_PARAMETER",
              "22023"),
          parameters("'max_token', 5", "UNSUPPORTED_MODEL_PARAMETER"),
          parameters("'temperature', 3.5", "INVALID_NUMERIC_PARAMETER"),
          parameters("'max_tokens', 3000000000", "INVALID_NUMERIC_PARAMETER"),
          parameters("'max_tokens', 'five'", "INVALID_PARAMETER_DATA_TYPE"),
          parameters("'stop', array(1)", "INVALID_PARAMETER_DATA_TYPE"),
          parameters("'seed', NULL", "INVALID_PARAMETER_DATA_TYPE"),
          parameters("'messages', 'a'", "FOUND_RESERVED_PARAMETER_NAME"),
          new Refusal(
              "ai_query('sample', body, modelParameters => 'hot')",
              "AI_FUNCTION_INVALID_MODEL_PARAMETERS.INVALID_PARAMETER_DATA_TYPE",
              "22023"),
          new Refusal(
              "ai_query('sample', body, modelParameters => named_struct('seed', number))",
              "NON_FOLDABLE_ARGUMENT",
              "42K08"),
          new Refusal(
              "count(*) FILTER (WHERE ai_gen(body) = 'a' AND rand() < 0.5)",
              "AI_FUNCTION_UNSUPPORTED_PLACE",
              "0A000"),
          new Refusal(
              "transform(array(body), x -> ai_gen(x))", "AI_FUNCTION_UNSUPPORTED_PLACE", "0A000"));

  private static Refusal schema(String json) {
    return new Refusal(
        "ai_extract(body, '%s')".formatted(json), "AI_FUNCTION_INVALID_SCHEMA", "22023");
  }

  /// Objects within objects.
  private static String nested(int depth) {
    return depth == 0
        ? "{\"a\": {\"type\": \"string\"}}"
        : "{\"a\": {\"type\": \"object\", \"properties\": %s}}".formatted(nested(depth - 1));
  }

  private static Refusal format(String format, String condition) {
    return new Refusal(
        "ai_query('sample', body, responseFormat => '%s')".formatted(format),
        "AI_FUNCTION_UNSUPPORTED_RESPONSE_FORMAT." + condition,
        "0A000");
  }

  private static Refusal parameters(String fields, String condition) {
    return new Refusal(
        "ai_query('sample', body, modelParameters => named_struct(%s))".formatted(fields),
        "AI_FUNCTION_INVALID_MODEL_PARAMETERS." + condition,
        "22023");
  }

  @ParameterizedTest
  @FieldSource("REFUSALS")
  void refusesACallInAnalysis(Refusal refusal) {
    int opened = ExecutorEngines.opened();

    Throwable thrown =
        catchThrowable(() -> SPARK.sql("SELECT " + refusal.expression() + " FROM doc"));

    assertThat(thrown).isInstanceOf(org.apache.spark.sql.AnalysisException.class);
    SparkThrowable found = (SparkThrowable) thrown;
    assertThat(found.getCondition()).as(thrown.getMessage()).isEqualTo(refusal.condition());
    assertThat(found.getSqlState()).isEqualTo(refusal.sqlState());
    assertThat(thrown).hasMessageContaining(refusal.sqlState());
    assertThat(ExecutorEngines.opened()).isEqualTo(opened);
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
  void refusesCallsThatReadBothSidesOfAJoin() {
    for (String query :
        List.of(
            "SELECT 1 FROM doc a JOIN doc b ON ai_gen(concat(a.body, b.body)) = 'x'",
            "SELECT 1 FROM doc d WHERE EXISTS (SELECT 1 FROM doc e WHERE ai_gen(concat(d.body, e.body)) = e.body)")) {
      Throwable thrown = catchThrowable(() -> SPARK.sql(query));

      assertThat(thrown)
          .isInstanceOf(AiFunctionException.class)
          .hasMessageContaining("query over the join");
    }
  }

  @Test
  void saysWhereInTheQueryARefusedCallStands() {
    Throwable thrown =
        catchThrowable(() -> SPARK.sql("SELECT body,\n  ai_summarize(body, -1) FROM doc"));

    assertThat(thrown)
        .hasMessageContaining(
            "The maximum number of words must be a non-negative integer, but got -1.")
        .hasMessageContaining("line 2 pos 2");
  }

  @Test
  void givesTheTypesThatCallersExpect() {
    Dataset<Row> row =
        SPARK.sql(
            """
            SELECT ai_gen(body) a, ai_query('sample', body) b, \
            ai_query(endpointName => 'sample', request => body, failOnError => false) c, \
            ai_summarize(content => body, max_words => 20) d, ai_classify(body, array('a', 'b')) e, \
            ai_classify(body, '["a", "b"]') f, ai_analyze_sentiment(body) g, ai_fix_grammar(body) h, \
            ai_translate(body, to_lang => 'de') i, ai_mask(body, array('city')) j, \
            ai_count_tokens(body) k, ai_extract(body, array('price', 'the shop')) l, \
            ai_extract(body, schema => '["price"]') m, ai_similarity(body, expr2 => 'b') n FROM doc\
            """);

    assertThat(row.schema().toDDL())
        .isEqualTo(
            "a STRING,b STRING,c STRUCT<result: STRING, errorMessage: STRING>,d STRING,e STRING,"
                + "f VARIANT,g STRING,h STRING,i STRING,j STRING,k INT,"
                + "l STRUCT<price: STRING, `the shop`: STRING>,m VARIANT,n FLOAT");
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
  void sendsUnknownEndpointsToTheDefaultModelIfToldSo() {
    SPARK.conf().set("spark.glm.unknown-endpoint", "default");
    try {
      String plan =
          SPARK
              .sql("EXPLAIN SELECT ai_query('databricks-gpt', body) FROM doc")
              .first()
              .getString(0);

      assertThat(plan).contains("max_tokens => 256, model => sample)");
    } finally {
      SPARK.conf().unset("spark.glm.unknown-endpoint");
    }
  }

  @Test
  void showsInThePlanWhatIsNotGreedyDecoding() {
    String plan =
        SPARK
            .sql(
                "EXPLAIN SELECT ai_query('sample', body, modelParameters => named_struct('top_p', 0.5,"
                    + " 'max_tokens', 20, 'temperature', 0.7, 'top_k', 0, 'stop', array('a', 'b')))"
                    + " FROM doc")
            .first()
            .getString(0);

    assertThat(plan)
        .contains("max_tokens => 20, temperature => 0.7, top_p => 0.5, stop => [a, b], model =>");
  }

  @Test
  void refusesSettingsThatNoModelHas() {
    for (Map.Entry<String, String> setting :
        Map.of(
                "spark.glm.models.sample.max-bach", "4",
                "spark.glm.kv-cache-type", "float17",
                "spark.glm.unknown-endpoint", "ignore",
                "spark.glm.models.other.threads", "2")
            .entrySet()) {
      SPARK.conf().set(setting.getKey(), setting.getValue());
      SPARK.conf().set("spark.glm.model", "sample");
      try {
        Throwable thrown =
            catchThrowable(
                () -> SPARK.sql("SELECT ai_gen(body), ai_query('other', body) FROM doc"));

        assertThat(thrown)
            .isInstanceOf(AiFunctionException.class)
            .hasMessageContaining(
                "[AI_FUNCTION_INVALID_SETTING] " + setting.getKey().replace("threads", "path"));
      } finally {
        SPARK.conf().unset(setting.getKey());
        SPARK.conf().unset("spark.glm.model");
      }
    }
  }

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
  void explainsThemselves() {
    for (SqlFunction function : SqlFunctions.all()) {
      List<Row> lines = SPARK.sql("DESCRIBE FUNCTION EXTENDED " + function.name()).collectAsList();

      String text = String.join("\n", lines.stream().map(line -> line.getString(0)).toList());
      assertThat(text)
          .contains("Function: " + function.name())
          .contains("Usage: " + function.name() + "(")
          .contains("> SELECT " + function.name() + "(");
      function.parameters().forEach(p -> assertThat(text).contains("* " + p.name() + " - "));
    }
  }
}
