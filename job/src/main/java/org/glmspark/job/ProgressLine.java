package org.glmspark.job;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.glmspark.udfs.RowProgress;
import scala.collection.Seq;
import scala.jdk.javaapi.CollectionConverters;

/// One line on a terminal that says how far a run is, drawn again at each heartbeat of an executor.
///
/// Spark moves an accumulator's value when a task ends; what running tasks have counted comes with
/// the heartbeats. The line adds up both. A task that failed counts no more.
final class ProgressLine extends SparkListener {
  private static final String BEGIN_AND_CLEAR = "\r\u001b[K";

  private final RowProgress progress;
  private final long rowsInAll;
  private final PrintWriter terminal;
  private final long started = System.nanoTime();
  private final Map<Long, Counted> byTask = new HashMap<>();
  private boolean cleared;

  /// What one task has done.
  record Counted(long rows, long completionTokens) {
    Counted plus(Counted other) {
      return new Counted(rows + other.rows, completionTokens + other.completionTokens);
    }
  }

  /// @param progress what the tasks count with
  /// @param rowsInAll rows of the input
  ProgressLine(RowProgress progress, long rowsInAll, PrintWriter terminal) {
    this.progress = progress;
    this.rowsInAll = rowsInAll;
    this.terminal = terminal;
  }

  /// What takes the time.
  interface Work {
    void run() throws IOException;
  }

  /// Shows the line while some work is done, and then takes it away.
  void drawWhile(SparkContext spark, Work work) throws IOException {
    spark.addSparkListener(this);
    draw();
    try {
      work.run();
    } finally {
      spark.removeSparkListener(this);
      clear();
    }
  }

  @Override
  public void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate heartbeat) {
    CollectionConverters.asJava(heartbeat.accumUpdates())
        .forEach(task -> count((Long) task._1(), task._4()));
    draw();
  }

  @Override
  public void onTaskEnd(SparkListenerTaskEnd end) {
    if (end.taskInfo().successful()) {
      count(end.taskInfo().taskId(), end.taskInfo().accumulables());
    } else {
      forget(end.taskInfo().taskId());
    }
    draw();
  }

  private synchronized void count(long task, Seq<AccumulableInfo> accumulators) {
    long rows = update(accumulators, progress.rows().id());
    long tokens = update(accumulators, progress.completionTokens().id());
    if (rows > 0 || tokens > 0) {
      byTask.put(task, new Counted(rows, tokens));
    }
  }

  private synchronized void forget(long task) {
    byTask.remove(task);
  }

  private static long update(Seq<AccumulableInfo> accumulators, long id) {
    for (AccumulableInfo accumulator : CollectionConverters.asJava(accumulators)) {
      if (accumulator.id() == id && accumulator.update().isDefined()) {
        return ((Number) accumulator.update().get()).longValue();
      }
    }
    return 0;
  }

  private synchronized void clear() {
    cleared = true;
    terminal.print(BEGIN_AND_CLEAR);
    terminal.flush();
  }

  private synchronized void draw() {
    if (cleared) { // a heartbeat was on its way
      return;
    }
    Counted counted = byTask.values().stream().reduce(new Counted(0, 0), Counted::plus);
    Duration elapsed = Duration.ofNanos(System.nanoTime() - started);
    terminal.print(BEGIN_AND_CLEAR + text(counted, rowsInAll, elapsed));
    terminal.flush();
  }

  /// The line's text.
  ///
  /// @param elapsed since the run began; what is left takes as long for each row, on the average
  static String text(Counted counted, long rowsInAll, Duration elapsed) {
    long rows = Math.min(counted.rows(), rowsInAll); // work done again is counted again
    String done = String.format(Locale.ROOT, "%,d of %,d rows", rows, rowsInAll);
    if (rows == 0) {
      return done;
    }
    double seconds = Math.max(1e-3, elapsed.toMillis() / 1e3);
    long left = Math.round(seconds / rows * (rowsInAll - rows));
    return done
        + String.format(Locale.ROOT, "   %,.0f tokens/s   ", counted.completionTokens() / seconds)
        + duration(left)
        + " left";
  }

  private static String duration(long seconds) {
    if (seconds < 60) {
      return seconds + " s";
    }
    return seconds < 3600
        ? "%d min %d s".formatted(seconds / 60, seconds % 60)
        : "%d h %d min".formatted(seconds / 3600, seconds % 3600 / 60);
  }
}
