package org.glmspark.udfs;

import java.time.Instant;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.GenerationResult;
import org.glmspark.generation.RowError;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.sampling.SamplingParameters;
import org.jspecify.annotations.Nullable;

/// Completes the rows of one partition, in their order, in the engine that all tasks of the
/// executor share.
///
/// A row that comes in has the input columns, then its row id, then an array with the texts of the
/// prompt's columns, then whatever a plan adds; a row that goes out has the input columns and the
/// [ResultColumns]. Of rows side by side that ask the same, one is generated.
///
/// @param model what to run
/// @param prompt what to ask about a row
/// @param sampling how to choose tokens and when to stop
/// @param format what form each answer must have; null for any text
/// @param columns the shape of the results
/// @param inputColumns how many columns of a row are the input's
/// @param progress counts what is done, or null
/// @param deadline from when on no more rows are begun, or null for never; those that are not, do
///   not go out
record GeneratePartition(
    Broadcast<ModelHandle> model,
    PromptSource prompt,
    SamplingParameters sampling,
    @Nullable AnswerFormat format,
    ResultColumns columns,
    int inputColumns,
    @Nullable RowProgress progress,
    @Nullable Instant deadline)
    implements MapPartitionsFunction<Row, Row> {

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    GenerationEngine engine = model.value().engine();
    if (progress != null) {
      progress.kernels().add(engine.kernels());
    }
    Iterator<Row> begun = deadline == null ? rows : new RowsUntil(rows, deadline);
    return LookAhead.over(begun, List.of(engine), new Asking(engine)::ask);
  }

  /// The requests of the partition.
  private final class Asking {
    private final GenerationEngine engine;
    private final OpenModel opened;
    private final PromptEncoder encoder;
    private @Nullable Request last;

    Asking(GenerationEngine engine) {
      this.engine = engine;
      this.opened = OpenModel.of(engine);
      this.encoder = new PromptEncoder(engine, prompt, sampling, format);
    }

    /// A request that is under way, or done.
    ///
    /// @param answer cancelling it takes the request back
    /// @param outcome what came of it, once it is done
    private record Request(String id, Future<?> answer, Supplier<LongDocument.Outcome> outcome) {}

    LookAhead.PendingRow<Row> ask(Row row) {
      return switch (encoder.encode(row.getList(inputColumns + 1))) {
        case PromptEncoder.Encoded.Refused(RowError error) ->
            new LookAhead.PendingRow<>(() -> name(row), List.of(), _ -> refused(row, error));
        case PromptEncoder.Encoded.TooLong(RowError error, int promptTokens, String id) -> {
          GenerationResult result = GenerationResult.refused(id, promptTokens, error);
          yield new LookAhead.PendingRow<>(
              () -> name(row), List.of(), _ -> completed(row, result, null));
        }
        case PromptEncoder.Encoded.Request(GenerationRequest request, String id, int leftOut) ->
            ask(row, id, leftOut, () -> ask(request, id));
        case PromptEncoder.Encoded.Document(var document, String text, _, String id) ->
            ask(row, id, 0, () -> ask(document, text, id));
      };
    }

    private Request ask(GenerationRequest request, String id) {
      CompletableFuture<GenerationResult> answer =
          LookAhead.Asked.submit(() -> submit(engine, request));
      return new Request(id, answer, () -> LongDocument.Outcome.ofWhole(answer.resultNow()));
    }

    /// Its requests are withdrawn together. Those that this executor has answered already are not
    /// asked again: a task that is tried a second time goes on where the first one ended.
    private Request ask(LongDocument document, String text, String id) {
      var requests = new RowRequests(opened, AnswerCache.ofExecutor(), progress);
      CompletableFuture<LongDocument.Outcome> answer =
          requests.withdrawnIfCancelled(document.answer(text, requests::generate));
      return new Request(id, answer, answer::resultNow);
    }

    private LookAhead.PendingRow<Row> ask(
        Row row, String id, int leftOutTokens, Supplier<Request> ask) {
      boolean repeated = last != null && last.id().equals(id);
      if (!repeated) {
        last = ask.get();
      }
      Request asked = Objects.requireNonNull(last);
      return new LookAhead.PendingRow<>(
          () -> name(row),
          List.of(new LookAhead.Asked(engine, asked.answer())),
          _ -> {
            LongDocument.Outcome outcome = asked.outcome().get();
            GenerationResult result = outcome.result().withRequestId(id);
            return completed(
                row, repeated ? result.repeated() : result, done(outcome, leftOutTokens));
          });
    }

    private static LongText.@Nullable Done done(LongDocument.Outcome outcome, int leftOutTokens) {
      return outcome.parts() == 0 && leftOutTokens == 0
          ? null
          : new LongText.Done(
              outcome.parts(),
              outcome.levels(),
              outcome.cappedParts(),
              leftOutTokens + outcome.silentTokens());
    }
  }

  private CompletableFuture<GenerationResult> submit(
      GenerationEngine engine, GenerationRequest request) {
    return progress == null ? engine.submit(request) : engine.submit(request, progress);
  }

  private Row refused(Row row, RowError error) {
    countRow();
    return columns.refused(row, inputColumns, error, rowId(row), model.value().digest());
  }

  private Row completed(Row row, GenerationResult result, LongText.@Nullable Done longText) {
    @Nullable RowError error = result.error();
    if (error != null) {
      InternalErrors.log(name(row), error);
    }
    countRow();
    return columns.completed(
        row, inputColumns, result, longText, rowId(row), model.value().digest());
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
