package org.glmspark.transformer;

import java.util.function.IntConsumer;
import org.glmspark.kernel.Addition;
import org.glmspark.kernel.MatMul;
import org.glmspark.kernel.Q8Activations;
import org.glmspark.kernel.RmsNorm;
import org.glmspark.parallel.WorkerPool;
import org.glmspark.tensor.FloatMatrix;
import org.glmspark.tensor.StripMatrix;
import org.jspecify.annotations.Nullable;

/// The kernels that every layer needs, shared out over the workers: products by strips, the others
/// by rows.
final class Compute {
  private static final int ROWS_PER_ITEM = 8;
  private static final int GROUPS_PER_WORKER = 8;

  private final WorkerPool workers;
  private final MatMul matMul;
  private final Activations activations;

  Compute(WorkerPool workers, MatMul matMul, Activations activations) {
    this.workers = workers;
    this.matMul = matMul;
    this.activations = activations;
  }

  /// `out = weights · x`; for quantised weights `x` is rounded first, once for all of them.
  void multiply(FloatMatrix out, StripMatrix weights, FloatMatrix x) {
    if (!weights.type().isQuantized()) {
      forStrips(
          weights,
          (first, end, worker) ->
              matMul.apply(out, x, weights, first, end, activations.panels[worker]));
      return;
    }
    Q8Activations quantized = activations.quantized;
    matMul.prepare(quantized, x, weights.type());
    workers.forEach(x.rows(), (row, _) -> quantized.quantize(x, row));
    forStrips(
        weights,
        (first, end, worker) ->
            matMul.apply(out, quantized, weights, first, end, activations.panels[worker]));
  }

  /// A few neighbouring strips for one worker.
  @FunctionalInterface
  private interface StripTask {
    void run(int firstStrip, int endStrip, int worker);
  }

  /// Groups of strips, but smaller ones where there would be too few of them to share out evenly.
  private void forStrips(StripMatrix weights, StripTask task) {
    int strips = weights.strips();
    int group =
        Math.clamp(strips / (GROUPS_PER_WORKER * workers.threads()), 1, MatMul.GROUP_STRIPS);
    workers.forEach(
        Math.ceilDiv(strips, group),
        (item, worker) -> task.run(item * group, Math.min(strips, (item + 1) * group), worker));
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

  /// Any other loop.
  WorkerPool workers() {
    return workers;
  }
}
