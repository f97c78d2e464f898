package org.glmspark.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;
import org.glmspark.kernel.MachineCeilings;
import org.glmspark.parallel.WorkerPool;

/// What all threads together can do at best, in a second.
///
/// @param floatOperations multiplications and additions of float32, on registers
/// @param readBytes bytes read from memory
public record MachineSpeed(double floatOperations, double readBytes) {
  private static final int ROUNDS = 4_000_000;
  private static final int RUNS = 6;

  /// More than any cache holds.
  private static final long READ_BYTES = 1L << 29;

  private static final long READ_PART = 1L << 22;

  /// Measures this machine, for about two seconds.
  public static MachineSpeed measure(WorkerPool workers) {
    var sink = new AtomicLong(); // whoever computes for nobody is optimised away
    double floatSeconds =
        bestSeconds(
            workers,
            worker ->
                sink.addAndGet(
                    Float.floatToRawIntBits(
                        MachineCeilings.multiplyAdd(ROUNDS, 0.5f / (worker + 1)))));
    double floatOperations =
        workers.threads() * MachineCeilings.multiplyAddOperations(ROUNDS) / floatSeconds;
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(READ_BYTES, 64);
      memory.fill((byte) 1); // pages that were never written are all the same one
      double readSeconds = Double.POSITIVE_INFINITY;
      for (int run = 0; run < RUNS; run++) {
        long start = System.nanoTime();
        workers.forEach(
            (int) (READ_BYTES / READ_PART),
            (item, _) ->
                sink.addAndGet(
                    MachineCeilings.read(memory.asSlice(item * READ_PART, READ_PART))));
        readSeconds = Math.min(readSeconds, seconds(start));
      }
      return new MachineSpeed(floatOperations, READ_BYTES / readSeconds);
    }
  }

  private static double bestSeconds(WorkerPool workers, IntConsumer loop) {
    double best = Double.POSITIVE_INFINITY;
    for (int run = 0; run < RUNS; run++) {
      long start = System.nanoTime();
      workers.forEach(workers.threads(), (_, worker) -> loop.accept(worker));
      best = Math.min(best, seconds(start));
    }
    return best;
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }
}
