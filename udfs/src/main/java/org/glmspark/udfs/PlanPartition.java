package org.glmspark.udfs;

import java.util.Arrays;
import java.util.Iterator;
import java.util.Spliterators;
import java.util.stream.StreamSupport;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.sampling.SamplingParameters;
import org.jspecify.annotations.Nullable;

/// Says of each row what it is going to ask, and how long that is, without asking.
///
/// Rows come in as in [GeneratePartition] and go out with the last four of the [PlanColumns].
///
/// @param model whose tokens are counted
/// @param prompt what to ask about a row
/// @param sampling how to choose tokens and when to stop
/// @param format what form each answer must have; null for any text
/// @param inputColumns how many columns of a row are the input's
record PlanPartition(
    Broadcast<ModelHandle> model,
    PromptSource prompt,
    SamplingParameters sampling,
    @Nullable AnswerFormat format,
    int inputColumns)
    implements MapPartitionsFunction<Row, Row> {
  /// As many tokens as a few blocks of the prefix cache: so many in common are worth being asked
  /// side by side.
  private static final int START_TOKENS = 64;

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    GenerationEngine engine = model.value().engine();
    var encoder = new PromptEncoder(engine, prompt, sampling, format);
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(rows, 0), false)
        .map(row -> plan(row, encoder.encode(row.getList(inputColumns + 1))))
        .iterator();
  }

  private Row plan(Row row, PromptEncoder.Encoded encoded) {
    return switch (encoded) {
      case PromptEncoder.Encoded.Refused(_) ->
          append(row, PlanColumns.nothingAsked(row.getString(inputColumns)), 0, 0, 0);
      case PromptEncoder.Encoded.TooLong(_, int promptTokens, String id) ->
          append(row, id, promptTokens, 0, 0);
      case PromptEncoder.Encoded.Request(GenerationRequest request, String id, _) ->
          append(
              row,
              id,
              request.promptTokens().length,
              (long) request.promptTokens().length + request.sampling().maxTokens(),
              start(request.promptTokens()));
      case PromptEncoder.Encoded.Document(LongDocument document, _, int[] prompt, String id) ->
          append(row, id, prompt.length, document.mostTokens(prompt.length), start(prompt));
    };
  }

  private static long start(int[] tokens) {
    long hash = 1;
    for (int i = 0; i < Math.min(START_TOKENS, tokens.length); i++) {
      hash = 0x9E3779B97F4A7C15L * (hash ^ tokens[i]);
    }
    return hash;
  }

  private static Row append(
      Row row, String request, int promptTokens, long mostTokens, long start) {
    @Nullable Object[] values = new Object[row.size() + 4];
    Arrays.setAll(values, i -> i < row.size() ? row.get(i) : null);
    values[row.size()] = request;
    values[row.size() + 1] = promptTokens;
    values[row.size() + 2] = mostTokens;
    values[row.size() + 3] = start;
    return RowFactory.create(values);
  }
}
