package org.glmspark.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.ValueLayout;
import org.glmspark.tensor.FloatMatrix;
import org.junit.jupiter.api.Test;

class PagedKvCacheTest {
  @Test
  void storesKeysTransposedAndValuesInPanels() {
    try (PagedKvCache cache = new PagedKvCache(KvCacheType.FLOAT32, 2, 2, 32, 3)) {
      BlockTable table = BlockTable.reserve(cache.pool(), 40);
      FloatMatrix x = new FloatMatrix(1, 5 + 2 * 2 * 32);
      for (int i = 0; i < x.columns(); i++) {
        x.values()[i] = i;
      }

      assertThat(cache.store(1, table, 35, x, 0, 5)).isTrue();

      long block = table.blocks()[2] * cache.blockBytes();
      for (int head = 0; head < 2; head++) {
        for (int i = 0; i < 32; i++) {
          long key = block + cache.keyOffset(1, head) + (i * 16L + 3) * 4;
          long value = block + cache.valueOffset(1, head) + (i / 16 * 256L + 3 * 16 + i % 16) * 4;
          assertThat(cache.memory().get(ValueLayout.JAVA_FLOAT, key)).isEqualTo(5 + head * 32 + i);
          assertThat(cache.memory().get(ValueLayout.JAVA_FLOAT, value))
              .isEqualTo(5 + 64 + head * 32 + i);
        }
      }
    }
  }

  @Test
  void saysWhenANumberDoesNotFitFloat16() {
    try (PagedKvCache cache = new PagedKvCache(KvCacheType.FLOAT16, 1, 1, 16, 1)) {
      BlockTable table = BlockTable.reserve(cache.pool(), 16);
      FloatMatrix x = new FloatMatrix(1, 32);
      x.values()[31] = 65_519; // rounds to 65,504, the largest
      assertThat(cache.store(0, table, 0, x, 0, 0)).isTrue();
      x.values()[31] = 65_520; // rounds to infinity
      assertThat(cache.store(0, table, 0, x, 0, 0)).isFalse();
      x.values()[31] = 0;
      x.values()[0] = Float.NaN;
      assertThat(cache.store(0, table, 0, x, 0, 0)).isFalse();
    }
  }
}
