package org.glmspark.job.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// What the executors of a run did over time.
///
/// @param bucketSeconds the length of a bucket
/// @param seconds from the begin of the first bucket to the last work
/// @param executors those that did anything, in the order in which they began
public record Throughput(double bucketSeconds, double seconds, List<Executor> executors) {
  public Throughput {
    executors = List.copyOf(executors);
  }

  /// One executor; each list has an element for each bucket.
  ///
  /// @param id what Spark calls it
  /// @param host where it ran
  /// @param rows rows finished, failed ones among them
  /// @param promptTokens tokens of prompts computed, or found in a prefix cache
  /// @param completionTokens tokens drawn
  public record Executor(
      String id,
      String host,
      List<Long> rows,
      List<Long> promptTokens,
      List<Long> completionTokens) {
    public Executor {
      rows = List.copyOf(rows);
      promptTokens = List.copyOf(promptTokens);
      completionTokens = List.copyOf(completionTokens);
    }

    private long tokens() {
      return Stream.concat(promptTokens.stream(), completionTokens.stream())
          .mapToLong(Long::longValue)
          .sum();
    }
  }

  /// The executors that did most, the first one first, and the others taken together as one.
  ///
  /// @param most how many are kept apart
  List<Executor> largest(int most) {
    List<Executor> sorted =
        executors.stream().sorted(Comparator.comparingLong(Executor::tokens).reversed()).toList();
    if (sorted.size() <= most) {
      return sorted;
    }
    List<Executor> shown = new ArrayList<>(sorted.subList(0, most));
    List<Executor> rest = sorted.subList(most, sorted.size());
    shown.add(
        new Executor(
            String.format(Locale.ROOT, "%,d others", rest.size()),
            "",
            sums(rest, Executor::rows),
            sums(rest, Executor::promptTokens),
            sums(rest, Executor::completionTokens)));
    return shown;
  }

  private static List<Long> sums(List<Executor> of, Function<Executor, List<Long>> series) {
    return of.stream()
        .map(series)
        .reduce((a, b) -> IntStream.range(0, a.size()).mapToObj(i -> a.get(i) + b.get(i)).toList())
        .orElseThrow();
  }

  /// How many buckets there are.
  int buckets() {
    return (int) Math.ceil(seconds / bucketSeconds);
  }

  /// How much of a bucket is over when the last work is done.
  double bucketSeconds(int bucket) {
    return Math.min(bucketSeconds, seconds - bucket * bucketSeconds);
  }
}
