package org.glmspark.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.glmspark.kernel.x86.Ceilings;
import org.glmspark.kernel.x86.InstructionSet;
import org.glmspark.kernel.x86.Int8Kernels;
import org.glmspark.kernel.x86.UnavailableException;
import org.glmspark.parallel.WorkerPool;
import org.glmspark.tensor.FloatMatrix;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.WeightType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The four products of a layer of GLM-4-9B on all cores, beside what the machine could reach at
/// best in the same seconds: `mvn -B test -Pbench -pl engine -Dtest=QuantizedMatMulBenchmarkTest`.
///
/// Quantisation of the activations counts. Of several rounds the fastest is shown, of products and
/// of ceilings.
@Tag("bench")
class QuantizedMatMulBenchmarkTest {
  private static final int[][] SHAPES = {{4608, 4096}, {4096, 4096}, {27392, 4096}, {4096, 13696}};
  private static final int ROUNDS = 12;
  private static final long CEILING_ROUNDS = 400_000; // some milliseconds
  private static final int THREADS = Runtime.getRuntime().availableProcessors();

  private final Random random = new Random(9);

  @Test
  void measuresTheProductsOfALayer() throws UnavailableException {
    MatMul matMul = MatMul.of(KernelChoice.AUTO);
    assumeTrue(matMul.description().startsWith("x86"), matMul.description());
    InstructionSet set = Int8Kernels.fastest().instructionSet();
    System.out.printf(Locale.ROOT, "%s, %d threads%n", matMul.description(), THREADS);
    Ceilings ceilings = Ceilings.of(set);
    try (WorkerPool workers = new WorkerPool("bench", THREADS);
        Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(512L << 20, 64).fill((byte) 1);
      for (WeightType type : List.of(WeightType.Q4, WeightType.Q8)) {
        List<StripMatrix> weights =
            List.of(SHAPES).stream().map(shape -> weights(type, shape, arena)).toList();
        for (int tokens : new int[] {1, 4, 16, 64, 512}) {
          measure(matMul, ceilings, workers, memory, weights, tokens);
        }
      }
    }
  }

  private StripMatrix weights(WeightType type, int[] shape, Arena arena) {
    int strips = StripMatrix.strips(shape[0]);
    MemorySegment data = arena.allocate(strips * type.stripBytes(shape[1]), 64);
    byte[] block = new byte[type.stripBlockBytes()];
    random.nextBytes(block);
    for (int i = block.length - 2 * StripMatrix.STRIP_ROWS; i < block.length; i += 2) {
      block[i + 1] = 0x14; // a float16 of about 0.001
    }
    for (long offset = 0; offset < data.byteSize(); offset += block.length) {
      MemorySegment.copy(block, 0, data, ValueLayout.JAVA_BYTE, offset, block.length);
    }
    return new StripMatrix("w", type, shape[0], shape[1], data);
  }

  private void measure(
      MatMul matMul,
      Ceilings ceilings,
      WorkerPool workers,
      MemorySegment memory,
      List<StripMatrix> weights,
      int tokens) {
    List<FloatMatrix> inputs =
        weights.stream().map(w -> TestMatrices.gaussian(random, tokens, w.columns())).toList();
    List<FloatMatrix> outputs =
        weights.stream().map(w -> new FloatMatrix(tokens, w.rows())).toList();
    Q8Activations quantized = new Q8Activations(tokens, 13_696);
    float[][] scratch = new float[THREADS][MatMul.SCRATCH_FLOATS];
    double seconds = Double.MAX_VALUE;
    double operations = 0;
    double bandwidth = 0;
    for (int round = 0; round < ROUNDS; round++) {
      long start = System.nanoTime();
      for (int i = 0; i < weights.size(); i++) {
        multiply(
            matMul, workers, outputs.get(i), inputs.get(i), quantized, weights.get(i), scratch);
      }
      seconds = Math.min(seconds, seconds(start));
      operations = Math.max(operations, operations(ceilings, workers));
      bandwidth = Math.max(bandwidth, bandwidth(ceilings, workers, memory));
    }
    double products = weights.stream().mapToDouble(w -> (double) w.rows() * w.columns()).sum();
    double bytes = weights.stream().mapToDouble(w -> w.data().byteSize()).sum();
    assertThat(seconds).isPositive();
    System.out.printf(
        Locale.ROOT,
        "%s, %3d tokens: %6.1f of %6.1f GOPS, %5.1f %%; %6.2f of %6.2f GB/s, %5.1f %%%n",
        weights.getFirst().type().optionName(),
        tokens,
        2 * products * tokens / seconds / 1e9,
        operations / 1e9,
        100 * 2 * products * tokens / seconds / operations,
        bytes / seconds / 1e9,
        bandwidth / 1e9,
        100 * bytes / seconds / bandwidth);
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  private static void multiply(
      MatMul matMul,
      WorkerPool workers,
      FloatMatrix out,
      FloatMatrix x,
      Q8Activations quantized,
      StripMatrix weights,
      float[][] scratch) {
    matMul.prepare(quantized, x, weights.type());
    workers.forEach(x.rows(), (row, _) -> quantized.quantize(x, row));
    int group = MatMul.GROUP_STRIPS;
    workers.forEach(
        Math.ceilDiv(weights.strips(), group),
        (item, worker) ->
            matMul.apply(
                out,
                quantized,
                weights,
                item * group,
                Math.min(weights.strips(), (item + 1) * group),
                scratch[worker]));
  }

  private static double operations(Ceilings ceilings, WorkerPool workers) {
    AtomicLong products = new AtomicLong();
    long start = System.nanoTime();
    workers.forEach(THREADS, (_, _) -> products.addAndGet(ceilings.multiplyAdd(CEILING_ROUNDS)));
    return 2.0 * products.get() / seconds(start);
  }

  private static double bandwidth(Ceilings ceilings, WorkerPool workers, MemorySegment memory) {
    long part = 4 << 20;
    AtomicLong bytes = new AtomicLong();
    long start = System.nanoTime();
    workers.forEach(
        (int) (memory.byteSize() / part),
        (item, _) -> bytes.addAndGet(ceilings.read(memory.asSlice(item * part, part))));
    return bytes.get() / seconds(start);
  }
}
