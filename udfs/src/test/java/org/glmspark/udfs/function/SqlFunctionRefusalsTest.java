package org.glmspark.udfs.function;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.List;
import java.util.Map;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.SparkSession;
import org.glmspark.udfs.ExecutorEngines;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// What is refused in analysis, and with which condition.
class SqlFunctionRefusalsTest {
  private static final SparkSession SPARK = OneDocument.session();

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
}
