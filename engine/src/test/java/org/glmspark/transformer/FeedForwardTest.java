package org.glmspark.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.glmspark.kernel.KernelChoice;
import org.glmspark.kernel.MatMul;
import org.glmspark.model.BlockType;
import org.glmspark.model.LayerWeights;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.RotarySettings;
import org.glmspark.parallel.WorkerPool;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FeedForwardTest {
  private static final int HIDDEN = 16;
  private static final int SIZE = 32;

  private static StripMatrix matrix(DType dtype, int rows, int columns, float value, Arena arena) {
    MemorySegment data = arena.allocate((long) rows * columns * dtype.bytes());
    for (long i = 0; i < (long) rows * columns; i++) {
      boolean up = rows == 2 * SIZE && i >= (long) SIZE * columns;
      float element = up ? -value / 2 : value;
      if (dtype == DType.F16) {
        data.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(element));
      } else {
        data.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (Float.floatToIntBits(element) >>> 16));
      }
    }
    var tensor = new Tensor("w", "test", dtype, List.of((long) rows, (long) columns), data);
    return StripMatrix.interleave("w", List.of(tensor), tensor.weightType(), arena);
  }

  /// The first half of the fused rows is the gate; were it the second, all results would be zero.
  /// What goes into the second product is far beyond the 65,504 of float16, as in GLM-4.
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F16", "BF16"})
  void activationsBeyondFloat16StayFiniteAndExact(DType dtype) {
    var config =
        new ModelConfig(
            BlockType.PRE_NORM,
            HIDDEN,
            1,
            1,
            1,
            16,
            SIZE,
            32,
            1e-5f,
            new RotarySettings(1e4, 8, null),
            64,
            false,
            false,
            List.of());
    try (Arena arena = Arena.ofShared();
        WorkerPool workers = new WorkerPool("test", 2)) {
      float[] norm = new float[HIDDEN];
      StripMatrix unused = matrix(dtype, HIDDEN, HIDDEN, 0, arena);
      var weights =
          new LayerWeights(
              norm,
              unused,
              null,
              unused,
              null,
              norm,
              matrix(dtype, 2 * SIZE, HIDDEN, 32, arena),
              matrix(dtype, HIDDEN, SIZE, 0.5f, arena),
              null);
      MatMul matMul = MatMul.of(KernelChoice.AUTO);
      var products = new ParallelMatMul(workers, matMul, 2, SIZE);
      var activations = new Activations(config, 2, 1, workers.threads(), matMul.floats());
      activations.useRows(2, 0);
      for (int row = 0; row < 2; row++) {
        for (int i = 0; i < HIDDEN; i++) {
          activations.normed.values()[activations.normed.offset(row) + i] = row + 1;
        }
      }

      new FeedForward(weights, new Compute(workers, products, matMul.floats()))
          .forward(activations);

      for (int row = 0; row < 2; row++) {
        double gate = 32.0 * HIDDEN * (row + 1); // far enough for silu(gate) = gate
        double gated = gate * -gate / 2;
        assertThat(Math.abs(gated)).isGreaterThan(65_504);
        for (int i = 0; i < HIDDEN; i++) {
          double branch = activations.branch.values()[activations.branch.offset(row) + i];
          assertThat(branch).isCloseTo(gated * 0.5 * SIZE, offset(1.0));
        }
      }
    }
  }
}
