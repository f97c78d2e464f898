package org.glmspark.transformer;

import java.util.function.IntConsumer;
import org.glmspark.kernel.Addition;
import org.glmspark.kernel.RmsNorm;
import org.glmspark.parallel.WorkerPool;
import org.glmspark.tensor.FloatMatrix;
import org.glmspark.tensor.StripMatrix;
import org.jspecify.annotations.Nullable;

/// The kernels that every layer needs, shared out over the workers: products by strips, the others
/// by rows.
final class Compute {
  private static final int ROWS_PER_ITEM = 8;

  private final WorkerPool workers;
  private final ParallelMatMul products;
  private long productNanos;
  private long attentionNanos;

  Compute(WorkerPool workers, ParallelMatMul products) {
    this.workers = workers;
    this.products = products;
  }

  /// `out = weights · x`.
  void multiply(FloatMatrix out, StripMatrix weights, FloatMatrix x) {
    long start = System.nanoTime();
    products.multiply(out, weights, x);
    productNanos += System.nanoTime() - start;
  }

  /// `out = weights · x + bias`.
  void multiply(FloatMatrix out, StripMatrix weights, float @Nullable [] bias, FloatMatrix x) {
    multiply(out, weights, x);
    if (bias != null) {
      forRows(out.rows(), row -> Addition.apply(out, row, bias));
    }
  }

  void normalise(FloatMatrix out, FloatMatrix x, float[] weight, float epsilon) {
    forRows(x.rows(), row -> RmsNorm.apply(out, row, x, row, weight, epsilon));
  }

  void add(FloatMatrix x, FloatMatrix branch) {
    forRows(x.rows(), row -> Addition.apply(x, row, branch));
  }

  void forRows(int rows, IntConsumer task) {
    workers.forEach(
        Math.ceilDiv(rows, ROWS_PER_ITEM),
        (item, _) -> {
          int end = Math.min(rows, (item + 1) * ROWS_PER_ITEM);
          for (int row = item * ROWS_PER_ITEM; row < end; row++) {
            task.accept(row);
          }
        });
  }

  /// Time spent in products.
  long productNanos() {
    return productNanos;
  }

  /// Attention was computed, in so much time.
  void countAttention(long nanos) {
    attentionNanos += nanos;
  }

  /// Time spent in attention.
  long attentionNanos() {
    return attentionNanos;
  }

  /// Any other loop.
  WorkerPool workers() {
    return workers;
  }
}
