package org.glmspark.udfs;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;
import org.glmspark.generation.GenerationEngine;
import org.jspecify.annotations.Nullable;

/// The rows of one partition on their way through the engines of an executor, in their order.
///
/// Rows are pulled ahead of the one that is given out, but only as many as the engines have use
/// for; what a task leaves behind when it ends is withdrawn.
///
/// @param <I> a row that comes in
/// @param <O> a row that goes out
public final class LookAhead<I, O> implements Iterator<O> {
  private final Iterator<? extends I> rows;
  private final Collection<GenerationEngine> engines;
  private final Function<? super I, PendingRow<O>> ask;
  private final int mostPending;
  private final Deque<PendingRow<O>> pending = new ArrayDeque<>();

  private LookAhead(
      Iterator<? extends I> rows,
      Collection<GenerationEngine> engines,
      Function<? super I, PendingRow<O>> ask) {
    this.rows = rows;
    this.engines = List.copyOf(engines);
    this.ask = ask;
    this.mostPending =
        2 * this.engines.stream().mapToInt(e -> e.options().maxBatch()).max().orElse(1);
  }

  /// Sends the rows of the task that runs on this thread through engines.
  ///
  /// @param engines those that `ask` hands requests to
  /// @param ask submits what a row needs and says how it goes on from there; called once for each
  ///   row, on this thread
  public static <I, O> Iterator<O> over(
      Iterator<? extends I> rows,
      Collection<GenerationEngine> engines,
      Function<? super I, PendingRow<O>> ask) {
    var ahead = new LookAhead<I, O>(rows, engines, ask);
    TaskContext.get().addTaskCompletionListener((TaskCompletionListener) _ -> ahead.withdraw());
    return ahead;
  }

  /// Something asked of an engine.
  ///
  /// @param answer fails only if the engine does; cancelling it takes back what was asked
  public record Asked(GenerationEngine engine, Future<?> answer) {

    /// Submits a request; that the engine takes none is told by the answer, as if it had failed
    /// later.
    public static <T> CompletableFuture<T> submit(Supplier<CompletableFuture<T>> submission) {
      try {
        return submission.get();
      } catch (IllegalStateException e) {
        return CompletableFuture.failedFuture(e);
      }
    }
  }

  /// A row that was pulled and not yet given out.
  ///
  /// @param name says which row it is, for the message if an engine fails
  /// @param asked what it waits for
  /// @param finish makes the row that goes out, once all answers are there, from the nanoseconds
  ///   that the task waited for them
  /// @param <O> the row that goes out
  public record PendingRow<O>(Supplier<String> name, List<Asked> asked, LongFunction<O> finish) {}

  @Override
  public boolean hasNext() {
    pull();
    return !pending.isEmpty();
  }

  @Override
  public O next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    PendingRow<O> head = pending.getFirst();
    long start = System.nanoTime();
    for (Asked asked : head.asked()) {
      await(asked, head);
    }
    O finished = head.finish().apply(System.nanoTime() - start);
    pending.removeFirst();
    return finished;
  }

  /// Asks for rows while a batch has a use for them. Twice the batch is enough to refill it while
  /// the oldest row is still running; a task without any row asks for one whatever the others have
  /// queued.
  private void pull() {
    while (pending.size() < mostPending && (pending.isEmpty() || wanted()) && rows.hasNext()) {
      pending.addLast(ask.apply(rows.next()));
    }
  }

  private boolean wanted() {
    return engines.stream().anyMatch(engine -> engine.waiting() < engine.options().maxBatch());
  }

  private void await(Asked asked, PendingRow<O> row) {
    try {
      var _ = TaskWait.await(asked.answer(), this::pull);
    } catch (ExecutionException e) {
      throw engineFailed(asked.engine(), row, e.getCause());
    } catch (CancellationException e) { // somebody closed it
      throw engineFailed(asked.engine(), row, e);
    }
  }

  /// An engine that failed is of no more use to anybody: the next task opens another.
  private IllegalStateException engineFailed(
      GenerationEngine engine, PendingRow<O> row, @Nullable Throwable cause) {
    ExecutorEngines.discard(engine);
    return new IllegalStateException(
        "%s: the engine failed: %s".formatted(row.name().get(), cause), cause);
  }

  /// Takes back what the task still has in the engines; nothing when it ended well.
  private void withdraw() {
    for (PendingRow<O> row : pending) {
      row.asked().forEach(asked -> asked.answer().cancel(true));
    }
    pending.clear();
  }
}
