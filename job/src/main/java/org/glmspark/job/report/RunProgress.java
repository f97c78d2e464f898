package org.glmspark.job.report;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.scheduler.TaskInfo;
import org.glmspark.udfs.RowProgress;
import org.jspecify.annotations.Nullable;
import scala.collection.Seq;
import scala.jdk.javaapi.CollectionConverters;

/// Follows a run through all its Spark jobs: how much is done, and what each executor did when.
///
/// Spark moves an accumulator's value when a task ends; what running tasks have counted comes with
/// the heartbeats. What a task did between two of them is taken as done evenly. A task that fails
/// takes back all it had counted.
///
/// Memory is bounded: as a run gets longer, so do the buckets of time, and a task that ended is
/// part of its executor's.
public final class RunProgress extends SparkListener {
  private static final int MOST_BUCKETS = 240;
  private static final long FIRST_BUCKET_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long MOST_WAIT_MILLIS = TimeUnit.SECONDS.toMillis(10);

  private final RowProgress counters;
  private final LongSupplier nanoTime;
  private final long started;
  private final Map<Long, Task> running = new HashMap<>();
  private final Map<String, Executor> executors = new LinkedHashMap<>();
  private long bucketNanos = FIRST_BUCKET_NANOS;
  private long lastWorkNanos;
  private Work ended = Work.NONE;

  private static final class Executor {
    final String host;
    final WorkSeries series = new WorkSeries();

    Executor(String host) {
      this.host = host;
    }
  }

  private static final class Task {
    final Executor executor;
    final WorkSeries series = new WorkSeries();
    Work counted = Work.NONE;
    long countedNanos;

    Task(Executor executor, long startNanos) {
      this.executor = executor;
      countedNanos = startNanos;
    }
  }

  /// @param counters what the tasks count with
  /// @param nanoTime a clock, as [System#nanoTime]; time 0 of the run is now
  RunProgress(RowProgress counters, LongSupplier nanoTime) {
    this.counters = counters;
    this.nanoTime = nanoTime;
    started = nanoTime.getAsLong();
  }

  /// Begins to follow a run.
  ///
  /// @param counters what the tasks of all its Spark jobs count with
  public static RunProgress follow(SparkContext spark, RowProgress counters) {
    var progress = new RunProgress(counters, System::nanoTime);
    spark.addSparkListener(progress);
    return progress;
  }

  /// Ends that, once what Spark has to tell of the jobs so far has arrived: listeners hear of it
  /// some time after the caller of a job.
  public void leave(SparkContext spark) {
    try {
      spark.listenerBus().waitUntilEmpty(MOST_WAIT_MILLIS);
    } catch (TimeoutException _) {
      // other jobs keep Spark busy, and the last moments of a curve are not worth more
    }
    spark.removeSparkListener(this);
  }

  @Override
  public synchronized void onTaskStart(SparkListenerTaskStart start) {
    TaskInfo task = start.taskInfo();
    Executor executor =
        executors.computeIfAbsent(task.executorId(), _ -> new Executor(task.host()));
    running.put(task.taskId(), new Task(executor, sinceStart()));
  }

  @Override
  public synchronized void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate heartbeat) {
    CollectionConverters.asJava(heartbeat.accumUpdates())
        .forEach(update -> count((Long) update._1(), update._4()));
  }

  @Override
  public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
    TaskInfo info = end.taskInfo();
    if (info.successful()) {
      count(info.taskId(), info.accumulables());
    }
    @Nullable Task task = running.remove(info.taskId());
    if (task != null && info.successful()) {
      task.executor.series.addAll(task.series);
      ended = ended.plus(task.counted);
    }
  }

  /// A heartbeat may come after its task has ended, and then counts for nothing.
  private void count(long id, Seq<AccumulableInfo> accumulators) {
    @Nullable Task task = running.get(id);
    if (task == null) {
      return;
    }
    Work counted =
        new Work(
            update(accumulators, counters.rows().id()),
            update(accumulators, counters.promptTokens().id()),
            update(accumulators, counters.completionTokens().id()));
    if (!counted.equals(task.counted)) {
      long now = sinceStart();
      while (now > MOST_BUCKETS * bucketNanos) {
        widenBuckets();
      }
      task.series.add(counted.minus(task.counted), task.countedNanos, now, bucketNanos);
      task.counted = counted;
      lastWorkNanos = now;
    }
    task.countedNanos = sinceStart();
  }

  private void widenBuckets() {
    bucketNanos *= 2;
    executors.values().forEach(executor -> executor.series.mergePairs());
    running.values().forEach(task -> task.series.mergePairs());
  }

  private static long update(Seq<AccumulableInfo> accumulators, long id) {
    for (AccumulableInfo accumulator : CollectionConverters.asJava(accumulators)) {
      if (accumulator.id() == id && accumulator.update().isDefined()) {
        return ((Number) accumulator.update().get()).longValue();
      }
    }
    return 0;
  }

  private long sinceStart() {
    return nanoTime.getAsLong() - started;
  }

  /// What the run has done so far, as far as it is known.
  public synchronized Work done() {
    return running.values().stream().map(task -> task.counted).reduce(ended, Work::plus);
  }

  /// What the executors did over time so far.
  public synchronized Throughput throughput() {
    int buckets = WorkSeries.buckets(lastWorkNanos, bucketNanos);
    List<Throughput.Executor> found = new ArrayList<>();
    executors.forEach((id, executor) -> {
      WorkSeries whole = new WorkSeries();
      whole.addAll(executor.series);
      running.values().stream()
          .filter(task -> task.executor == executor)
          .forEach(task -> whole.addAll(task.series));
      List<Work> series = IntStream.range(0, buckets).mapToObj(whole::bucket).toList();
      if (series.stream().anyMatch(work -> !work.equals(Work.NONE))) {
        found.add(
            new Throughput.Executor(
                id,
                executor.host,
                each(series, Work::rows),
                each(series, Work::promptTokens),
                each(series, Work::completionTokens)));
      }
    });
    return new Throughput(bucketNanos / 1e9, lastWorkNanos / 1e9, found);
  }

  private static List<Long> each(List<Work> series, ToLongFunction<Work> part) {
    return series.stream().map(part::applyAsLong).toList();
  }
}
