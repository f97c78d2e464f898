package org.glmspark.udfs;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.glmspark.generation.FinishReason;
import org.glmspark.generation.GenerationResult;
import org.glmspark.generation.RowError;
import org.glmspark.model.EngineVersion;
import org.glmspark.prompt.ToolCall;
import org.glmspark.sampling.TokenLogProbability;
import org.jspecify.annotations.Nullable;

/// The columns that a completion adds to a row, and how they are named.
///
/// | column | type | |
/// |---|---|---|
/// | `completion` | STRING | null if the row has an error |
/// | `finish_reason` | STRING | `stop`, `length` or `error` |
/// | `error` | STRING | a sentence, or null |
/// | `tool_calls` | ARRAY&lt;STRUCT&lt;name, arguments&gt;&gt; | null if the model called no tool |
/// | `usage` | STRUCT&lt;prompt, cached, completion&gt; | tokens |
/// | `timing` | STRUCT&lt;queue_ms, prefill_ms, decode_ms&gt; | milliseconds |
/// | `lineage` | STRUCT&lt;row_id, request_id, model_digest, engine_version&gt; | `request_id` is null if nothing was asked |
/// | `long_text` | STRUCT&lt;parts, levels, capped_parts, left_out_tokens&gt; | what was done to a text that was too long; null if it was not |
/// | `logprobs` | ARRAY&lt;STRUCT&lt;token_id, logprob, top_logprobs ARRAY&lt;STRUCT&lt;token_id, logprob&gt;&gt;&gt;&gt; | one element for each token of the completion, or none if the row asks for none; null if it has an error; only where asked for |
///
/// All but `timing` and `usage.cached` is the same whenever and wherever a row is completed.
///
/// @param prefix put before each name; empty for none
/// @param struct the name of one struct column that holds them all, or null if they stand side by
///   side
/// @param logProbabilities whether there is a column `logprobs`
public record ResultColumns(
    String prefix, @Nullable String struct, LogProbabilities logProbabilities)
    implements Serializable {

  /// Whether the log-probabilities of a completion's tokens are told.
  public enum LogProbabilities {
    OMITTED,
    TOLD
  }

  private static final StructType TOOL_CALL =
      new StructType().add("name", DataTypes.StringType).add("arguments", DataTypes.StringType);
  private static final StructType USAGE =
      new StructType()
          .add("prompt", DataTypes.IntegerType)
          .add("cached", DataTypes.IntegerType)
          .add("completion", DataTypes.IntegerType);
  private static final StructType TIMING =
      new StructType()
          .add("queue_ms", DataTypes.DoubleType)
          .add("prefill_ms", DataTypes.DoubleType)
          .add("decode_ms", DataTypes.DoubleType);
  private static final StructType LINEAGE =
      new StructType()
          .add("row_id", DataTypes.StringType)
          .add("request_id", DataTypes.StringType)
          .add("model_digest", DataTypes.StringType)
          .add("engine_version", DataTypes.StringType);
  private static final StructType LONG_TEXT =
      new StructType()
          .add("parts", DataTypes.IntegerType)
          .add("levels", DataTypes.IntegerType)
          .add("capped_parts", DataTypes.IntegerType)
          .add("left_out_tokens", DataTypes.IntegerType);
  private static final StructType RESULT =
      new StructType()
          .add("completion", DataTypes.StringType)
          .add("finish_reason", DataTypes.StringType)
          .add("error", DataTypes.StringType)
          .add("tool_calls", DataTypes.createArrayType(TOOL_CALL))
          .add("usage", USAGE)
          .add("timing", TIMING)
          .add("lineage", LINEAGE)
          .add("long_text", LONG_TEXT);
  private static final StructType ALTERNATIVE =
      new StructType().add("token_id", DataTypes.IntegerType).add("logprob", DataTypes.DoubleType);
  private static final StructType LOGPROB =
      ALTERNATIVE.add("top_logprobs", DataTypes.createArrayType(ALTERNATIVE));
  private static final StructType RESULT_AND_LOGPROBS =
      RESULT.add("logprobs", DataTypes.createArrayType(LOGPROB));

  public ResultColumns {
    if (struct != null && (struct.isBlank() || !prefix.isEmpty())) {
      throw new IllegalArgumentException(
          "result columns: prefix '%s' and struct column '%s', expected one of them"
              .formatted(prefix, struct));
    }
  }

  /// Those that are always there.
  public ResultColumns(String prefix, @Nullable String struct) {
    this(prefix, struct, LogProbabilities.OMITTED);
  }

  /// `completion`, `finish_reason`, ... beside the input columns.
  public static ResultColumns plain() {
    return new ResultColumns("", null);
  }

  /// The names of [#plain] with a prefix: `ai_completion`, `ai_finish_reason`, ...
  public static ResultColumns prefixed(String prefix) {
    return new ResultColumns(prefix, null);
  }

  /// One column that holds all of them: `name.completion`, `name.finish_reason`, ...
  public static ResultColumns inStruct(String name) {
    return new ResultColumns("", name);
  }

  /// The same and the column `logprobs`.
  public ResultColumns withLogProbabilities() {
    return new ResultColumns(prefix, struct, LogProbabilities.TOLD);
  }

  /// The input's columns and then the results'.
  ///
  /// @throws IllegalArgumentException if a result column has the name of an input column, letter
  ///   case aside
  public StructType append(StructType input) {
    StructType output = input;
    for (StructField field : fields()) {
      if (InputColumns.containsName(input, field.name())) {
        throw new IllegalArgumentException(
            ("result column '%s' is a column of the input already; "
                    + "choose a prefix for the result columns, or one struct column to hold them")
                .formatted(field.name()));
      }
      output = output.add(field);
    }
    return output;
  }

  /// The names of the columns, without prefix.
  public List<String> names() {
    return List.of(result().fieldNames());
  }

  private StructType result() {
    return tellsLogProbabilities() ? RESULT_AND_LOGPROBS : RESULT;
  }

  private List<StructField> fields() {
    StructType result = result();
    if (struct != null) {
      return List.of(DataTypes.createStructField(struct, result, true));
    }
    return Arrays.stream(result.fields())
        .map(field -> DataTypes.createStructField(prefix + field.name(), field.dataType(), true))
        .toList();
  }

  private boolean tellsLogProbabilities() {
    return logProbabilities == LogProbabilities.TOLD;
  }

  /// A row of [#append(StructType)] for a row that the model was asked about.
  ///
  /// @param row the input columns come first; what follows them is left out
  /// @param inputColumns how many they are
  /// @param longText what was done to a text that was too long, or null if it was not
  Row completed(
      Row row,
      int inputColumns,
      GenerationResult result,
      LongText.@Nullable Done longText,
      String rowId,
      String modelDigest) {
    @Nullable RowError error = result.error();
    return row(
        row,
        inputColumns,
        error == null ? result.text() : null,
        result.toolCalls(),
        result.finishReason(),
        error,
        result.usage(),
        result.timing(),
        RowFactory.create(rowId, result.requestId(), modelDigest, EngineVersion.current()),
        longText == null
            ? null
            : RowFactory.create(
                longText.parts(),
                longText.levels(),
                longText.cappedParts(),
                longText.leftOutTokens()),
        error == null ? logProbabilities(result.logProbabilities()) : null);
  }

  /// A row of [#append(StructType)] for a row that there was nothing to ask about.
  Row refused(Row row, int inputColumns, RowError error, String rowId, String modelDigest) {
    return row(
        row,
        inputColumns,
        null,
        List.of(),
        FinishReason.ERROR,
        error,
        new GenerationResult.Usage(0, 0, 0),
        new GenerationResult.Timing(0, 0, 0),
        RowFactory.create(rowId, null, modelDigest, EngineVersion.current()),
        null,
        null);
  }

  private static Row @Nullable [] toolCalls(List<ToolCall> calls) {
    return calls.isEmpty()
        ? null
        : calls.stream()
            .map(call -> RowFactory.create(call.name(), call.arguments()))
            .toArray(Row[]::new);
  }

  private static Row[] logProbabilities(List<TokenLogProbability> tokens) {
    return tokens.stream()
        .map(token ->
            RowFactory.create(
                token.token(), token.logProbability(), alternatives(token.mostProbable())))
        .toArray(Row[]::new);
  }

  private static Row[] alternatives(List<TokenLogProbability.Alternative> tokens) {
    return tokens.stream()
        .map(token -> RowFactory.create(token.token(), token.logProbability()))
        .toArray(Row[]::new);
  }

  private Row row(
      Row row,
      int inputColumns,
      @Nullable String completion,
      List<ToolCall> toolCalls,
      FinishReason finishReason,
      @Nullable RowError error,
      GenerationResult.Usage usage,
      GenerationResult.Timing timing,
      Row lineage,
      @Nullable Row longText,
      Row @Nullable [] logProbabilities) {
    @Nullable Object[] always = {
      completion,
      finishReason.name().toLowerCase(Locale.ROOT),
      error == null ? null : error.sentence(),
      toolCalls(toolCalls),
      RowFactory.create(usage.prompt(), usage.cached(), usage.completion()),
      RowFactory.create(timing.queueMillis(), timing.prefillMillis(), timing.decodeMillis()),
      lineage,
      longText
    };
    @Nullable Object[] result = always;
    if (tellsLogProbabilities()) {
      result = Arrays.copyOf(always, always.length + 1);
      result[always.length] = logProbabilities;
    }
    @Nullable Object[] appended =
        struct == null ? result : new Object[] {RowFactory.create(result)};
    @Nullable Object[] values = new Object[inputColumns + appended.length];
    for (int i = 0; i < inputColumns; i++) {
      values[i] = row.get(i);
    }
    System.arraycopy(appended, 0, values, inputColumns, appended.length);
    return RowFactory.create(values);
  }
}
