package org.glmspark.transformer;

import java.util.Arrays;
import org.glmspark.kernel.MatMul;
import org.glmspark.kernel.MatMulScratch;
import org.glmspark.kernel.Q8Activations;
import org.glmspark.parallel.WorkerPool;
import org.glmspark.tensor.FloatMatrix;
import org.glmspark.tensor.StripMatrix;

/// Matrix products, their strips shared out over the workers. One thread at a time may call.
public final class ParallelMatMul {
  private static final int GROUPS_PER_WORKER = 8;

  private final WorkerPool workers;
  private final MatMul matMul;

  /// The input of a product with quantised weights.
  private final Q8Activations quantized;

  /// By worker number.
  private final MatMulScratch[] scratch;

  /// @param maxRows most rows of activations
  /// @param maxColumns most columns of activations
  public ParallelMatMul(WorkerPool workers, MatMul matMul, int maxRows, int maxColumns) {
    this.workers = workers;
    this.matMul = matMul;
    this.quantized = new Q8Activations(maxRows, maxColumns, matMul.floats());
    this.scratch = new MatMulScratch[workers.threads()];
    Arrays.setAll(scratch, _ -> new MatMulScratch(maxRows));
  }

  /// `out = weights · x`; for quantised weights `x` is rounded first, once for all of them.
  public void multiply(FloatMatrix out, StripMatrix weights, FloatMatrix x) {
    if (!weights.type().isQuantized()) {
      forStrips(
          weights,
          (first, end, worker) -> matMul.apply(out, x, weights, first, end, scratch[worker]));
      return;
    }
    matMul.prepare(quantized, x, weights.type());
    workers.forEach(x.rows(), (row, _) -> quantized.quantize(x, row));
    forStrips(
        weights,
        (first, end, worker) -> matMul.apply(out, quantized, weights, first, end, scratch[worker]));
  }

  /// A few neighbouring strips for one worker.
  @FunctionalInterface
  private interface StripTask {
    void run(int firstStrip, int endStrip, int worker);
  }

  /// Groups of strips, but smaller ones where there would be too few of them to share out evenly.
  /// Kernels take two strips at once, so the number of them is even.
  private void forStrips(StripMatrix weights, StripTask task) {
    int strips = weights.strips();
    int pairs = strips / (2 * GROUPS_PER_WORKER * workers.threads());
    int group = 2 * Math.max(1, Math.min(pairs, MatMul.GROUP_STRIPS / 2));
    workers.forEach(
        Math.ceilDiv(strips, group),
        (item, worker) -> task.run(item * group, Math.min(strips, (item + 1) * group), worker));
  }
}
