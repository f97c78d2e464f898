package org.glmspark.udfs;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.apache.spark.SparkEnv;
import org.jspecify.annotations.Nullable;

/// Answers of models, by what they depend on: equal requests of this executor are computed once,
/// whether the first is still under way or done. An answer is a function of its request, so which
/// one of two equal requests was computed cannot be seen.
///
/// Bounded by bytes; those not asked for the longest time go first.
public final class AnswerCache {
  /// `spark.glm.result-cache-bytes`: how much of an executor's heap answers may fill; 0 keeps none,
  /// and joins only requests that are under way.
  private static final String MOST_BYTES = "spark.glm.result-cache-bytes";

  private static final long STANDARD_BYTES = 64L << 20;
  private static final AnswerCache OF_EXECUTOR = new AnswerCache(configuredBytes());

  private final long mostBytes;

  /// In the order of last use.
  private final Map<String, Entry<?>> entries = new LinkedHashMap<>(16, 0.75f, true);

  private long bytes;
  private long asked;
  private long computed;

  AnswerCache(long mostBytes) {
    this.mostBytes = mostBytes;
  }

  /// The one of this JVM.
  public static AnswerCache ofExecutor() {
    return OF_EXECUTOR;
  }

  private static long configuredBytes() {
    @Nullable SparkEnv environment = SparkEnv.get(); // null outside Spark
    return environment == null
        ? STANDARD_BYTES
        : environment.conf().getSizeAsBytes(MOST_BYTES, STANDARD_BYTES + "b");
  }

  /// A request that somebody waits for.
  private static final class Entry<T> {
    final CompletableFuture<T> answer;
    int waiting;
    long bytes;

    Entry(CompletableFuture<T> answer) {
      this.answer = answer;
    }
  }

  /// An answer that may be shared. Cancelling it withdraws the request if nobody else waits for it.
  public final class Shared<T> extends CompletableFuture<T> {
    private final String key;
    private final Entry<T> entry;
    private final boolean repeated;

    private Shared(String key, Entry<T> entry, boolean repeated) {
      this.key = key;
      this.entry = entry;
      this.repeated = repeated;
    }

    /// Whether somebody had asked the same before.
    public boolean repeated() {
      return repeated;
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      if (completeExceptionally(new CancellationException())) { // only the first call leaves
        leave(key, entry);
      }
      return isCancelled();
    }
  }

  /// The answer to a request.
  ///
  /// @param key everything the answer depends on
  /// @param size of an answer in bytes
  /// @param submission asks an engine, if the answer is not known
  public <T> Shared<T> answer(
      String key, ToLongFunction<? super T> size, Supplier<CompletableFuture<T>> submission) {
    Shared<T> shared;
    synchronized (this) {
      asked++;
      @SuppressWarnings("unchecked") // a key says what kind of request it is
      @Nullable Entry<T> known = (Entry<T>) entries.get(key);
      Entry<T> entry = known == null ? enter(key, submission.get()) : known;
      entry.waiting++;
      shared = new Shared<>(key, entry, known != null);
    }
    if (!shared.repeated()) {
      var _ =
          shared.entry.answer.whenComplete((value, failure) -> {
            if (failure == null) {
              keep(key, shared.entry, size.applyAsLong(value));
            } else {
              forget(key, shared.entry);
            }
          });
    }
    var _ =
        shared.entry.answer.whenComplete((value, failure) -> {
          if (failure == null) {
            shared.complete(value);
          } else {
            shared.completeExceptionally(failure);
          }
        });
    return shared;
  }

  private <T> Entry<T> enter(String key, CompletableFuture<T> answer) {
    var entry = new Entry<>(answer);
    entries.put(key, entry);
    computed++;
    return entry;
  }

  private synchronized void keep(String key, Entry<?> entry, long size) {
    if (entries.get(key) != entry) {
      return; // withdrawn while it was completed
    }
    entry.bytes = size;
    bytes += size;
    Iterator<Entry<?>> eldest = entries.values().iterator();
    while (bytes > mostBytes && eldest.hasNext()) {
      Entry<?> next = eldest.next();
      if (next.answer.isDone()) {
        bytes -= next.bytes;
        eldest.remove();
      }
    }
  }

  private synchronized void forget(String key, Entry<?> entry) {
    if (entries.remove(key, entry)) {
      bytes -= entry.bytes;
    }
  }

  private void leave(String key, Entry<?> entry) {
    synchronized (this) {
      entry.waiting--;
      if (entry.waiting > 0 || entry.answer.isDone()) {
        return;
      }
      forget(key, entry); // before the cancellation: nobody must join a request that ends
    }
    entry.answer.cancel(true);
  }

  /// How many answers were asked for so far.
  public synchronized long asked() {
    return asked;
  }

  /// How many requests were handed to engines so far.
  public synchronized long computed() {
    return computed;
  }

  /// Forgets all answers that are done.
  public synchronized void clear() {
    entries.values().removeIf(entry -> entry.answer.isDone());
    bytes = 0;
  }
}
