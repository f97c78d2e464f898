package org.glmspark.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkerPoolTest {
  @ParameterizedTest(name = "{0} threads")
  @ValueSource(ints = {1, 2, 5})
  void runsEveryItemOnceAndNeverTwoOfOneWorkerAtATime(int threads) {
    try (WorkerPool pool = new WorkerPool("test", threads)) {
      AtomicIntegerArray busy = new AtomicIntegerArray(threads);
      for (int loop = 0; loop < 2_000; loop++) {
        int items = loop % 37;
        AtomicIntegerArray runs = new AtomicIntegerArray(items + 1);
        pool.forEach(
            items,
            (item, worker) -> {
              if (busy.incrementAndGet(worker) != 1) {
                throw new IllegalStateException("two items of worker " + worker);
              }
              runs.incrementAndGet(item);
              busy.decrementAndGet(worker);
            });
        for (int item = 0; item < items; item++) {
          assertThat(runs.get(item)).isEqualTo(1);
        }
      }
    }
  }

  @Test
  void throwsWhatAnItemThrewAndGoesOnWorking() {
    try (WorkerPool pool = new WorkerPool("test", 3)) {
      for (int failing = 0; failing < 50; failing++) {
        int bad = failing;
        assertThatThrownBy(() ->
                pool.forEach(
                    50,
                    (item, _) -> {
                      if (item == bad) {
                        throw new IllegalStateException("item " + item);
                      }
                    }))
            .isInstanceOf(IllegalStateException.class)
            .hasMessage("item " + bad);
      }
      AtomicIntegerArray runs = new AtomicIntegerArray(1);
      pool.forEach(100, (_, _) -> runs.incrementAndGet(0));
      assertThat(runs.get(0)).isEqualTo(100);
    }
  }

  private static List<Thread> threads(String name) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith(name))
        .toList();
  }

  @Test
  @Timeout(60)
  void threadsWithoutWorkRestAndEndWithThePool() {
    List<Thread> helpers;
    try (WorkerPool pool = new WorkerPool("resting", 3)) {
      pool.forEach(100, (_, _) -> Thread.onSpinWait());
      helpers = threads("resting");
      assertThat(helpers).hasSize(2);
      for (Thread helper : helpers) {
        while (helper.getState() != Thread.State.WAITING) {
          Thread.onSpinWait();
        }
      }
    }
    assertThat(helpers).noneMatch(Thread::isAlive);
  }
}
