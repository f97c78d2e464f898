package org.glmspark.udfs.function;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;
import org.glmspark.generation.GenerationResult;
import org.glmspark.generation.RowError;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.udfs.RowRequests;
import org.jspecify.annotations.Nullable;

/// Puts the row's text to the model as it stands: `ai_gen` and `ai_query`.
///
/// @param name in SQL
/// @param shape of the result
/// @param sampling how the model writes
/// @param format what form the answer must have, or null for any
record Query(String name, Shape shape, SamplingParameters sampling, @Nullable AnswerFormat format)
    implements RowFunction {
  private static final StructType WITH_ERROR =
      new StructType()
          .add("result", DataTypes.StringType)
          .add("errorMessage", DataTypes.StringType);

  /// What a row's value is.
  public enum Shape {
    /// The answer.
    TEXT,
    /// The answer or, instead, the error: `STRUCT<result: STRING, errorMessage: STRING>`.
    TEXT_AND_ERROR
  }

  @Override
  public DataType dataType() {
    return switch (shape) {
      case TEXT -> DataTypes.StringType;
      case TEXT_AND_ERROR -> WITH_ERROR;
    };
  }

  @Override
  public Map<String, String> options() {
    var options = new LinkedHashMap<>(ModelParameters.shown(sampling));
    if (format != null) {
      options.put("response_format", format.json());
    }
    return options;
  }

  @Override
  public CompletableFuture<RowAnswer> ask(RowRequests requests, List<String> inputs) {
    String prompt = inputs.getFirst();
    if (prompt.isBlank()) {
      return RowAnswer.noText();
    }
    return requests
        .generate(requests.model().prompt(prompt), sampling, format)
        .thenApply(this::answer);
  }

  private RowAnswer answer(GenerationResult result) {
    RowError error = result.error();
    if (error != null) {
      return new RowAnswer.Failed(error);
    }
    UTF8String text = UTF8String.fromString(result.text());
    return new RowAnswer.Value(
        switch (shape) {
          case TEXT -> text;
          case TEXT_AND_ERROR -> new GenericInternalRow(new @Nullable Object[] {text, null});
        });
  }

  @Override
  public @Nullable Object failed(RowError error) {
    return switch (shape) {
      case TEXT -> null;
      case TEXT_AND_ERROR ->
          new GenericInternalRow(
              new @Nullable Object[] {null, UTF8String.fromString(error.sentence())});
    };
  }
}
