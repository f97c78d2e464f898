package org.glmspark.bench;

import java.util.function.Supplier;

/// What a measured stretch of work did, and how long it took at best.
///
/// @param tokens computed
/// @param seconds it took
/// @param operations multiplications and additions of matrix products and attention
/// @param readBytes weights, keys and values that had to be read, once for each step
public record Phase(long tokens, double seconds, double operations, double readBytes) {
  private static final int LEAST_RUNS = 3;
  private static final long LEAST_NANOS = 1_000_000_000;

  public double tokensPerSecond() {
    return tokens / seconds;
  }

  public double operationsPerSecond() {
    return operations / seconds;
  }

  public double readBytesPerSecond() {
    return readBytes / seconds;
  }

  /// The quickest of several runs: at least three, and as many as take a second, since code that
  /// has just started is not compiled yet.
  static Phase best(Supplier<Phase> run) {
    long start = System.nanoTime();
    Phase best = run.get();
    for (int runs = 1; runs < LEAST_RUNS || System.nanoTime() - start < LEAST_NANOS; runs++) {
      Phase next = run.get();
      best = next.seconds < best.seconds ? next : best;
    }
    return best;
  }
}
