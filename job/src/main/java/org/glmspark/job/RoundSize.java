package org.glmspark.job;

import java.time.Duration;
import java.util.List;
import org.glmspark.job.options.OutputOptions;

/// How many requests a round takes: as many as the job says, or as many as take the time it says,
/// judged by the tokens of their prompts and by the round before.
final class RoundSize {
  /// The driver deals the requests of a round, in its memory.
  static final int MOST_REQUESTS = 100_000;

  /// A few minutes' work for a large model.
  private static final long FIRST_COST_OF_A_CORE = 16_384;

  private final int fixed;
  private final int cores;
  private final Duration time;
  private long cost;

  /// @param cores of the cluster
  RoundSize(OutputOptions options, int cores) {
    this.fixed = options.roundRows();
    this.cores = cores;
    this.time = Duration.ofMinutes(options.roundMinutes());
    this.cost = FIRST_COST_OF_A_CORE * cores;
  }

  /// The first of some requests, as many as the next round takes: if the job does not say, one for
  /// each core at least.
  ///
  /// @param requests at most [#MOST_REQUESTS]
  List<RoundPlan.Request> take(List<RoundPlan.Request> requests) {
    if (fixed > 0) {
      return requests.subList(0, Math.min(fixed, requests.size()));
    }
    int taken = 0;
    long left = cost;
    while (taken < requests.size() && (taken < cores || requests.get(taken).cost() <= left)) {
      left -= requests.get(taken).cost();
      taken++;
    }
    return requests.subList(0, taken);
  }

  /// Learns from a round.
  void took(List<RoundPlan.Request> requests, Duration duration) {
    long done = requests.stream().mapToLong(RoundPlan.Request::cost).sum();
    cost = Math.max(1, done * time.toMillis() / Math.max(1, duration.toMillis()));
  }
}
