package org.glmspark.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.glmspark.kernel.x86.FloatKernels;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.FloatMatrix;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

@ParameterizedClass
@MethodSource("org.glmspark.kernel.TestKernels#all")
class PagedAttentionTest {
  private final @Nullable FloatKernels assembled;

  PagedAttentionTest(MatMul matMul) {
    this.assembled = matMul.floats();
  }

  /// Keys and values `[tokens][headSize]` and the pages that hold them.
  private record Cached(float[][] keys, float[][] values, KeyValuePages pages) {}

  private static Cached cached(Random random, DType dtype, int tokens, int headSize, Arena arena) {
    int blocks = Math.ceilDiv(tokens, KeyValuePages.BLOCK_TOKENS);
    long numbers = (long) headSize * KeyValuePages.BLOCK_TOKENS * dtype.bytes();
    long half = numbers + (dtype == DType.I8 ? 4L * KeyValuePages.BLOCK_TOKENS : 0);
    long blockBytes = 2 * half + 64; // something of another head between the blocks
    MemorySegment memory = arena.allocate((blocks + 1) * blockBytes);
    memory.fill((byte) 0xff); // NaN wherever nothing is stored
    int[] order = new int[blocks];
    Arrays.setAll(order, i -> blocks - i); // any order, and not from 0
    float[][] keys = new float[tokens][headSize];
    float[][] values = new float[tokens][headSize];
    for (int token = 0; token < tokens; token++) {
      long block = order[token / 16] * blockBytes;
      long scale = block + numbers + 4L * (token % 16);
      float keyScale = dtype == DType.I8 ? putScale(memory, scale, random) : 1;
      float valueScale = dtype == DType.I8 ? putScale(memory, half + scale, random) : 1;
      for (int i = 0; i < headSize; i++) {
        long value = i / 16 * 256L + token % 16 * 16L + i % 16;
        keys[token][i] = put(memory, dtype, block, i * 16L + token % 16, random) * keyScale;
        values[token][i] = put(memory, dtype, block + half, value, random) * valueScale;
      }
    }
    return new Cached(keys, values, new KeyValuePages(memory, dtype, order, blockBytes, 0, half));
  }

  private static float putScale(MemorySegment memory, long offset, Random random) {
    float scale = random.nextFloat() / 50;
    memory.set(ValueLayout.JAVA_FLOAT_UNALIGNED, offset, scale);
    return scale;
  }

