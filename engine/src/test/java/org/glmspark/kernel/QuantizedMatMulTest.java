package org.glmspark.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.glmspark.tensor.FloatMatrix;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.WeightType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class QuantizedMatMulTest {
  private static final List<WeightType> TYPES =
      List.of(WeightType.Q8, WeightType.Q4, WeightType.Q4M);

  /// Weights as integers and scales, one element at a time.
  private record Weights(
      WeightType type, int columns, int[][] integers, float[][] scales, float[][] minimums) {

    /// Every integer the type has, scales of every magnitude and sign.
    static Weights random(Random random, WeightType type, int rows, int columns) {
      int blocks = (columns + 31) / 32;
      var weights =
          new Weights(
              type, columns, new int[rows][], new float[rows][blocks], new float[rows][blocks]);
      for (int row = 0; row < rows; row++) {
        int values = type == WeightType.Q8 ? 256 : 16;
        weights.integers[row] = random.ints(columns, 0, values).toArray();
        if (random.nextInt(4) == 0) { // the largest sums there can be
          Arrays.fill(weights.integers[row], random.nextBoolean() ? 0 : values - 1);
        }
        for (int block = 0; block < blocks; block++) {
          weights.scales[row][block] = half(random);
          weights.minimums[row][block] = half(random);
        }
      }
      return weights;
    }

    private static float half(Random random) {
      return switch (random.nextInt(16)) {
        case 0 -> 0;
        case 1 -> 65504;
        case 2 -> -0x1p-24f;
        default -> {
          double magnitude = Math.pow(2, random.nextInt(20) - 14);
          short half = Float.floatToFloat16((float) (random.nextGaussian() * magnitude));
          yield Float.float16ToFloat(half);
        }
      };
    }

    /// By the description of the layout.
    StripMatrix strips(Arena arena) {
      int rows = integers.length;
      int blocks = (columns + 31) / 32;
      int blockBytes = type == WeightType.Q8 ? 544 : type == WeightType.Q4 ? 288 : 320;
      int registers = type == WeightType.Q8 ? 512 : 256;
      MemorySegment data = arena.allocate((long) ((rows + 15) / 16) * blocks * blockBytes, 64);
      for (int row = 0; row < rows; row++) {
        for (int block = 0; block < blocks; block++) {
          long start = ((long) (row / 16) * blocks + block) * blockBytes;
          int lane = row % 16;
          for (int c = 0; c < 32 && 32 * block + c < columns; c++) {
            int q = integers[row][32 * block + c];
            int place = type == WeightType.Q8 ? c : c % 16;
            long at = start + (place / 4 * 64 + 4 * lane + place % 4);
            int shifted = c == place ? q : q << 4;
            int before = data.get(ValueLayout.JAVA_BYTE, at);
            data.set(ValueLayout.JAVA_BYTE, at, (byte) (before | shifted));
          }
          long scale = start + registers + 2L * lane;
          data.set(ValueLayout.JAVA_SHORT, scale, Float.floatToFloat16(scales[row][block]));
          if (type == WeightType.Q4M) {
            short minimum = Float.floatToFloat16(minimums[row][block]);
            data.set(ValueLayout.JAVA_SHORT, scale + 32, minimum);
          }
        }
      }
      return new StripMatrix("w", type, rows, columns, data);
    }

    /// The numeric contract.
    float[][] times(FloatMatrix x) {
      int offset = type == WeightType.Q8 ? 128 : type == WeightType.Q4 ? 8 : 0;
      float[][] out = new float[x.rows()][integers.length];
      for (int token = 0; token < x.rows(); token++) {
        float[] values = TestMatrices.row(x, token);
        for (int block = 0; 32 * block < columns; block++) {
          int first = 32 * block;
          int end = Math.min(columns, first + 32);
          float m = 0;
          for (int c = first; c < end; c++) {
            m = Math.max(m, Math.abs(values[c]));
          }
          float xscale = m < 0x1p-100f ? 0 : m / 127;
          int[] q = new int[end - first];
          int xsum = 0;
          for (int i = 0; i < q.length; i++) {
            q[i] = m < 0x1p-100f ? 0 : (int) Math.rint(values[first + i] * (127 / m));
            xsum += q[i];
          }
          for (int row = 0; row < integers.length; row++) {
            long isum = 0;
            for (int i = 0; i < q.length; i++) {
              isum += (long) q[i] * (integers[row][first + i] - offset);
            }
            float acc = out[token][row];
            acc = Math.fma((float) isum * scales[row][block], xscale, acc);
            if (type == WeightType.Q4M) {
              acc = Math.fma((float) xsum * minimums[row][block], xscale, acc);
            }
            out[token][row] = acc;
          }
        }
      }
      return out;
    }
  }

  /// Activations of every magnitude: also blocks of zeros, of numbers too small to count, of ties.
  private static FloatMatrix activations(Random random, int rows, int columns) {
    FloatMatrix x = TestMatrices.gaussian(random, rows, columns);
    for (int row = 0; row < rows; row++) {
      for (int block = 0; block < columns; block += 32) {
        float factor =
            switch (random.nextInt(8)) {
              case 0 -> 0;
              case 1 -> 0x1p-104f;
              case 2 -> 0x1p-99f;
              case 3 -> 1e6f;
              default -> 1;
            };
        boolean ties = random.nextInt(8) == 0;
        for (int c = block; c < Math.min(columns, block + 32); c++) {
          int index = x.offset(row) + c;
          x.values()[index] =
              ties
                  ? (c == block ? 127 : random.nextInt(253) / 2f - 63)
                  : x.values()[index] * factor;
        }
      }
    }
    return x;
  }

  private static FloatMatrix multiply(
      MatMul matMul, StripMatrix weights, FloatMatrix x, Random random) {
    FloatMatrix out = new FloatMatrix(x.rows(), weights.rows());
    Arrays.fill(out.values(), Float.NaN);
    Q8Activations quantized = new Q8Activations(x.rows() + 1, weights.columns(), matMul.floats());
    matMul.prepare(quantized, x, weights.type());
    for (int row = x.rows() - 1; row >= 0; row--) { // in any order
      quantized.quantize(x, row);
    }
    var scratch = new MatMulScratch(x.rows());
    for (int strip = 0; strip < weights.strips(); ) {
      int end = Math.min(weights.strips(), strip + 1 + random.nextInt(8));
      matMul.apply(out, quantized, weights, strip, end, scratch);
      strip = end;
    }
    return out;
  }

  @ParameterizedTest
  @MethodSource("org.glmspark.kernel.TestKernels#all")
  void everyTileHasTheBitsOfTheContract(MatMul matMul) {
    Random random = new Random(70);
    for (WeightType type : TYPES) {
      for (int tokens = 1; tokens <= 70; tokens++) {
        assertSameBits(matMul, random, type, 1 + random.nextInt(40), 32 * (1 + tokens % 7), tokens);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("org.glmspark.kernel.TestKernels#all")
  void everyShapeHasTheBitsOfTheContract(MatMul matMul) {
    Random random = new Random(13_696);
    int[] columns = {32, 64, 96, 1, 31, 33, 100, 128, 160, 1024, 1504, 4096, 13_696};
    for (WeightType type : TYPES) {
      for (int size : columns) {
        int rows = 1 + random.nextInt(size > 4000 ? 40 : 300);
        assertSameBits(matMul, random, type, rows, size, 1 + random.nextInt(47));
        assertSameBits(matMul, random, type, rows, size, 48 + random.nextInt(23));
      }
    }
  }

  private static void assertSameBits(
      MatMul matMul, Random random, WeightType type, int rows, int columns, int tokens) {
    Weights weights = Weights.random(random, type, rows, columns);
    FloatMatrix x = activations(random, tokens, columns);
    try (Arena arena = Arena.ofConfined()) {
      FloatMatrix out = multiply(matMul, weights.strips(arena), x, random);

      float[][] expected = weights.times(x);
      for (int token = 0; token < tokens; token++) {
        assertThat(TestMatrices.row(out, token))
            .as("%s [%d, %d], token %d of %d", type, rows, columns, token, tokens)
            .isEqualTo(expected[token]);
      }
    }
  }

  /// Tiles of two sizes, more than are near when the next panel comes.
  @ParameterizedTest
  @MethodSource("org.glmspark.kernel.TestKernels#all")
  void manyTokensHaveTheBitsOfTheContract(MatMul matMul) {
    Random random = new Random(512);
    for (WeightType type : TYPES) {
      assertSameBits(matMul, random, type, 130, 1120, 187);
    }
  }

  @ParameterizedTest
  @MethodSource("org.glmspark.kernel.TestKernels#all")
  void writesOnlyTheStripsItIsAskedFor(MatMul matMul) {
    Random random = new Random(5);
    for (WeightType type : TYPES) {
      for (int tokens : new int[] {19, 50}) {
        for (int end : new int[] {2, 3}) { // also a strip alone
          writesOnlyStrips(matMul, random, type, tokens, 1, end);
        }
      }
    }
  }

  private static void writesOnlyStrips(
      MatMul matMul, Random random, WeightType type, int tokens, int first, int end) {
    Weights weights = Weights.random(random, type, 64, 96);
    FloatMatrix x = activations(random, tokens, 96);
    FloatMatrix out = new FloatMatrix(tokens, 64);
    Arrays.fill(out.values(), 77f);
    Q8Activations quantized = new Q8Activations(tokens, 96, matMul.floats());
    matMul.prepare(quantized, x, type);
    for (int row = 0; row < tokens; row++) {
      quantized.quantize(x, row);
    }
    try (Arena arena = Arena.ofConfined()) {
      var scratch = new MatMulScratch(x.rows());
      matMul.apply(out, quantized, weights.strips(arena), first, end, scratch);
    }

    float[][] expected = weights.times(x);
    for (int token = 0; token < tokens; token++) {
      float[] row = TestMatrices.row(out, token);
      assertThat(Arrays.copyOfRange(row, 16 * first, 16 * end))
          .isEqualTo(Arrays.copyOfRange(expected[token], 16 * first, 16 * end));
      assertThat(Arrays.copyOfRange(row, 0, 16 * first)).containsOnly(77f);
      assertThat(Arrays.copyOfRange(row, 16 * end, 64)).containsOnly(77f);
    }
  }

  @ParameterizedTest
  @MethodSource("org.glmspark.kernel.TestKernels#all")
  void whatIsNotFiniteStaysNotFinite(MatMul matMul) {
    Random random = new Random(8);
    for (WeightType type : TYPES) {
      for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY, -Float.MAX_VALUE * 2}) {
        Weights weights = Weights.random(random, type, 33, 128);
        FloatMatrix x = TestMatrices.gaussian(random, 3, 128);
        x.values()[x.offset(1) + 70] = value;
        try (Arena arena = Arena.ofConfined()) {
          FloatMatrix out = multiply(matMul, weights.strips(arena), x, random);

          for (float product : TestMatrices.row(out, 1)) {
            assertThat(Float.isFinite(product)).isFalse();
          }
          for (float product : TestMatrices.row(out, 2)) {
            assertThat(Float.isFinite(product)).isTrue();
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(KernelChoice.class)
  void saysWhatMultiplies(KernelChoice choice) {
    try {
      String description = MatMul.of(choice).description();
      assertThat(description)
          .startsWith(
              switch (choice) {
                case VECTOR -> "Vector API, ";
                case X86 -> "x86, AVX";
                case AUTO -> description.contains("because") ? "Vector API, " : "x86, AVX";
              });
    } catch (IllegalStateException e) {
      assertThat(choice).isEqualTo(KernelChoice.X86);
      assertThat(e).hasMessageStartingWith("kernels for x86 were asked for, but ");
    }
  }

  @Test
  void refusesActivationsForOtherWeights() {
    MatMul matMul = MatMul.of(KernelChoice.AUTO);
    FloatMatrix x = TestMatrices.gaussian(new Random(1), 2, 64);
    Q8Activations quantized = new Q8Activations(2, 64, null);
    matMul.prepare(quantized, x, WeightType.Q4M);
    quantized.quantize(x, 0);
    quantized.quantize(x, 1);
    try (Arena arena = Arena.ofConfined()) {
      StripMatrix weights = Weights.random(new Random(2), WeightType.Q4, 16, 64).strips(arena);
      assertThatThrownBy(() ->
              matMul.apply(new FloatMatrix(2, 16), quantized, weights, 0, 1, new MatMulScratch(2)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("w [16, 64] of Q4 times x [2, 64] for Q4M into out [2, 16]");
      assertThatThrownBy(() -> quantized.quantize(new FloatMatrix(2, 32), 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("x is [2, 32], expected [2, 64]");
      assertThatThrownBy(() -> matMul.prepare(quantized, new FloatMatrix(3, 64), WeightType.Q4))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("there are ");
    }
  }
}
