package org.glmspark.tests.kernels;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.glmspark.kernel.KernelChoice;
import org.glmspark.kernel.LogSumExp;
import org.glmspark.kernel.MatMul;
import org.glmspark.kernel.Q8Activations;
import org.glmspark.kernel.RmsNorm;
import org.glmspark.kernel.RotaryEmbedding;
import org.glmspark.kernel.SwiGlu;
import org.glmspark.kernel.x86.FloatKernels;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.ModelShape;
import org.glmspark.tensor.FloatMatrix;
import org.glmspark.tensor.WeightType;
import org.jspecify.annotations.Nullable;
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

/// What is computed for one token besides products and attention.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class RowKernelsBenchmark {
  private final ModelConfig config = ModelShape.GLM_4_9B.config();
  private final FloatMatrix hidden = RandomNumbers.activations(1, config.hiddenSize());
  private final FloatMatrix normed = new FloatMatrix(1, config.hiddenSize());
  private final float[] gain = new float[config.hiddenSize()];
  private final FloatMatrix gateUp = RandomNumbers.activations(1, 2 * config.feedForwardSize());
  private final FloatMatrix gated = new FloatMatrix(1, config.feedForwardSize());
  private final FloatMatrix heads = RandomNumbers.activations(1, config.queryKeyValueRows());
  private final RotaryEmbedding rope =
      new RotaryEmbedding(config.rope().frequencies(), config.rope().amplitude());
  private final FloatMatrix angles = new FloatMatrix(1, config.rope().rotatedSize());
  private final FloatMatrix logits = RandomNumbers.activations(1, config.vocabularySize());

  @Param({"AUTO", "VECTOR"})
  public KernelChoice kernels = KernelChoice.AUTO;

  private @Nullable FloatKernels assembled;
  private Q8Activations quantized = new Q8Activations(1, 1, null);

  /// Sets what the kernels read.
  public RowKernelsBenchmark() {
    Arrays.fill(gain, 1);
    rope.angles(1000, angles, 0);
  }

  @Setup
  public void prepare() {
    MatMul matMul = MatMul.of(kernels);
    assembled = matMul.floats();
    quantized = new Q8Activations(1, config.hiddenSize(), assembled);
    matMul.prepare(quantized, hidden, WeightType.Q4);
  }

  @Benchmark
  public FloatMatrix rmsNorm() {
    RmsNorm.apply(normed, 0, hidden, 0, gain, config.normEpsilon(), assembled);
    return normed;
  }

  @Benchmark
  public FloatMatrix swiGlu() {
    SwiGlu.apply(gated, gateUp, 0, assembled);
    return gated;
  }

  @Benchmark
  public FloatMatrix ropeOfQueriesAndKeys() {
    rope.apply(heads, angles, 0, config.heads() + config.keyValueHeads(), config.headSize());
    return heads;
  }

  @Benchmark
  public FloatMatrix ropeAngles() {
    rope.angles(1000, angles, 0);
    return angles;
  }

  @Benchmark
  public Q8Activations quantizeActivations() {
    quantized.quantize(hidden, 0);
    return quantized;
  }

  /// The softmax's denominator over the vocabulary.
  @Benchmark
  public double logSumExp() {
    return LogSumExp.of(logits.values(), logits.offset(0), config.vocabularySize());
  }
}
