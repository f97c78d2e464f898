package org.glmspark.tests.kernels;

import java.util.concurrent.TimeUnit;
import org.glmspark.kernel.KernelChoice;
import org.glmspark.kernel.MatMul;
import org.glmspark.kernel.MatMulScratch;
import org.glmspark.kernel.Q8Activations;
import org.glmspark.tensor.FloatMatrix;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.WeightType;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// Integer weights `[4096, 4096]` times some tokens, whose activations are rounded already: 34
/// million operations a token.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class QuantizedProductBenchmark {
  private static final int SIZE = 4096;

  /// AUTO is the fastest one of the machine.
  @Param({"AUTO", "VECTOR"})
  public KernelChoice kernels = KernelChoice.AUTO;

  @Param({"Q8", "Q4", "Q4M"})
  public WeightType type = WeightType.Q4;

  @Param({"1", "8", "64", "512"})
  public int tokens = 1;

  private MatMul matMul = MatMul.of(KernelChoice.VECTOR);
  private StripMatrix weights = RandomNumbers.weights(WeightType.F32, 1, 1);
  private Q8Activations activations = new Q8Activations(1, 1, null);
  private FloatMatrix out = new FloatMatrix(1, 1);
  private MatMulScratch scratch = new MatMulScratch(1);

  @Setup
  public void prepare() {
    matMul = MatMul.of(kernels);
    weights = RandomNumbers.weights(type, SIZE, SIZE);
    activations = new Q8Activations(tokens, SIZE, matMul.floats());
    FloatMatrix x = RandomNumbers.activations(tokens, SIZE);
    matMul.prepare(activations, x, type);
    for (int row = 0; row < tokens; row++) {
      activations.quantize(x, row);
    }
    out = new FloatMatrix(tokens, SIZE);
    scratch = new MatMulScratch(tokens);
  }

  /// In groups of strips, as threads take them.
  @Benchmark
  public FloatMatrix multiply() {
    for (int strip = 0; strip < weights.strips(); strip += MatMul.GROUP_STRIPS) {
      int end = Math.min(weights.strips(), strip + MatMul.GROUP_STRIPS);
      matMul.apply(out, activations, weights, strip, end, scratch);
    }
    return out;
  }
}
