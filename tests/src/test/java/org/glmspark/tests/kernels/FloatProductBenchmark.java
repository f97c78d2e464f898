package org.glmspark.tests.kernels;

import java.util.concurrent.TimeUnit;
import org.glmspark.kernel.KernelChoice;
import org.glmspark.kernel.MatMul;
import org.glmspark.kernel.MatMulScratch;
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

/// Float weights `[4096, 4096]` times some tokens: 34 million operations a token.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class FloatProductBenchmark {
  private static final int SIZE = 4096;

  @Param({"F32", "F16", "BF16"})
  public WeightType type = WeightType.F32;

  @Param({"1", "8", "64"})
  public int tokens = 1;

  private final MatMul matMul = MatMul.of(KernelChoice.VECTOR);
  private StripMatrix weights = RandomNumbers.weights(WeightType.F32, 1, 1);
  private FloatMatrix x = new FloatMatrix(1, 1);
  private FloatMatrix out = new FloatMatrix(1, 1);
  private MatMulScratch scratch = new MatMulScratch(1);

  @Setup
  public void prepare() {
    weights = RandomNumbers.weights(type, SIZE, SIZE);
    x = RandomNumbers.activations(tokens, SIZE);
    out = new FloatMatrix(tokens, SIZE);
    scratch = new MatMulScratch(tokens);
  }

  /// In groups of strips, as threads take them.
  @Benchmark
  public FloatMatrix multiply() {
    for (int strip = 0; strip < weights.strips(); strip += MatMul.GROUP_STRIPS) {
      int end = Math.min(weights.strips(), strip + MatMul.GROUP_STRIPS);
      matMul.apply(out, x, weights, strip, end, scratch);
    }
    return out;
  }
}
