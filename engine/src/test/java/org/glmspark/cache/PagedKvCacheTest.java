package org.glmspark.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.glmspark.tensor.FloatMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

  /// The rule, a number at a time and in double where it is exact; ties, tiny and huge heads.
  @Test
  void int8KeepsAScaleForEachTokenAndHead() {
    int headSize = 32;
    float[] sizes = {1, 0x1p-100f, Math.nextDown(0x1p-100f), 0x1p-149f, 0, 3e38f, 127};
    try (PagedKvCache cache = new PagedKvCache(KvCacheType.INT8, 2, 2, headSize, 2)) {
      assertThat(cache.blockBytes()).isEqualTo(8L * (headSize * 16 + 16 * 4));
      BlockTable table = BlockTable.reserve(cache.pool(), 32);
      Random random = new Random(1);
      for (int position = 0; position < 28; position++) {
        FloatMatrix x = new FloatMatrix(1, 4 * headSize);
        float size = sizes[position % sizes.length];
        for (int i = 0; i < x.columns(); i++) {
          x.values()[i] = (random.nextInt(509) - 254) / 254f * size;
        }
        x.values()[3] = -size;
        x.values()[headSize + 5] = size;

        assertThat(cache.store(1, table, position, x, 0, 0)).isTrue();

        for (int head = 0; head < 2; head++) {
          assertInt8(cache, table, position, false, head, x, head * headSize);
          assertInt8(cache, table, position, true, head, x, (2 + head) * headSize);
        }
      }
    }
  }

  private static void assertInt8(
      PagedKvCache cache,
      BlockTable table,
      int position,
      boolean values,
      int head,
      FloatMatrix x,
      int first) {
    int headSize = 32;
    int slot = position % 16;
    long base =
        table.blocks()[position / 16] * cache.blockBytes()
            + (values ? cache.valueOffset(1, head) : cache.keyOffset(1, head));
    float largest = 0;
    for (int i = 0; i < headSize; i++) {
      largest = Math.max(largest, Math.abs(x.values()[first + i]));
    }
    boolean zero = largest < 0x1p-100f;
    float inverse = 127 / largest;
    assertThat(cache.memory().get(ValueLayout.JAVA_FLOAT, base + headSize * 16L + slot * 4L))
        .isEqualTo(zero ? 0 : largest / 127);
    for (int i = 0; i < headSize; i++) {
      long index = values ? i / 16 * 256L + slot * 16L + i % 16 : i * 16L + slot;
      assertThat(cache.memory().get(ValueLayout.JAVA_BYTE, base + index))
          .isEqualTo(zero ? 0 : (byte) Math.rint(x.values()[first + i] * inverse));
    }
  }

  @Test
  void int8TakesAnyFiniteNumberThatCanBeReadBack() {
    try (PagedKvCache cache = new PagedKvCache(KvCacheType.INT8, 1, 1, 16, 1)) {
      BlockTable table = BlockTable.reserve(cache.pool(), 16);
      FloatMatrix x = new FloatMatrix(1, 32);
      x.values()[31] = 3.3e38f;
      assertThat(cache.store(0, table, 0, x, 0, 0)).isTrue();
      for (float number : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
        x.values()[31] = number;
        assertThat(cache.store(0, table, 0, x, 0, 0)).isFalse();
        x.values()[31] = 0;
        x.values()[0] = -number;
        assertThat(cache.store(0, table, 0, x, 0, 0)).isFalse();
        x.values()[0] = 0;
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

  @Test
  void aCacheInAFileLeavesNothingInTheFolder(@TempDir Path folder) throws IOException {
    try (PagedKvCache cache = PagedKvCache.inFile(KvCacheType.FLOAT32, 3, 2, 48, 500, folder)) {
      assertThat(cache.memory().byteSize()).isEqualTo(500 * cache.blockBytes());
      assertThat(cache.memory().get(ValueLayout.JAVA_LONG, 499 * cache.blockBytes())).isZero();
      FloatMatrix x = new FloatMatrix(1, 4 * 48);
      x.values()[0] = 7;
      BlockTable table = BlockTable.reserve(cache.pool(), 500 * 16);
      assertThat(cache.store(2, table, 499 * 16 + 5, x, 0, 0)).isTrue();
      long key = table.blocks()[499] * cache.blockBytes() + cache.keyOffset(2, 0) + 5 * 4;
      assertThat(cache.memory().get(ValueLayout.JAVA_FLOAT, key)).isEqualTo(7);
    }
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void aFullDiskOrAMissingFolderIsASentence(@TempDir Path folder) throws IOException {
    assertThatThrownBy(
            () -> PagedKvCache.inFile(KvCacheType.FLOAT32, 400_000, 80, 128, 1 << 20, folder))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageStartingWith(folder + ": a key-value cache of ")
        .hasMessageContaining("MB cannot lie here: only ");
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).isEmpty();
    }
    assertThatThrownBy(
            () -> PagedKvCache.inFile(KvCacheType.FLOAT16, 1, 1, 16, 1, folder.resolve("missing")))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("cannot lie here: there is no such folder");
  }
}
