package org.glmspark.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.glmspark.sampling.SamplingParameters;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Requests of random lengths, a third of which are cancelled at random moments, in a cache that
/// holds but a few of them.
class ManyRequestsTest {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final long CACHE_BYTES = 250_000; // 40 blocks
  private static final int AT_ONCE = 60;

  private final Random random = new Random(1);
  private final Queue<CompletableFuture<?>> open = new ArrayDeque<>();
  private final PriorityQueue<Cancellation> cancellations = new PriorityQueue<>();
  private int submitted;
  private int cancelled;

  /// @param moment before which submission
  private record Cancellation(int moment, CompletableFuture<?> request)
      implements Comparable<Cancellation> {
    @Override
    public int compareTo(Cancellation other) {
      return Integer.compare(moment, other.moment);
    }
  }

  private CompletableFuture<?> submit(GenerationEngine engine) {
    int[] prompt = random.ints(1 + random.nextInt(60), 0, 320).toArray();
    Arrays.fill(prompt, 0, random.nextInt(prompt.length), 7); // some begin alike
    return switch (submitted % 5) {
      case 0 ->
          engine.submit(
              new LabelRequest(
                  prompt, List.of(new int[] {1, 2, 3}, new int[] {1}, prompt.clone())));
      case 1 -> engine.submit(new ScoringRequest(Arrays.copyOf(prompt, prompt.length + 5), 1));
      default ->
          engine.submit(
              new GenerationRequest(
                  prompt,
                  SamplingParameters.builder()
                      .maxTokens(1 + random.nextInt(90))
                      .temperature(1)
                      .build()));
    };
  }

  private void run(GenerationEngine engine, int requests) {
    for (int end = submitted + requests; submitted < end; submitted++) {
      CompletableFuture<?> request = submit(engine);
      if (random.nextInt(3) == 0) {
        int moment = submitted + random.nextInt(AT_ONCE);
        cancellations.add(new Cancellation(moment, request));
      } else {
        open.add(request);
      }
      cancelUntil(submitted);
      if (open.size() > AT_ONCE) {
        open.remove().join();
      }
    }
  }

  private void cancelUntil(int moment) {
    while (!cancellations.isEmpty() && cancellations.peek().moment() <= moment) {
      if (cancellations.remove().request().cancel(true)) {
        cancelled++;
      }
    }
  }

  /// Cancels what is to be cancelled, waits for the others and for the engine to see that.
  private void finish(GenerationEngine engine) {
    cancelUntil(Integer.MAX_VALUE);
    open.forEach(CompletableFuture::join);
    open.clear();
    while (engine.stats().running() + engine.stats().waiting() > 0) {
      Thread.onSpinWait();
    }
  }

  private static GenerationEngine engine() {
    return new GenerationEngine(
        TinyModel.of(List.of(17)),
        EngineOptions.defaults()
            .withThreads(2)
            .withMaxBatch(16)
            .withStepTokens(64)
            .withKvCacheBytes(CACHE_BYTES));
  }

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("glm-"))
        .count();
  }

  @Test
  void leaveNothingBehind() {
    long before = threads();
    try (GenerationEngine engine = engine()) {
      run(engine, 500);
      finish(engine);

      EngineStats stats = engine.stats();
      assertThat(stats.blocksUsed()).isZero();
      assertThat(stats.blocksTotal()).isEqualTo(40);
      assertThat(stats.preemptions()).isPositive();
      assertThat(stats.prefixTokens()).isPositive();
      assertThat(cancelled).isGreaterThan(80);
    }
    assertThat(threads()).isEqualTo(before);
  }

  @Test
  void tellEachTokenOnceAlsoWhenItIsComputedAgain() {
    try (GenerationEngine engine = engine()) {
      List<AtomicInteger> prompts = new ArrayList<>();
      List<AtomicInteger> completions = new ArrayList<>();
      List<CompletableFuture<GenerationResult>> results = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        int[] prompt = random.ints(1 + random.nextInt(150), 0, 320).toArray();
        var ofPrompt = new AtomicInteger();
        var ofCompletion = new AtomicInteger();
        results.add(
            engine.submit(
                new GenerationRequest(prompt, SamplingParameters.greedy(90)),
                (computed, drawn) -> {
                  ofPrompt.addAndGet(computed);
                  ofCompletion.addAndGet(drawn);
                }));
        prompts.add(ofPrompt);
        completions.add(ofCompletion);
      }

      for (int i = 0; i < results.size(); i++) {
        GenerationResult.Usage usage = results.get(i).join().usage();
        assertThat(prompts.get(i)).hasValue(usage.prompt());
        assertThat(completions.get(i)).hasValue(usage.completion());
      }
      assertThat(engine.stats().preemptions()).isPositive();
    }
  }

  @Test
  @Tag("proof")
  void takeNoMoreMemoryAfterTheFirstThousand() throws IOException {
    assumeThat(STATUS).as("resident memory is read from Linux").exists();
    try (GenerationEngine engine = engine()) {
      run(engine, 1000);
      finish(engine);
      long first = residentBytes();
      run(engine, 9000);
      finish(engine);

      assertThat(engine.stats().blocksUsed()).isZero();
      assertThat(residentBytes()).isLessThan(first + (64L << 20));
    }
  }

  /// With the garbage of the heap collected, whose size would be chance.
  private static long residentBytes() throws IOException {
    System.gc();
    return Files.readAllLines(STATUS).stream()
            .filter(line -> line.startsWith("VmRSS:"))
            .map(line -> line.replaceAll("\\D", ""))
            .mapToLong(Long::parseLong)
            .sum()
        * 1024;
  }
}
