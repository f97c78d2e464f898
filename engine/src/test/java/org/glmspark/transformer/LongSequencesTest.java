package org.glmspark.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.glmspark.cache.BlockTable;
import org.glmspark.cache.KvCacheType;
import org.glmspark.cache.PagedKvCache;
import org.glmspark.kernel.KernelChoice;
import org.glmspark.kernel.MatMul;
import org.glmspark.model.Model;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.ModelLoader;
import org.glmspark.parallel.WorkerPool;
import org.glmspark.tensor.FloatMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Sequences of several spans, which threads share.
class LongSequencesTest {
  private static final Path MODEL = Path.of("src/test/resources/golden/glm-4-9b-chat");
  private static final int PROMPT = 2_040;
  private static final int DECODED = 14; // beyond the third span's first key
  private static final int[] TOKENS = new Random(5).ints(PROMPT + DECODED, 0, 250).toArray();

  /// The logits after each decoded token, computed with `threads` threads, the prompt in steps of
  /// `chunk` tokens, beside `others` short sequences.
  private static List<float[]> logits(KvCacheType cacheType, int threads, int chunk, int others) {
    List<float[]> result = new ArrayList<>();
    try (Model model = ModelLoader.load(MODEL);
        WorkerPool workers = new WorkerPool("long", threads);
        PagedKvCache cache = cache(model.config(), cacheType)) {
      Transformer transformer =
          new Transformer(
              model.config(),
              model.weights(),
              cache,
              workers,
              MatMul.of(KernelChoice.AUTO),
              chunk + others,
              1 + others);
      BlockTable blocks = BlockTable.reserve(cache.pool(), TOKENS.length);
      List<BlockTable> neighbours = new ArrayList<>();
      for (int i = 0; i < others; i++) {
        neighbours.add(BlockTable.reserve(cache.pool(), DECODED));
      }
      for (int start = 0; start < PROMPT; start += chunk) {
        ForwardBatch batch = transformer.newBatch();
        batch.add(TOKENS, start, Math.min(chunk, PROMPT - start), blocks);
        transformer.forward(batch);
      }
      for (int i = 0; i < DECODED; i++) {
        ForwardBatch batch = transformer.newBatch();
        for (BlockTable table : neighbours) {
          batch.add(TOKENS, i, 1, table);
        }
        batch.add(TOKENS, PROMPT + i, 1, blocks);
        int row = batch.wantLogits(1);
        FloatMatrix logits = transformer.forward(batch);
        int offset = logits.offset(row);
        result.add(Arrays.copyOfRange(logits.values(), offset, offset + logits.columns()));
      }
    }
    return result;
  }

  private static PagedKvCache cache(ModelConfig config, KvCacheType type) {
    return new PagedKvCache(type, config.layers(), config.keyValueHeads(), config.headSize(), 150);
  }

  @ParameterizedTest
  @EnumSource
  void bitsDoNotDependOnHowManyThreadsShareASequence(KvCacheType cacheType) {
    List<float[]> alone = logits(cacheType, 1, 256, 0);
    for (int threads = 2; threads <= 4; threads++) {
      // Three chunks of rows and two heads: more than there are states for two spans at a time.
      assertThat(logits(cacheType, threads, 24, 0))
          .as("%d threads", threads)
          .usingElementComparator(Arrays::compare)
          .isEqualTo(alone);
    }
  }

  @Test
  void bitsDoNotDependOnTheOtherSequencesOfAStep() {
    List<float[]> alone = logits(KvCacheType.FLOAT16, 1, 256, 0);
    assertThat(logits(KvCacheType.FLOAT16, 2, 100, 9))
        .usingElementComparator(Arrays::compare)
        .isEqualTo(alone);
  }
}
