package org.glmspark.udfs;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.util.TaskCompletionListener;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.GenerationResult;
import org.glmspark.generation.RowError;
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
/// @param columns the shape of the results
/// @param inputColumns how many columns of a row are the input's
/// @param progress counts finished rows, or null
record GeneratePartition(
    Broadcast<ModelHandle> model,
    PromptSource prompt,
    SamplingParameters sampling,
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
    var completed = new CompletedRows(rows, engine, template);
    TaskContext.get().addTaskCompletionListener((TaskCompletionListener) _ -> completed.withdraw());
    return completed;
  }

  /// A row that was pulled and not yet given out.
  private sealed interface Pending {
    Row row();

    record Asked(Row row, CompletableFuture<GenerationResult> result) implements Pending {}

    record Refused(Row row, RowError error) implements Pending {}
  }

  /// Pulls rows ahead of the one it gives out, but only as many as the engine has use for.
  private final class CompletedRows implements Iterator<Row> {
    private final Iterator<Row> rows;
    private final GenerationEngine engine;
    private final ChatTemplate template;
    private final int maxBatch = model.value().options().maxBatch();
    private final Deque<Pending> pending = new ArrayDeque<>();

    CompletedRows(Iterator<Row> rows, GenerationEngine engine, ChatTemplate template) {
      this.rows = rows;
      this.engine = engine;
      this.template = template;
    }

    @Override
    public boolean hasNext() {
      pull();
      return !pending.isEmpty();
    }

    @Override
    public Row next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      Row completed = complete(pending.getFirst());
      pending.removeFirst();
      return completed;
    }

    /// Submits rows while the batch has a use for them. Twice the batch is enough to refill it
    /// while the oldest row is still running; a task without any row submits one whatever the
    /// others have queued.
    private void pull() {
      while (pending.size() < 2 * maxBatch
          && (pending.isEmpty() || engine.waiting() < maxBatch)
          && rows.hasNext()) {
        pending.addLast(ask(rows.next()));
      }
    }

    private Pending ask(Row row) {
      List<@Nullable String> texts = row.getList(inputColumns + 1);
      @Nullable RowError missing = prompt.missing(texts);
      if (missing != null) {
        return new Pending.Refused(row, missing);
      }
      List<String> present = texts.stream().map(Objects::requireNonNull).toList();
      int[] tokens = template.encode(prompt.messages(present));
      return new Pending.Asked(row, submit(new GenerationRequest(tokens, sampling), row));
    }

    private CompletableFuture<GenerationResult> submit(GenerationRequest request, Row row) {
      try {
        return engine.submit(request);
      } catch (IllegalStateException e) {
        throw engineFailed(row, e);
      }
    }

    private Row complete(Pending head) {
      String rowId = rowId(head.row());
      String digest = model.value().digest();
      return switch (head) {
        case Pending.Refused(Row row, RowError error) -> {
          count(0);
          yield columns.refused(row, inputColumns, error, rowId, digest);
        }
        case Pending.Asked(Row row, CompletableFuture<GenerationResult> future) -> {
          GenerationResult result = await(future, row);
          count(result.usage().completion());
          yield columns.completed(row, inputColumns, result, rowId, digest);
        }
      };
    }

    private GenerationResult await(CompletableFuture<GenerationResult> result, Row row) {
      try {
        return TaskWait.await(result, this::pull);
      } catch (ExecutionException e) {
        throw engineFailed(row, e.getCause());
      } catch (CancellationException e) { // somebody closed it
        throw engineFailed(row, e);
      }
    }

    /// Whatever the row was, the engine is of no more use to anybody: the next task opens another.
    private IllegalStateException engineFailed(Row row, @Nullable Throwable cause) {
      ExecutorEngines.discard(engine);
      return new IllegalStateException(
          "row '%s': the engine failed: %s".formatted(rowId(row), cause), cause);
    }

    private String rowId(Row row) {
      return row.getString(inputColumns);
    }

    private void count(long completionTokens) {
      if (progress != null) {
        progress.rows().add(1);
        progress.completionTokens().add(completionTokens);
      }
    }

    /// Takes back what the task still has in the engine; nothing when it ended well.
    void withdraw() {
      for (Pending row : pending) {
        if (row instanceof Pending.Asked(_, CompletableFuture<GenerationResult> result)) {
          result.cancel(true);
        }
      }
      pending.clear();
    }
  }
}
