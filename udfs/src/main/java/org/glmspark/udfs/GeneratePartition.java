package org.glmspark.udfs;

import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.GenerationResult;
import org.glmspark.generation.RowError;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.sampling.SamplingParameters;
import org.jspecify.annotations.Nullable;

/// Completes the rows of one partition, in their order, in the engine that all tasks of the
/// executor share.
///
/// A row that comes in has the input columns, then its row id, then an array with the texts of the
/// prompt's columns; a row that goes out has the input columns and the [ResultColumns].
///
/// @param model what to run
/// @param prompt what to ask about a row
/// @param sampling how to choose tokens and when to stop
/// @param format what form each answer must have; null for any text
/// @param columns the shape of the results
/// @param inputColumns how many columns of a row are the input's
/// @param progress counts what is done, or null
record GeneratePartition(
    Broadcast<ModelHandle> model,
    PromptSource prompt,
    SamplingParameters sampling,
    @Nullable AnswerFormat format,
    ResultColumns columns,
    int inputColumns,
    @Nullable RowProgress progress)
    implements MapPartitionsFunction<Row, Row> {

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    GenerationEngine engine = model.value().engine();
    if (progress != null) {
      progress.kernels().add(engine.kernels());
    }
    ChatTemplate template =
        Objects.requireNonNull(engine.model().chatTemplate()); // see ModelHandle
    return LookAhead.over(rows, List.of(engine), row -> ask(row, engine, template));
  }

  private LookAhead.PendingRow<Row> ask(Row row, GenerationEngine engine, ChatTemplate template) {
    List<@Nullable String> texts = row.getList(inputColumns + 1);
    @Nullable RowError missing = prompt.missing(texts);
    if (missing != null) {
      return new LookAhead.PendingRow<>(() -> name(row), List.of(), _ -> refused(row, missing));
    }
    List<String> present = texts.stream().map(Objects::requireNonNull).toList();
    int[] tokens = template.encode(prompt.messages(present));
    CompletableFuture<GenerationResult> result =
        LookAhead.Asked.submit(
            () -> submit(engine, new GenerationRequest(tokens, sampling, format)));
    return new LookAhead.PendingRow<>(
        () -> name(row),
        List.of(new LookAhead.Asked(engine, result)),
        _ -> completed(row, result.resultNow()));
  }

  private CompletableFuture<GenerationResult> submit(
      GenerationEngine engine, GenerationRequest request) {
    return progress == null ? engine.submit(request) : engine.submit(request, progress);
  }

  private Row refused(Row row, RowError error) {
    countRow();
    return columns.refused(row, inputColumns, error, rowId(row), model.value().digest());
  }

  private Row completed(Row row, GenerationResult result) {
    @Nullable RowError error = result.error();
    if (error != null) {
      InternalErrors.log(name(row), error);
    }
    countRow();
    return columns.completed(row, inputColumns, result, rowId(row), model.value().digest());
  }

  private String name(Row row) {
    return "row '%s'".formatted(rowId(row));
  }

  private String rowId(Row row) {
    return row.getString(inputColumns);
  }

  private void countRow() {
    if (progress != null) {
      progress.rows().add(1);
    }
  }
}
