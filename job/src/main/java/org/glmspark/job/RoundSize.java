package org.glmspark.job;

import java.time.Duration;
import org.glmspark.job.options.OutputOptions;

/// How many requests a round takes: as many as the job says, or as many as take the time it says,
/// judged by the round before.
final class RoundSize {
  /// The driver deals the requests of a round, in its memory.
  private static final int MOST_REQUESTS = 100_000;

  /// Enough to judge by, and to be worth the start of the tasks.
  private static final int LEAST_REQUESTS = 512;

  private static final int FIRST_REQUESTS_OF_A_CORE = 64;

  private final boolean fixed;
  private final Duration time;
  private int next;

  /// @param cores of the cluster
  RoundSize(OutputOptions options, int cores) {
    fixed = options.roundRows() > 0;
    time = Duration.ofMinutes(options.roundMinutes());
    next =
        fixed
            ? Math.min(options.roundRows(), MOST_REQUESTS)
            : (int) bounded((long) FIRST_REQUESTS_OF_A_CORE * cores);
  }

  /// The most requests of the next round.
  int next() {
    return next;
  }

  /// Learns from a round.
  void took(int requests, Duration duration) {
    if (!fixed) {
      next = (int) bounded(requests * time.toMillis() / Math.max(1, duration.toMillis()));
    }
  }

  private static long bounded(long requests) {
    return Math.max(LEAST_REQUESTS, Math.min(requests, MOST_REQUESTS));
  }
}
