package org.glmspark.udfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.glmspark.generation.FinishReason;
import org.glmspark.generation.GenerationResult;
import org.glmspark.generation.RowError;
import org.glmspark.model.EngineVersion;
import org.glmspark.prompt.ToolCall;
import org.junit.jupiter.api.Test;

class ResultColumnsTest {
  private static final StructType INPUT = StructType.fromDDL("id STRING, Error_Count INT");
  private static final Row ROW = RowFactory.create("a", 3, "not of the input");

  private static final String RESULT =
      "completion STRING, finish_reason STRING, error STRING, tool_calls ARRAY<STRUCT<name: STRING,"
          + " arguments: STRING>>, usage STRUCT<prompt: INT, cached: INT, completion: INT>, timing"
          + " STRUCT<queue_ms: DOUBLE, prefill_ms: DOUBLE, decode_ms: DOUBLE>, lineage"
          + " STRUCT<row_id: STRING, request_id: STRING, model_digest: STRING, engine_version:"
          + " STRING>, long_text STRUCT<parts: INT, levels: INT, capped_parts: INT,"
          + " left_out_tokens: INT>";

  private static final GenerationResult STOPPED =
      new GenerationResult(
          "request",
          "Rain.",
          List.of(),
          List.of(5, 6),
          List.of(),
          FinishReason.STOP,
          null,
          new GenerationResult.Usage(40, 32, 2),
          new GenerationResult.Timing(0.5, 20, 30));

  @Test
  void followTheInputColumns() {
    assertThat(ResultColumns.plain().append(INPUT))
        .isEqualTo(StructType.fromDDL("id STRING, Error_Count INT, " + RESULT));
  }

  @Test
  void takeAPrefixOrStandInAStruct() {
    assertThat(ResultColumns.prefixed("ai_").append(INPUT).fieldNames())
        .containsExactly(
            "id",
            "Error_Count",
            "ai_completion",
            "ai_finish_reason",
            "ai_error",
            "ai_tool_calls",
            "ai_usage",
            "ai_timing",
            "ai_lineage",
            "ai_long_text");
    assertThat(ResultColumns.inStruct("ai").append(INPUT))
        .isEqualTo(
            StructType.fromDDL(
                "id STRING, Error_Count INT, ai STRUCT<"
                    + RESULT
                        .replace(" STRUCT<", ": STRUCT<")
                        .replace(" ARRAY<", ": ARRAY<")
                        .replace("completion STRING", "completion: STRING")
                        .replace("finish_reason STRING", "finish_reason: STRING")
                        .replace("error STRING", "error: STRING")
                    + ">"));
  }

  @Test
  void refuseANameTheInputHas() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ResultColumns.plain().append(StructType.fromDDL("id INT, Error STRING")))
        .withMessage(
            "result column 'error' is a column of the input already; "
                + "choose a prefix for the result columns, or one struct column to hold them");
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            ResultColumns.prefixed("error_c")
                .append(StructType.fromDDL("error_completion INT, error_CCompletion INT")))
        .withMessageContaining("'error_ccompletion'");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ResultColumns.inStruct("ID").append(INPUT))
        .withMessageContaining("'ID'");
  }

  @Test
  void areEitherPrefixedOrInAStruct() {
    assertThatIllegalArgumentException().isThrownBy(() -> new ResultColumns("ai_", "ai"));
    assertThatIllegalArgumentException().isThrownBy(() -> ResultColumns.inStruct(" "));
  }

  @Test
  void holdACompletion() {
    Row row = ResultColumns.plain().completed(ROW, 2, STOPPED, null, "a", "digest");

    assertThat(row)
        .isEqualTo(
            RowFactory.create(
                "a",
                3,
                "Rain.",
                "stop",
                null,
                null,
                RowFactory.create(40, 32, 2),
                RowFactory.create(0.5, 20.0, 30.0),
                RowFactory.create("a", "request", "digest", EngineVersion.current()),
                null));
  }

  @Test
  void holdTheCallsOfToolsInRowsThatSparkWrites() {
    var calling =
        new GenerationResult(
            "request",
            "",
            List.of(new ToolCall("weather", "{\"city\":\"Brizan\"}"), new ToolCall("time", "{}")),
            List.of(5),
            List.of(),
            FinishReason.STOP,
            null,
            STOPPED.usage(),
            STOPPED.timing());
    Row row = ResultColumns.plain().completed(ROW, 2, calling, null, "a", "digest");

    var schema = ResultColumns.plain().append(INPUT);
    var calls =
        LocalSpark.session()
            .createDataset(List.of(row), Encoders.row(schema))
            .selectExpr("tool_calls.name", "tool_calls.arguments")
            .first();

    assertThat(calls.getList(0)).isEqualTo(List.of("weather", "time"));
    assertThat(calls.getList(1)).isEqualTo(List.of("{\"city\":\"Brizan\"}", "{}"));
  }

  @Test
  void holdAnErrorInPlaceOfACompletion() {
    var tooLong = new RowError(RowError.Reason.PROMPT_TOO_LONG, "9121 tokens");
    var failed =
        new GenerationResult(
            "request",
            "",
            List.of(),
            List.of(),
            List.of(),
            FinishReason.ERROR,
            tooLong,
            new GenerationResult.Usage(9121, 0, 0),
            new GenerationResult.Timing(0, 0, 0));

    Row row =
        ResultColumns.inStruct("ai").completed(ROW, 2, failed, null, "a", "digest").getStruct(2);

    assertThat(row.get(0)).isNull();
    assertThat(row.getString(1)).isEqualTo("error");
    assertThat(row.getString(2)).isEqualTo("prompt too long: 9121 tokens");
    assertThat(row.getStruct(4)).isEqualTo(RowFactory.create(9121, 0, 0));
  }

  @Test
  void sayThatNothingWasAsked() {
    var noText = new RowError(RowError.Reason.NO_TEXT, "column 'body' is null");

    Row row = ResultColumns.plain().refused(ROW, 2, noText, "a", "digest");

    assertThat(row)
        .isEqualTo(
            RowFactory.create(
                "a",
                3,
                null,
                "error",
                "no text: column 'body' is null",
                null,
                RowFactory.create(0, 0, 0),
                RowFactory.create(0.0, 0.0, 0.0),
                RowFactory.create("a", null, "digest", EngineVersion.current()),
                null));
  }

  @Test
  void nameTheVersionTheBuildMade() {
    assertThat(EngineVersion.current()).matches("\\d+\\.\\d+.*");
  }
}
