package org.glmspark.job.report;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/// What was done over time, in buckets of one length. Buckets in which nothing was done take no
/// memory.
final class WorkSeries {
  private SortedMap<Integer, Work> buckets = new TreeMap<>();

  /// Adds work that was done evenly from one moment to another.
  ///
  /// @param from nanoseconds since the first bucket began
  /// @param to nanoseconds since then, not before `from`
  void add(Work work, long from, long to, long bucketNanos) {
    int last = buckets(Math.max(to, 1), bucketNanos) - 1; // what ends with a bucket is part of it
    Work before = Work.NONE;
    int first = Math.min(Math.toIntExact(from / bucketNanos), last);
    for (int bucket = first; bucket <= last; bucket++) {
      double share = ((bucket + 1.0) * bucketNanos - from) / (to - from);
      Work until = bucket == last ? work : work.part(share);
      add(bucket, until.minus(before));
      before = until;
    }
  }

  /// How many buckets there are until a moment.
  static int buckets(long nanos, long bucketNanos) {
    return Math.toIntExact(Math.ceilDiv(nanos, bucketNanos));
  }

  void addAll(WorkSeries other) {
    other.buckets.forEach(this::add);
  }

  private void add(int bucket, Work work) {
    if (!work.equals(Work.NONE)) {
      buckets.merge(bucket, work, Work::plus);
    }
  }

  /// Makes one bucket of each two.
  void mergePairs() {
    SortedMap<Integer, Work> pairs = new TreeMap<>();
    for (Map.Entry<Integer, Work> bucket : buckets.entrySet()) {
      pairs.merge(bucket.getKey() / 2, bucket.getValue(), Work::plus);
    }
    buckets = pairs;
  }

  Work bucket(int bucket) {
    return buckets.getOrDefault(bucket, Work.NONE);
  }
}
