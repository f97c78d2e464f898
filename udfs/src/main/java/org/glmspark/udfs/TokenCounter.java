package org.glmspark.udfs;

import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.util.AccumulatorV2;

/// A sum that any thread of an executor may add to, as the engines' do. Spark's own accumulators
/// belong to the thread of a task.
public final class TokenCounter extends AccumulatorV2<Long, Long> {
  private static final long serialVersionUID = 1;

  private final AtomicLong sum = new AtomicLong();

  @Override
  public boolean isZero() {
    return sum.get() == 0;
  }

  @Override
  public TokenCounter copy() {
    var copy = new TokenCounter();
    copy.sum.set(sum.get());
    return copy;
  }

  @Override
  public void reset() {
    sum.set(0);
  }

  @Override
  public void add(Long tokens) {
    sum.addAndGet(tokens);
  }

  @Override
  public void merge(AccumulatorV2<Long, Long> other) {
    sum.addAndGet(other.value());
  }

  @Override
  public Long value() {
    return sum.get();
  }
}
