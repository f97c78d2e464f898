package org.glmspark.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import org.glmspark.parallel.WorkerPool;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.FloatMatrix;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Attention as a share of what the machine can do at the same time, for the heads of the published
/// models: `mvn -B test -Pbench -pl engine -Dtest=AttentionBenchmarkTest`.
///
/// Each round measures the ceilings (multiply-add on registers; reading memory) and the kernel one
/// after the other; the best of the rounds counts.
@Tag("bench")
class AttentionBenchmarkTest {
  private static final int HEAD_SIZE = 128;
  private static final int KEY_VALUE_HEADS = 2;
  private static final int ROUNDS = 40;
  private static final int LAYERS = 20; // so that no cache of the CPU holds what decode reads
  private static final int FMA_STEPS = 1 << 20;
  private static final int SUMS = 12;

  private static volatile float floatSink;
  private static volatile long longSink;

  @ParameterizedTest(name = "{0} heads share a key-value head, {1} keys, {2} threads")
  @CsvSource({
    "16, 8192, 1",
    "8, 8192, 1",
    "24, 8192, 1",
    "16, 1024, 1",
    "16, 8192, 2",
    "8, 8192, 2"
  })
  void measures(int heads, int keys, int threads) {
    int blocks = keys / KeyValuePages.BLOCK_TOKENS;
    long headBytes = 2L * HEAD_SIZE * KeyValuePages.BLOCK_TOKENS * Short.BYTES;
    long layerBytes = KEY_VALUE_HEADS * headBytes;
    try (Arena arena = Arena.ofShared();
        WorkerPool workers = new WorkerPool("bench", threads)) {
      MemorySegment memory = arena.allocate(layerBytes * LAYERS * blocks, 64);
      fill(memory);
      KeyValuePages[] pages = new KeyValuePages[LAYERS * KEY_VALUE_HEADS];
      int[] order = new int[blocks];
      Arrays.setAll(order, i -> i);
      for (int i = 0; i < pages.length; i++) {
        long offset = i * headBytes;
        pages[i] =
            new KeyValuePages(
                memory, DType.F16, order, LAYERS * layerBytes, offset, offset + headBytes / 2);
      }
      Bench bench = new Bench(workers, pages, heads, keys);
      double fma = 0;
      double read = 0;
      double prefill = 0;
      double decode = 0;
      for (int round = 0; round < ROUNDS; round++) {
        fma = Math.max(fma, bench.multiplyAdds());
        prefill = Math.max(prefill, bench.prefill());
        read = Math.max(read, bench.memoryReads(memory));
        decode = Math.max(decode, bench.decode());
      }
      double decodeOperations = decode * 2 * heads; // two bytes of a key or value, one FMA a head
      System.out.printf(
          Locale.ROOT,
          "%2d heads, %5d keys, %d threads: prefill %6.1f of %6.1f GFLOP/s (%2.0f %%); "
              + "decode %5.2f of %5.2f GB/s (%2.0f %%), %6.1f GFLOP/s (%2.0f %%)%n",
          heads,
          keys,
          threads,
          prefill / 1e9,
          fma / 1e9,
          100 * prefill / fma,
          decode / 1e9,
          read / 1e9,
          100 * decode / read,
          decodeOperations / 2 / 1e9,
          100 * decodeOperations / 2 / fma);
      assertThat(Math.min(prefill, decode)).isPositive();
    }
  }

