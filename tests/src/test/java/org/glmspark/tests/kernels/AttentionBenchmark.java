package org.glmspark.tests.kernels;

import java.util.concurrent.TimeUnit;
import org.glmspark.cache.KvCacheType;
import org.glmspark.cache.PagedKvCache;
import org.glmspark.kernel.AttentionQueries;
import org.glmspark.kernel.KernelChoice;
import org.glmspark.kernel.KeyValuePages;
import org.glmspark.kernel.MatMul;
import org.glmspark.kernel.PagedAttention;
import org.glmspark.tensor.FloatMatrix;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// Attention of 16 query heads to one key-value head of 128 elements, at the end of a context:
/// 8,192 operations a query and key.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class AttentionBenchmark {
  private static final int HEADS = 16;
  private static final int HEAD_SIZE = 128;

  @Param({"FLOAT16", "FLOAT32"})
  public KvCacheType cacheType = KvCacheType.FLOAT16;

  @Param({"AUTO", "VECTOR"})
  public KernelChoice kernels = KernelChoice.AUTO;

  /// Tokens that attend: 1 when a sequence decodes, 8 at a time when it prefills.
  @Param({"1", "8"})
  public int tokens = 1;

  @Param({"1024", "8192"})
  public int context = 1024;

  private PagedKvCache cache = new PagedKvCache(KvCacheType.FLOAT32, 1, 1, HEAD_SIZE, 1);
  private AttentionQueries queries = queries(1, 1);
  private KeyValuePages pages = pages(cache, 1);
  private PagedAttention.Scratch scratch = new PagedAttention.Scratch(HEADS, HEAD_SIZE, null);

  private static AttentionQueries queries(int tokens, int context) {
    return new AttentionQueries(
        new FloatMatrix(tokens, HEADS * HEAD_SIZE),
        RandomNumbers.activations(tokens, HEADS * HEAD_SIZE),
        0,
        tokens,
        context - tokens,
        0,
        HEADS,
        HEAD_SIZE);
  }

  /// Keys and values are zeros: the time is the same.
  private static KeyValuePages pages(PagedKvCache cache, int blocks) {
    int[] numbers = new int[blocks];
    for (int i = 0; i < blocks; i++) {
      numbers[i] = i;
    }
    return new KeyValuePages(
        cache.memory(),
        cache.type().dtype(),
        numbers,
        cache.blockBytes(),
        cache.keyOffset(0, 0),
        cache.valueOffset(0, 0));
  }

  @Setup
  public void prepare() {
    int blocks = Math.ceilDiv(context, PagedKvCache.BLOCK_TOKENS);
    cache.close();
    cache = new PagedKvCache(cacheType, 1, 1, HEAD_SIZE, blocks);
    pages = pages(cache, blocks);
    queries = queries(tokens, context);
    scratch = new PagedAttention.Scratch(HEADS, HEAD_SIZE, MatMul.of(kernels).floats());
  }

  @TearDown
  public void free() {
    cache.close();
  }

  @Benchmark
  public AttentionQueries attend() {
    PagedAttention.apply(queries, pages, scratch);
    return queries;
  }
}
