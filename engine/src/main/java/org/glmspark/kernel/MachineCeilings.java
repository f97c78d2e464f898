package org.glmspark.kernel;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorSpecies;

/// Loops that do one thing as fast as one thread of this machine can, to compare kernels with.
public final class MachineCeilings {
  private static final VectorSpecies<Long> LONGS = LongVector.SPECIES_PREFERRED;
  private static final int FMA_CHAINS = 10;

  private MachineCeilings() {}

  /// Reads memory from one end to the other.
  ///
  /// @param data of which whole runs of 1,024 bytes are read
  /// @return a value that depends on every byte, so that no byte can be left out
  public static long read(MemorySegment data) {
    LongVector a = LongVector.zero(LONGS);
    LongVector b = a;
    LongVector c = a;
    LongVector d = a;
    int register = LONGS.vectorByteSize();
    long end = data.byteSize() / 1024 * 1024;
    for (long i = 0; i < end; i += 4L * register) {
      a = a.add(LongVector.fromMemorySegment(LONGS, data, i, ByteOrder.nativeOrder()));
      b = b.add(LongVector.fromMemorySegment(LONGS, data, i + register, ByteOrder.nativeOrder()));
      c =
          c.add(
              LongVector.fromMemorySegment(
                  LONGS, data, i + 2L * register, ByteOrder.nativeOrder()));
      d =
          d.add(
              LongVector.fromMemorySegment(
                  LONGS, data, i + 3L * register, ByteOrder.nativeOrder()));
    }
    LongVector sum = a.add(b).add(c.add(d));
    long result = 0;
    for (int lane = 0; lane < LONGS.length(); lane++) {
      result += sum.lane(lane);
    }
    return result;
  }

  /// Fused multiply-adds of float32 on registers, in as many independent chains as hide their
  /// latency.
  ///
  /// @param x in 0 to 1, so that no number grows
  /// @return a value that depends on every operation
  public static float multiplyAdd(int rounds, float x) {
    FloatVector w = FloatVector.broadcast(Lanes.FLOATS, x);
    FloatVector a = w.mul(0.1f);
    FloatVector b = w.mul(0.2f);
    FloatVector c = w.mul(0.3f);
    FloatVector d = w.mul(0.4f);
    FloatVector e = w.mul(0.5f);
    FloatVector f = w.mul(0.6f);
    FloatVector g = w.mul(0.7f);
    FloatVector h = w.mul(0.8f);
    FloatVector i = w.mul(0.9f);
    FloatVector j = w;
    for (int round = 0; round < rounds; round++) {
      a = a.fma(w, w);
      b = b.fma(w, w);
      c = c.fma(w, w);
      d = d.fma(w, w);
      e = e.fma(w, w);
      f = f.fma(w, w);
      g = g.fma(w, w);
      h = h.fma(w, w);
      i = i.fma(w, w);
      j = j.fma(w, w);
    }
    return a.add(b).add(c).add(d).add(e).add(f).add(g).add(h).add(i).add(j).lane(0);
  }

  /// Multiplications and additions of float32 that `rounds` of [#multiplyAdd] do.
  public static long multiplyAddOperations(int rounds) {
    return 2L * rounds * FMA_CHAINS * Lanes.COUNT;
  }
}
