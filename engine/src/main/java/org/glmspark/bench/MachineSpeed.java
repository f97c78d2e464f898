package org.glmspark.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.glmspark.kernel.MachineCeilings;
import org.glmspark.kernel.x86.Ceilings;
import org.glmspark.kernel.x86.InstructionSet;
import org.glmspark.kernel.x86.Int8Kernels;
import org.glmspark.kernel.x86.UnavailableException;
import org.glmspark.parallel.WorkerPool;
import org.jspecify.annotations.Nullable;

/// What all threads together can do at best, in a second: a measurement's ceilings.
///
/// @param int8Operations multiplications and additions of int8 on registers, by the instructions
///   that the fastest kernels of this machine use; 0 if it runs no assembled kernels
/// @param floatOperations multiplications and additions of float32 on registers
/// @param readBytes bytes read from memory
public record MachineSpeed(double int8Operations, double floatOperations, double readBytes) {
  // Each run takes some tenths of a second, as what is compared with it: for some milliseconds a
  // processor runs faster than it can for long.
  private static final int FLOAT_ROUNDS = 80_000_000;
  private static final long INT8_ROUNDS = 80_000_000;
  private static final int READ_PASSES = 8;
  private static final int RUNS = 6;

  /// More than any cache holds.
  private static final long READ_BYTES = 1L << 29;

  private static final long READ_PART = 1L << 22;

  /// Work on one item; returns how many operations or bytes that was.
  @FunctionalInterface
  private interface Loop {
    long run(int item);
  }

  /// Measures this machine, for some ten seconds.
  public static MachineSpeed measure(WorkerPool workers) {
    var sink = new AtomicLong(); // whoever computes for nobody is optimised away
    Ceilings assembled = assembled();
    double floats =
        best(
            workers,
            workers.threads(),
            worker -> {
              float x = MachineCeilings.multiplyAdd(FLOAT_ROUNDS, 0.5f / (worker + 1));
              sink.addAndGet(Float.floatToRawIntBits(x));
              return MachineCeilings.multiplyAddOperations(FLOAT_ROUNDS);
            });
    double int8 =
        assembled == null
            ? 0
            : best(workers, workers.threads(), _ -> 2 * assembled.multiplyAdd(INT8_ROUNDS));
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(READ_BYTES, 64);
      memory.fill((byte) 1); // pages that were never written are all the same one
      List<MemorySegment> parts =
          memory.elements(MemoryLayout.sequenceLayout(READ_PART, ValueLayout.JAVA_BYTE)).toList();
      int items = READ_PASSES * parts.size();
      double read =
          best(
              workers,
              items,
              item -> {
                sink.addAndGet(MachineCeilings.read(parts.get(item % parts.size())));
                return READ_PART;
              });
      if (assembled != null) {
        double loop = best(workers, items, item -> assembled.read(parts.get(item % parts.size())));
        read = Math.max(read, loop);
      }
      return new MachineSpeed(int8, floats, read);
    }
  }

  private static @Nullable Ceilings assembled() {
    try {
      InstructionSet set = Int8Kernels.fastest().instructionSet();
      return Ceilings.of(set);
    } catch (UnavailableException e) { // the machine has no such ceiling
      return null;
    }
  }

  /// The most that `items` loops, shared out over the workers, did in a second.
  private static double best(WorkerPool workers, int items, Loop loop) {
    double best = 0;
    for (int run = 0; run < RUNS; run++) {
      var done = new AtomicLong();
      long start = System.nanoTime();
      workers.forEach(items, (item, _) -> done.addAndGet(loop.run(item)));
      double seconds = (System.nanoTime() - start) / 1e9;
      best = Math.max(best, done.get() / seconds);
    }
    return best;
  }
}