  private static void fill(MemorySegment memory) {
    Random random = new Random(1);
    short[] numbers = new short[1 << 16];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = Float.floatToFloat16((float) random.nextGaussian());
    }
    MemorySegment source = MemorySegment.ofArray(numbers);
    for (long at = 0; at < memory.byteSize(); at += source.byteSize()) {
      long size = Math.min(source.byteSize(), memory.byteSize() - at);
      memory.asSlice(at, size).copyFrom(source.asSlice(0, size));
    }
  }

  private static final class Bench {
    private final WorkerPool workers;
    private final KeyValuePages[] pages;
    private final int heads;
    private final int keys;
    private final FloatMatrix queries;
    private final FloatMatrix out;
    private final PagedAttention.Scratch[] scratch;
    private final SoftmaxStates totals;
    private final SoftmaxStates states;

    Bench(WorkerPool workers, KeyValuePages[] pages, int heads, int keys) {
      this.workers = workers;
      this.pages = pages;
      this.heads = heads;
      this.keys = keys;
      int rows = AttentionQueries.MAX_ROWS * workers.threads();
      queries = TestMatrices.gaussian(new Random(2), rows, KEY_VALUE_HEADS * heads * HEAD_SIZE);
      out = new FloatMatrix(rows, KEY_VALUE_HEADS * heads * HEAD_SIZE);
      scratch = new PagedAttention.Scratch[workers.threads()];
      Arrays.setAll(scratch, i -> new PagedAttention.Scratch(heads, HEAD_SIZE));
      int stateCount = SoftmaxStates.required(heads);
      totals = new SoftmaxStates(KEY_VALUE_HEADS * stateCount, HEAD_SIZE);
      states =
          new SoftmaxStates(
              Math.ceilDiv(keys, PagedAttention.SPAN) * KEY_VALUE_HEADS * stateCount, HEAD_SIZE);
    }

    /// Operations a second: 8 rows for each thread, all of them at the last positions.
    double prefill() {
      int rows = AttentionQueries.MAX_ROWS;
      return workers.threads()
          * perSecond(
              4.0 * HEAD_SIZE * heads * rows * (keys - (rows - 1) / 2.0),
              worker ->
                  PagedAttention.apply(
                      new AttentionQueries(
                          out, queries, worker * rows, rows, keys - rows, 0, heads, HEAD_SIZE),
                      pages[worker % pages.length],
                      scratch[worker]));
    }

    /// Bytes of keys and values a second: one token, layer after layer, shared out by spans.
    double decode() {
      int spans = Math.ceilDiv(keys, PagedAttention.SPAN);
      AttentionQueries[] tokens = new AttentionQueries[KEY_VALUE_HEADS];
      Arrays.setAll(
          tokens,
          head ->
              new AttentionQueries(out, queries, 0, 1, keys - 1, head * heads, heads, HEAD_SIZE));
      int stateCount = SoftmaxStates.required(heads);
      long start = System.nanoTime();
      for (int layer = 0; layer < LAYERS; layer++) {
        int first = layer * KEY_VALUE_HEADS;
        workers.forEach(
            spans * KEY_VALUE_HEADS,
            (item, worker) ->
                PagedAttention.applySpan(
                    tokens[item % KEY_VALUE_HEADS],
                    item / KEY_VALUE_HEADS,
                    pages[first + item % KEY_VALUE_HEADS],
                    scratch[worker],
                    states,
                    item * stateCount));
        for (int head = 0; head < KEY_VALUE_HEADS; head++) {
          PagedAttention.clear(tokens[head], totals, head * stateCount);
          for (int span = 0; span < spans; span++) {
            PagedAttention.merge(
                tokens[head],
                span,
                totals,
                head * stateCount,
                states,
                (span * KEY_VALUE_HEADS + head) * stateCount);
          }
          PagedAttention.normalise(tokens[head], totals, head * stateCount);
        }
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      return 2.0 * Short.BYTES * HEAD_SIZE * keys * KEY_VALUE_HEADS * LAYERS / seconds;
    }

    /// Operations a second of multiply-adds on registers.
    double multiplyAdds() {
      return workers.threads()
          * perSecond(
              2.0 * FMA_STEPS * SUMS * Lanes.COUNT,
              worker -> floatSink = multiplyAdd(FMA_STEPS, worker));
    }

    /// Bytes of memory a second.
    double memoryReads(MemorySegment memory) {
      long part = memory.byteSize() / workers.threads() / 512 * 512;
      return workers.threads()
          * perSecond((double) part, worker -> longSink = read(memory, worker * part, part));
    }

    private interface Work {
      void run(int worker);
    }

    private double perSecond(double units, Work work) {
      long start = System.nanoTime();
      workers.forEach(workers.threads(), (item, _) -> work.run(item));
      return units / ((System.nanoTime() - start) / 1e9);
    }
  }

  private static float multiplyAdd(int steps, float seed) {
    FloatVector factor = FloatVector.broadcast(Lanes.FLOATS, seed * 0.1f);
    FloatVector one = FloatVector.broadcast(Lanes.FLOATS, 1);
    FloatVector a = one;
    FloatVector b = one;
    FloatVector c = one;
    FloatVector d = one;
    FloatVector e = one;
    FloatVector f = one;
    FloatVector g = one;
    FloatVector h = one;
    FloatVector i = one;
    FloatVector j = one;
    FloatVector k = one;
    FloatVector l = one;
    for (int step = 0; step < steps; step++) {
      a = a.fma(factor, one);
      b = b.fma(factor, one);
      c = c.fma(factor, one);
      d = d.fma(factor, one);
      e = e.fma(factor, one);
      f = f.fma(factor, one);
      g = g.fma(factor, one);
      h = h.fma(factor, one);
      i = i.fma(factor, one);
      j = j.fma(factor, one);
      k = k.fma(factor, one);
      l = l.fma(factor, one);
    }
    return a.add(b)
        .add(c)
        .add(d)
        .add(e)
        .add(f)
        .add(g)
        .add(h)
        .add(i)
        .add(j)
        .add(k)
        .add(l)
        .reduceLanes(VectorOperators.ADD);
  }

  private static long read(MemorySegment memory, long from, long bytes) {
    int step = LongVector.SPECIES_PREFERRED.vectorByteSize();
    LongVector a = LongVector.zero(LongVector.SPECIES_PREFERRED);
    LongVector b = a;
    LongVector c = a;
    LongVector d = a;
    for (long at = from; at < from + bytes; at += 4L * step) {
      a = a.lanewise(VectorOperators.XOR, longs(memory, at));
      b = b.lanewise(VectorOperators.XOR, longs(memory, at + step));
      c = c.lanewise(VectorOperators.XOR, longs(memory, at + 2L * step));
      d = d.lanewise(VectorOperators.XOR, longs(memory, at + 3L * step));
    }
    return a.lanewise(VectorOperators.XOR, b)
        .lanewise(VectorOperators.XOR, c)
        .lanewise(VectorOperators.XOR, d)
        .reduceLanes(VectorOperators.XOR);
  }

  private static LongVector longs(MemorySegment memory, long at) {
    return LongVector.fromMemorySegment(
        LongVector.SPECIES_PREFERRED, memory, at, ValueLayout.JAVA_LONG.order());
  }
}
