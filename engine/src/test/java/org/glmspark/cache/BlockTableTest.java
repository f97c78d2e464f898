package org.glmspark.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlockTableTest {
  private static final int BLOCK = PagedKvCache.BLOCK_TOKENS;

  private static int[] tokens(int seed, int length) {
    return new Random(seed).ints(length, 0, 1000).toArray();
  }

  /// A table of a sequence that was computed by itself.
  private static BlockTable computed(BlockPool pool, int[] tokens) {
    BlockTable table = BlockTable.reserve(pool, tokens.length);
    table.makeKnown(tokens, tokens.length);
    return table;
  }

  private static List<Integer> blocks(BlockTable table, int count) {
    return Arrays.stream(table.blocks()).limit(count).boxed().toList();
  }

  @Test
  void growsBlockByBlockAndTakesNoneIfThereAreTooFew() {
    BlockPool pool = new BlockPool(5);
    BlockTable first = new BlockTable(pool);
    assertThat(first.grow(0)).isTrue();
    assertThat(pool.free()).isEqualTo(5);
    assertThat(first.grow(BLOCK)).isTrue();
    assertThat(first.grow(BLOCK)).isTrue();
    assertThat(pool.free()).isEqualTo(4);
    assertThat(first.grow(BLOCK + 1)).isTrue();
    BlockTable second = BlockTable.reserve(pool, 2 * BLOCK);

    assertThat(first.grow(4 * BLOCK)).isFalse();
    assertThat(pool.free()).isEqualTo(1);
    assertThatThrownBy(() -> second.reserve(4 * BLOCK))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("2 blocks wanted, 1 free");
    assertThat(blocks(first, 2)).doesNotContainAnyElementsOf(blocks(second, 2));

    first.close();
    first.close();
    assertThat(pool.free()).isEqualTo(3);
    assertThat(second.grow(5 * BLOCK)).isTrue();
  }

  @Test
  void takesTheFullBlocksOfASequenceThatBeginsTheSame() {
    BlockPool pool = new BlockPool(20);
    int[] first = tokens(1, 5 * BLOCK + 3);
    int[] second = first.clone();
    second[3 * BLOCK + 7]++;
    BlockTable one = computed(pool, first);

    BlockTable two = new BlockTable(pool);
    assertThat(two.takeKnown(second, 0, second.length)).isEqualTo(3 * BLOCK);
    assertThat(blocks(two, 3)).isEqualTo(blocks(one, 3));
    two.reserve(second.length);
    assertThat(pool.free()).isEqualTo(20 - 6 - 3);

    BlockTable three = new BlockTable(pool);
    assertThat(three.takeKnown(first, 0, 5 * BLOCK - 1)).isEqualTo(4 * BLOCK);
    BlockTable four = new BlockTable(pool);
    int[] shifted = Arrays.copyOfRange(first, BLOCK, first.length);
    assertThat(four.takeKnown(shifted, 0, shifted.length)).isZero(); // the same, but elsewhere
  }

  @Test
  void aBlockThatIsComputedTwiceIsKeptOnce() {
    BlockPool pool = new BlockPool(20);
    int[] tokens = tokens(1, 3 * BLOCK);
    BlockTable one = BlockTable.reserve(pool, tokens.length);
    BlockTable two = BlockTable.reserve(pool, tokens.length);

    one.makeKnown(tokens, 2 * BLOCK + 1);
    two.makeKnown(tokens, 2 * BLOCK + 5);

    assertThat(blocks(two, 2)).isEqualTo(blocks(one, 2));
    assertThat(pool.free()).isEqualTo(20 - 4);
    two.close();
    one.close();
    assertThat(pool.free()).isEqualTo(20);
  }

  @Test
  void whatIsFreeIsKnownUntilItIsTakenAndTheEndOfTheLongestUnusedGoesFirst() {
    BlockPool pool = new BlockPool(8);
    int[] old = tokens(1, 3 * BLOCK);
    int[] young = tokens(2, 3 * BLOCK);
    BlockTable first = computed(pool, old);
    BlockTable second = computed(pool, young);
    first.close();
    second.close();
    assertThat(pool.free()).isEqualTo(8);

    BlockTable other = BlockTable.reserve(pool, 4 * BLOCK); // two without use, two of the old
    assertThat(new BlockTable(pool).takeKnown(old, 0, old.length)).isEqualTo(BLOCK);
    assertThat(new BlockTable(pool).takeKnown(young, 0, young.length)).isEqualTo(3 * BLOCK);
    assertThat(pool.free()).isZero();
    other.close();
    assertThat(pool.free()).isEqualTo(4);
  }

  @Test
  void aForkSharesAllBlocksUntilItWrites() {
    try (PagedKvCache cache = new PagedKvCache(KvCacheType.FLOAT32, 1, 1, 16, 4)) {
      BlockTable whole = BlockTable.reserve(cache.pool(), BLOCK + 5);
      cache.memory().asSlice(whole.blocks()[1] * cache.blockBytes(), 4).fill((byte) 7);

      BlockTable fork = whole.fork();
      assertThat(cache.pool().free()).isEqualTo(2);
      assertThat(fork.isShared(BLOCK + 5)).isTrue();
      assertThat(fork.isShared(2 * BLOCK)).isFalse();
      cache.makeWritable(fork, BLOCK + 5);

      assertThat(fork.blocks()[0]).isEqualTo(whole.blocks()[0]);
      assertThat(fork.blocks()[1]).isNotEqualTo(whole.blocks()[1]);
      assertThat(
              cache
                  .memory()
                  .asSlice(fork.blocks()[1] * cache.blockBytes(), cache.blockBytes())
                  .mismatch(
                      cache
                          .memory()
                          .asSlice(whole.blocks()[1] * cache.blockBytes(), cache.blockBytes())))
          .isEqualTo(-1);
      assertThat(whole.isShared(BLOCK + 5)).isFalse();
      whole.close();
      assertThat(cache.pool().free()).isEqualTo(2);
      fork.close();
      assertThat(cache.pool().free()).isEqualTo(4);
    }
  }

  /// A table with what its sequence is, as the scheduler keeps them.
  private static final class Simulated {
    private final int[] tokens;
    private BlockTable table;
    private int computed;

    Simulated(int[] tokens, BlockTable table, int computed) {
      this.tokens = tokens;
      this.table = table;
      this.computed = computed;
    }
  }

  /// What each block holds is remembered beside it: a table must find there what it would have
  /// computed, and nobody else may have been given a block in between.
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(ints = {1, 2, 3, 4, 5})
  void tablesNeverSeeAnythingButTheirOwnTokens(int seed) {
    Random random = new Random(seed);
    BlockPool pool = new BlockPool(40);
    String[] content = new String[pool.blocks()];
    List<Simulated> all = new ArrayList<>();
    int taken = 0;
    for (int step = 0; step < 20_000; step++) {
      int action = random.nextInt(10);
      if (all.isEmpty() || (action == 0 && all.size() < 12)) {
        int[] tokens = random.ints(1 + random.nextInt(8 * BLOCK), 0, 2).toArray();
        for (int i = 0; i < tokens.length; i++) { // few different blocks, so that many are shared
          tokens[i] = i / BLOCK % 3 == 0 ? 0 : tokens[i / BLOCK * BLOCK];
        }
        Simulated added = new Simulated(tokens, new BlockTable(pool), 0);
        added.computed = added.table.takeKnown(tokens, 0, tokens.length - 1);
        taken += added.computed;
        all.add(added);
      } else if (action == 1) {
        all.remove(random.nextInt(all.size())).table.close();
      } else if (action == 2) {
        Simulated one = all.get(random.nextInt(all.size()));
        one.table.close();
        one.computed = one.table.takeKnown(one.tokens, 0, random.nextInt(one.tokens.length));
      } else {
        Simulated one = all.get(random.nextInt(all.size()));
        int next = Math.min(one.tokens.length, one.computed + random.nextInt(2 * BLOCK));
        if (one.table.grow(next)) {
          for (; one.computed < next; one.computed++) {
            assertThat(one.table.isShared(one.computed)).isFalse();
            content[one.table.blocks()[one.computed / BLOCK]] = head(one.tokens, one.computed + 1);
          }
          one.table.makeKnown(one.tokens, one.computed);
        }
      }
      Map<Integer, Integer> held = new HashMap<>();
      for (Simulated one : all) {
        int blocks = BlockTable.blocksFor(one.computed);
        for (int block : blocks(one.table, blocks)) {
          held.merge(block, 1, Integer::sum);
        }
        for (int i = 0; i < blocks; i++) {
          int end = Math.min(one.computed, (i + 1) * BLOCK);
          assertThat(content[one.table.blocks()[i]]).isEqualTo(head(one.tokens, end));
        }
      }
      assertThat(pool.free()).isEqualTo(pool.blocks() - held.size());
    }
    assertThat(taken).isGreaterThan(1000);
    all.forEach(one -> one.table.close());
    assertThat(pool.free()).isEqualTo(pool.blocks());
    assertThat(IntStream.range(0, 40).map(i -> pool.take()).distinct().count()).isEqualTo(40);
  }

  private static String head(int[] tokens, int end) {
    return Arrays.toString(Arrays.copyOf(tokens, end));
  }
}