  private static float put(
      MemorySegment memory, DType dtype, long base, long index, Random random) {
    if (dtype == DType.I8) {
      byte integer = (byte) random.nextInt(-127, 128);
      memory.set(ValueLayout.JAVA_BYTE, base + index, integer);
      return integer;
    }
    float value = (float) random.nextGaussian();
    if (dtype == DType.F32) {
      memory.set(ValueLayout.JAVA_FLOAT_UNALIGNED, base + 4 * index, value);
      return value;
    }
    short bits = Float.floatToFloat16(value);
    memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, base + 2 * index, bits);
    return Float.float16ToFloat(bits);
  }

  /// The contract, one number at a time.
  private static float[] reference(float[] q, Cached cached, int keys) {
    int headSize = q.length;
    float totalMax = Float.NEGATIVE_INFINITY;
    float totalSum = 0;
    float[] total = new float[headSize];
    for (int span = 0; span < keys; span += 1024) {
      float max = Float.NEGATIVE_INFINITY;
      float sum = 0;
      float[] weighted = new float[headSize];
      for (int tile = span; tile < Math.min(keys, span + 1024); tile += 64) {
        int end = Math.min(keys, tile + 64);
        float[] scores = new float[64];
        Arrays.fill(scores, Float.NEGATIVE_INFINITY);
        float newMax = max;
        for (int key = tile; key < end; key++) {
          float score = 0;
          for (int i = 0; i < headSize; i++) {
            score = Math.fma(cached.keys[key][i], q[i], score);
          }
          scores[key - tile] = score * (float) (1 / Math.sqrt(headSize));
          newMax = Math.max(newMax, scores[key - tile]);
        }
        float correction = Exponential.of(max - newMax);
        max = newMax;
        float[] lanes = new float[16];
        for (int i = 0; i < 64; i++) {
          scores[i] = Exponential.of(scores[i] - max);
          lanes[i % 16] += scores[i];
        }
        for (int half = 8; half > 0; half /= 2) {
          for (int lane = 0; lane < half; lane++) {
            lanes[lane] += lanes[lane + half];
          }
        }
        sum = Math.fma(sum, correction, lanes[0]);
        for (int i = 0; i < headSize; i++) {
          weighted[i] *= correction;
          for (int key = tile; key < end; key++) {
            weighted[i] = Math.fma(cached.values[key][i], scores[key - tile], weighted[i]);
          }
        }
      }
      float newMax = Math.max(totalMax, max);
      float mine = Exponential.of(totalMax - newMax);
      float theirs = Exponential.of(max - newMax);
      totalMax = newMax;
      totalSum = Math.fma(sum, theirs, totalSum * mine);
      for (int i = 0; i < headSize; i++) {
        total[i] = Math.fma(weighted[i], theirs, total[i] * mine);
      }
    }
    for (int i = 0; i < headSize; i++) {
      total[i] /= totalSum;
    }
    return total;
  }

  private static double[] equation(float[] q, Cached cached, int keys) {
    double[] out = new double[q.length];
    double sum = 0;
    for (int key = 0; key < keys; key++) {
      double score = 0;
      for (int i = 0; i < q.length; i++) {
        score += (double) q[i] * cached.keys[key][i];
      }
      double weight = Math.exp(score / Math.sqrt(q.length));
      sum += weight;
      for (int i = 0; i < q.length; i++) {
        out[i] += weight * cached.values[key][i];
      }
    }
    for (int i = 0; i < q.length; i++) {
      out[i] /= sum;
    }
    return out;
  }

  @ParameterizedTest(name = "{0}, head size {1}, {2} heads, from position {3}, {4} rows")
  @CsvSource({
    "F32, 16, 1, 0, 1",
    "F32, 32, 4, 0, 8",
    "F16, 16, 4, 13, 5",
    "F16, 128, 16, 60, 8",
    "F32, 128, 2, 63, 2",
    "F16, 64, 3, 1020, 8",
    "F32, 48, 2, 2047, 1",
    "F32, 16, 2, 2100, 7",
    "F16, 128, 8, 14, 1",
    "F16, 96, 24, 15, 1",
    "F32, 80, 16, 16, 1",
    "F16, 128, 2, 62, 1",
    "F32, 64, 1, 63, 1",
    "F16, 32, 24, 64, 8",
    "F16, 128, 8, 1022, 1",
    "F16, 16, 1, 1017, 8",
    "I8, 16, 1, 0, 1",
    "I8, 128, 16, 60, 8",
    "I8, 48, 2, 2047, 1",
    "I8, 80, 24, 1020, 8",
    "I8, 128, 2, 13, 5",
    "F16, 112, 16, 1024, 1",
    "F32, 16, 5, 2048, 3",
    "F16, 128, 24, 120, 8",
    "F16, 128, 1, 58, 7"
  })
  void hasTheBitsOfTheReferenceAndIsCloseToTheEquation(
      DType dtype, int headSize, int heads, int firstPosition, int rows) {
    Random random = new Random(firstPosition + rows);
    FloatMatrix queries = TestMatrices.gaussian(random, rows + 2, (heads + 1) * headSize);
    FloatMatrix out = new FloatMatrix(rows + 2, (heads + 1) * headSize);
    Arrays.fill(out.values(), 77f);
    try (Arena arena = Arena.ofConfined()) {
      Cached cached = cached(random, dtype, firstPosition + rows, headSize, arena);

      PagedAttention.apply(
          new AttentionQueries(out, queries, 1, rows, firstPosition, 1, heads, headSize),
          cached.pages,
          new PagedAttention.Scratch(heads, headSize, assembled));

      for (int row = 0; row < rows; row++) {
        float[] query = TestMatrices.row(queries, row + 1);
        float[] result = TestMatrices.row(out, row + 1);
        for (int head = 1; head <= heads; head++) {
          float[] q = Arrays.copyOfRange(query, head * headSize, (head + 1) * headSize);
          float[] o = Arrays.copyOfRange(result, head * headSize, (head + 1) * headSize);
          int keys = firstPosition + row + 1;
          assertThat(o).isEqualTo(reference(q, cached, keys));
          double[] expected = equation(q, cached, keys);
          for (int i = 0; i < headSize; i++) {
            assertThat((double) o[i]).isCloseTo(expected[i], offset(1e-5));
          }
        }
        assertThat(Arrays.copyOf(result, headSize)).containsOnly(77f); // the head before
      }
    }
    assertThat(TestMatrices.row(out, 0)).containsOnly(77f);
    assertThat(TestMatrices.row(out, rows + 1)).containsOnly(77f);
  }

  /// Scores of some million, as GLM-4 has them, do not fit the float16 of the cache.
  @Test
  void scoresBeyondFloat16AreExactFromACacheOfFloat16() {
    int headSize = 128;
    int tokens = 20;
    try (Arena arena = Arena.ofConfined()) {
      Cached cached = cached(new Random(9), DType.F16, tokens, headSize, arena);
      FloatMatrix query = new FloatMatrix(1, headSize);
      for (int i = 0; i < headSize; i++) {
        query.values()[i] = 1e5f * cached.keys[7][i]; // points at one key
      }
      FloatMatrix out = new FloatMatrix(1, headSize);

      PagedAttention.apply(
          new AttentionQueries(out, query, 0, 1, tokens - 1, 0, 1, headSize),
          cached.pages,
          new PagedAttention.Scratch(1, headSize, assembled));

      assertThat(TestMatrices.row(out, 0)).isEqualTo(cached.values[7]);
    }
  }

  @Test
  void aQueryGetsTheSameBitsAloneAndAmongOthers() {
    Random random = new Random(3);
    FloatMatrix queries = TestMatrices.gaussian(random, 8, 32);
    FloatMatrix together = new FloatMatrix(8, 32);
    FloatMatrix alone = new FloatMatrix(8, 32);
    PagedAttention.Scratch scratch = new PagedAttention.Scratch(2, 16, assembled);
    try (Arena arena = Arena.ofConfined()) {
      Cached cached = cached(random, DType.F16, 1028, 16, arena);
      PagedAttention.apply(
          new AttentionQueries(together, queries, 0, 8, 1020, 0, 2, 16), cached.pages, scratch);
      for (int row = 0; row < 8; row++) {
        PagedAttention.apply(
            new AttentionQueries(alone, queries, row, 1, 1020 + row, 0, 2, 16),
            cached.pages,
            scratch);
      }
    }
    assertThat(alone.values()).isEqualTo(together.values());
  }

  @Test
  void spansComputedApartGiveTheSameBits() {
    Random random = new Random(4);
    FloatMatrix queries = TestMatrices.gaussian(random, 8, 3 * 48);
    FloatMatrix whole = new FloatMatrix(8, 3 * 48);
    FloatMatrix apart = new FloatMatrix(8, 3 * 48);
    PagedAttention.Scratch scratch = new PagedAttention.Scratch(3, 48, assembled);
    SoftmaxStates states = new SoftmaxStates(1 + 4 * 24, 48);
    try (Arena arena = Arena.ofConfined()) {
      Cached cached = cached(random, DType.F16, 3_075, 48, arena);
      PagedAttention.apply(
          new AttentionQueries(whole, queries, 0, 8, 3_067, 0, 3, 48), cached.pages, scratch);

      AttentionQueries tokens = new AttentionQueries(apart, queries, 0, 8, 3_067, 0, 3, 48);
      assertThat(tokens.spans()).isEqualTo(4);
      for (int span = 3; span >= 0; span--) { // the last span is seen by the last 3 tokens alone
        PagedAttention.applySpan(tokens, span, cached.pages, scratch, states, 1 + 24 * span);
      }
      SoftmaxStates totals = new SoftmaxStates(24, 48);
      PagedAttention.clear(tokens, totals, 0);
      for (int span = 0; span < 4; span++) {
        PagedAttention.merge(tokens, span, totals, 0, states, 1 + 24 * span, assembled);
      }
      PagedAttention.normalise(tokens, totals, 0, assembled);
    }
    assertThat(apart.values()).isEqualTo(whole.values());
  }

  @Test
  void subnormalNumbersOfTheCacheCount() {
    FloatMatrix query = new FloatMatrix(1, 16);
    Arrays.fill(query.values(), 0);
    FloatMatrix out = new FloatMatrix(1, 16);
    try (Arena arena = Arena.ofConfined()) {
      Cached cached = cached(new Random(6), DType.F16, 1, 16, arena);
      MemorySegment memory = cached.pages.memory();
      long values = cached.pages.blocks()[0] * cached.pages.blockBytes() + 16 * 16 * 2;
      memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, values, (short) 0x8001);
      memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, values + 2, (short) 0x03ff);
      PagedAttention.apply(
          new AttentionQueries(out, query, 0, 1, 0, 0, 1, 16),
          cached.pages,
          new PagedAttention.Scratch(1, 16, assembled));
    }
    assertThat(out.values()).startsWith(-0x1p-24f, 0x3ffp-24f);
  }

  @Test
  void refusesHeadsThatAreNoMultipleOfALaneGroup() {
    assertThatThrownBy(() -> new PagedAttention.Scratch(1, 24, assembled))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("24");
  }
}
