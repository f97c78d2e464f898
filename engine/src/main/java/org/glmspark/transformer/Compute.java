package org.glmspark.transformer;

import java.util.function.IntConsumer;
import org.glmspark.kernel.Addition;
import org.glmspark.kernel.RmsNorm;
import org.glmspark.kernel.SwiGlu;
import org.glmspark.kernel.x86.FloatKernels;
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
  private final @Nullable FloatKernels assembled;
  private long productNanos;
  private long attentionNanos;

  /// @param assembled or null if there is none
  Compute(WorkerPool workers, ParallelMatMul products, @Nullable FloatKernels assembled) {
    this.workers = workers;
    this.assembled = assembled;
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
      forRows(out.rows(), row -> Addition.apply(out, row, bias, assembled));
    }
  }

  void normalise(FloatMatrix out, FloatMatrix x, float[] weight, float epsilon) {
    forRows(x.rows(), row -> normalise(out, row, x, row, weight, epsilon));
  }

  /// One row alone.
  void normalise(
      FloatMatrix out, int outRow, FloatMatrix x, int row, float[] weight, float epsilon) {
    RmsNorm.apply(out, outRow, x, row, weight, epsilon, assembled);
  }

  void activate(FloatMatrix out, FloatMatrix gateUp) {
    forRows(out.rows(), row -> SwiGlu.apply(out, gateUp, row, assembled));
  }

  void add(FloatMatrix x, FloatMatrix branch) {
    forRows(x.rows(), row -> Addition.apply(x, row, branch, assembled));
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

  /// The assembled loops of other kernels, or null if there are none.
  @Nullable FloatKernels assembled() {
    return assembled;
  }

  /// Any other loop.
  WorkerPool workers() {
    return workers;
  }
}
