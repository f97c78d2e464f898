package org.glmspark.job;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import org.glmspark.udfs.distribution.ModelProgress;

/// Says that a model is being copied or packed: a bar where somebody watches, otherwise one line at
/// the end.
final class PackingLine implements ModelProgress {
  private static final String BEGIN_AND_CLEAR = "\r\u001b[K";
  private static final int BAR = 24;
  private static final long REDRAW_NANOSECONDS = 100_000_000;

  private final Terminal terminal;
  private final PrintWriter out;
  private long started;
  private long drawn;
  private boolean said;

  PackingLine(Terminal terminal, PrintWriter out) {
    this.terminal = terminal;
    this.out = out;
  }

  @Override
  public synchronized void waiting(Path target) {
    if (!said) { // the lock may be held by threads and then by processes
      said = true;
      out.println("waiting for another process that makes " + target);
      out.flush();
    }
  }

  @Override
  public synchronized void copied(Path target, long done, long all) {
    draw("copying", "copied", target, done, all);
  }

  @Override
  public synchronized void packed(Path target, long done, long all) {
    draw("packing", "packed", target, done, all);
  }

  private void draw(String doing, String did, Path target, long done, long all) {
    long now = System.nanoTime();
    if (done == 0) {
      started = now;
      drawn = now - REDRAW_NANOSECONDS;
    }
    Duration elapsed = Duration.ofNanos(now - started);
    if (done == all) {
      out.println((terminal.interactive() ? BEGIN_AND_CLEAR : "") + end(did, target, all, elapsed));
    } else if (terminal.interactive() && now - drawn >= REDRAW_NANOSECONDS) {
      drawn = now;
      out.print(BEGIN_AND_CLEAR + bar(doing, done, all, elapsed));
    }
    out.flush();
  }

  private static String end(String did, Path target, long bytes, Duration elapsed) {
    return String.format(
        Locale.ROOT,
        "%s the model: %s, %,d MB, %.1f s",
        did,
        target,
        Math.ceilDiv(bytes, 1_000_000),
        elapsed.toMillis() / 1e3);
  }

  /// `packing the model [######------------------] 26 %, 12 s left`.
  static String bar(String doing, long done, long all, Duration elapsed) {
    double share = (double) done / all;
    int filled = (int) (BAR * share);
    String text =
        String.format(
            Locale.ROOT,
            "%s the model [%s%s] %3.0f %%",
            doing,
            "#".repeat(filled),
            "-".repeat(BAR - filled),
            100 * share);
    return done == 0
        ? text
        : text
            + String.format(
                Locale.ROOT, ", %.0f s left", elapsed.toMillis() / 1e3 / share * (1 - share));
  }
}
