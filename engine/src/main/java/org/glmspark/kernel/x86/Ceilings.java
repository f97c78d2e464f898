package org.glmspark.kernel.x86;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.List;
import org.glmspark.kernel.x86.Assembler.Memory;
import org.glmspark.kernel.x86.Assembler.Register;
import org.glmspark.kernel.x86.Assembler.Vector;
import org.glmspark.kernel.x86.Assembler.Width;

/// Loops that do nothing but what a product cannot do without, to measure what a machine could
/// reach: multiply and add int8 on registers, and read memory. Each runs on the calling thread;
/// whoever measures runs one on every thread at the same time and takes the time.
@SuppressWarnings("restricted") // calling machine code is what this package is for
public final class Ceilings {
  private static final FunctionDescriptor MULTIPLY_ADD =
      FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG);
  private static final FunctionDescriptor READ =
      FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG);

  /// Independent sums: more than an instruction's latency times the instructions a cycle.
  private static final int SUMS = 12;

  private static final int READ_AT_ONCE = 512;
  private static final int PREFETCH_BYTES = 2048;

  private final MethodHandle multiplyAdd;
  private final MethodHandle read;
  private final int multiplyAddsOfRound;

  private Ceilings(InstructionSet set) throws UnavailableException {
    Width width = set == InstructionSet.AVX512_VNNI ? Width.ZMM : Width.YMM;
    List<MemorySegment> functions =
        CodeMemory.load(List.of(multiplyAddCode(set, width), readCode(width)));
    Linker linker = Linker.nativeLinker();
    this.multiplyAdd = linker.downcallHandle(functions.get(0), MULTIPLY_ADD);
    this.read = linker.downcallHandle(functions.get(1), READ);
    this.multiplyAddsOfRound = SUMS * width.bytes;
  }

  /// The loops for one instruction set.
  ///
  /// @param set one of [Int8Kernels#available]
  /// @throws UnavailableException if code memory is refused
  public static Ceilings of(InstructionSet set) throws UnavailableException {
    return new Ceilings(set);
  }

  /// Multiplies and adds int8 on registers, as the kernels for this instruction set do.
  ///
  /// @return how many products of two int8 were computed and added
  public long multiplyAdd(long rounds) {
    try {
      multiplyAdd.invokeExact(rounds);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
    return rounds * multiplyAddsOfRound;
  }

  /// Reads memory from its start to its end into registers.
  ///
  /// @param memory outside the heap
  /// @return how many bytes were read: the size, less what does not fill a round of 512
  public long read(MemorySegment memory) {
    if (!memory.isNative() || memory.byteSize() < READ_AT_ONCE) {
      throw new IllegalArgumentException(
          "%s, expected at least %d bytes outside the heap".formatted(memory, READ_AT_ONCE));
    }
    long rounds = memory.byteSize() / READ_AT_ONCE;
    try {
      read.invokeExact(memory.address(), rounds);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    } finally {
      Reference.reachabilityFence(memory);
    }
    return rounds * READ_AT_ONCE;
  }

  /// `void (long rounds)`. What the registers hold does not matter to integers.
  private static byte[] multiplyAddCode(InstructionSet set, Width width) {
    var a = new Assembler();
    var weights = 13;
    var activations = new Vector(14);
    var product = new Vector(15);
    int round = a.position();
    for (int sum = 0; sum < SUMS; sum++) {
      switch (set) {
        case AVX512_VNNI, AVX_VNNI ->
            a.emit(width, VectorInstruction.VPDPBUSD, sum, weights, activations);
        case AVX2 -> {
          a.emit(width, VectorInstruction.VPMADDUBSW, product.number(), weights, activations);
          a.emit(
              width, VectorInstruction.VPMADDWD, product.number(), product.number(), activations);
          a.emit(width, VectorInstruction.VPADDD, sum, sum, product);
        }
      }
    }
    a.decrement(Register.RDI);
    a.jumpIfNotZero(round);
    a.vzeroupper();
    a.ret();
    return a.code();
  }

  /// `void (address, long rounds)`.
  private static byte[] readCode(Width width) {
    var a = new Assembler();
    int round = a.position();
    for (int offset = 0; offset < READ_AT_ONCE; offset += 64) {
      a.prefetch(Register.RDI, PREFETCH_BYTES + offset);
    }
    for (int offset = 0; offset < READ_AT_ONCE; offset += width.bytes) {
      int register = offset / width.bytes;
      a.emit(
          width,
          VectorInstruction.VMOVUPS,
          register,
          Assembler.NONE,
          new Memory(Register.RDI, offset));
    }
    a.add(Register.RDI, READ_AT_ONCE);
    a.decrement(Register.RSI);
    a.jumpIfNotZero(round);
    a.vzeroupper();
    a.ret();
    return a.code();
  }
}
