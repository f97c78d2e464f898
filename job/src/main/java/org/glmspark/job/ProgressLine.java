package org.glmspark.job;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.glmspark.job.report.Work;

/// Says how far a run is, through all its Spark jobs: on a terminal that somebody watches one line
/// that is drawn again and again, elsewhere a line each minute.
final class ProgressLine implements AutoCloseable {
  private static final String BEGIN_AND_CLEAR = "\r\u001b[K";
  private static final Duration REDRAW = Duration.ofMillis(500);
  private static final Duration NEXT_LINE = Duration.ofMinutes(1);

  private final Terminal terminal;
  private final PrintWriter out;
  private final Supplier<Work> done;
  private final Work before;
  private final long rowsInAll;
  private final long started = System.nanoTime();
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("progress-line").factory());
  private boolean closed;

  private ProgressLine(Terminal terminal, PrintWriter out, Supplier<Work> done, long rowsInAll) {
    this.terminal = terminal;
    this.out = out;
    this.done = done;
    this.before = done.get();
    this.rowsInAll = rowsInAll;
  }

  /// Shows how far a run is from here on, until the line is closed.
  ///
  /// @param done what the run has done so far; asked on another thread
  /// @param rowsInAll rows that it is going to do
  static ProgressLine show(
      Terminal terminal, PrintWriter out, Supplier<Work> done, long rowsInAll) {
    var line = new ProgressLine(terminal, out, done, rowsInAll);
    if (terminal.interactive()) {
      line.draw();
    }
    long every = (terminal.interactive() ? REDRAW : NEXT_LINE).toMillis();
    var _ = line.clock.scheduleAtFixedRate(line::draw, every, every, TimeUnit.MILLISECONDS);
    return line;
  }

  private synchronized void draw() {
    if (closed) { // it was about to be drawn
      return;
    }
    Duration elapsed = Duration.ofNanos(System.nanoTime() - started);
    String text = text(done.get().minus(before), rowsInAll, elapsed);
    if (terminal.interactive()) {
      // a line that is as wide as the terminal could not be taken back
      out.print(BEGIN_AND_CLEAR + DisplayText.cut(text, Math.max(1, terminal.columns() - 1)));
    } else {
      out.println(text);
    }
    out.flush();
  }

  /// Takes the line away.
  @Override
  public synchronized void close() {
    closed = true;
    clock.shutdownNow();
    if (terminal.interactive()) {
      out.print(BEGIN_AND_CLEAR);
      out.flush();
    }
  }

  /// The line's text.
  ///
  /// @param elapsed since the run began; what is left takes as long for each row, on the average
  static String text(Work done, long rowsInAll, Duration elapsed) {
    long rows = Math.min(done.rows(), rowsInAll); // work done again is counted again
    double seconds = Math.max(1e-3, elapsed.toMillis() / 1e3);
    var text = new StringBuilder(String.format(Locale.ROOT, "%,d of %,d rows", rows, rowsInAll));
    if (done.promptTokens() > 0) {
      text.append(
          String.format(
              Locale.ROOT,
              "   %,d prompt + %,d completion tokens   %,.0f tokens/s",
              done.promptTokens(),
              done.completionTokens(),
              done.completionTokens() / seconds));
    }
    if (rows > 0) {
      long left = Math.round(seconds / rows * (rowsInAll - rows));
      text.append("   ").append(duration(left)).append(" left");
    }
    return text.toString();
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
