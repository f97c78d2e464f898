package org.glmspark.kernel.x86;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.management.ManagementFactory;
import java.lang.management.OperatingSystemMXBean;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.glmspark.kernel.x86.Assembler.Register;

/// Asks the processor what it can do, and the operating system whether it saves the registers.
///
/// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, CPUID; volume 1,
/// 14.3 and 15.2 to 15.4.
@SuppressWarnings("restricted") // calling machine code is what this package is for
final class CpuFeatures {
  private static final FunctionDescriptor CPUID =
      FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS);
  private static final FunctionDescriptor XGETBV = FunctionDescriptor.of(ValueLayout.JAVA_LONG);

  private static final int SSE_AND_AVX_STATE = 0x6;
  private static final int AVX512_STATE = 0xe0; // masks, upper halves, upper 16 registers

  private CpuFeatures() {}

  /// What CPUID answers to one question.
  record Answer(int eax, int ebx, int ecx, int edx) {}

  /// The instruction sets that the kernels can use here.
  ///
  /// @throws UnavailableException if this is no Linux on x86-64, or it runs no assembled code
  static Set<InstructionSet> instructionSets() throws UnavailableException {
    OperatingSystemMXBean system = ManagementFactory.getOperatingSystemMXBean();
    if (!system.getArch().equals("amd64") || !system.getName().equals("Linux")) {
      throw new UnavailableException(
          "this is %s on %s, not Linux on x86-64".formatted(system.getName(), system.getArch()));
    }
    List<MemorySegment> functions = CodeMemory.load(List.of(cpuidCode(), xgetbvCode()));
    Linker linker = Linker.nativeLinker();
    MethodHandle cpuid = linker.downcallHandle(functions.get(0), CPUID);
    Answer basic = ask(cpuid, 0, 0);
    Answer one = ask(cpuid, 1, 0);
    Answer none = new Answer(0, 0, 0, 0);
    Answer seven = basic.eax() >= 7 ? ask(cpuid, 7, 0) : none;
    Answer sevenOne = seven.eax() >= 1 ? ask(cpuid, 7, 1) : none;
    boolean savesState = bit(one.ecx(), 27); // OSXSAVE: XGETBV may be used
    long state = savesState ? extendedState(linker.downcallHandle(functions.get(1), XGETBV)) : 0;
    return instructionSets(one, seven, sevenOne, state);
  }

  /// @param one leaf 1
  /// @param seven leaf 7
  /// @param sevenOne leaf 7, subleaf 1
  /// @param state registers that the operating system saves, XCR0
  static Set<InstructionSet> instructionSets(
      Answer one, Answer seven, Answer sevenOne, long state) {
    Set<InstructionSet> sets = EnumSet.noneOf(InstructionSet.class);
    boolean fma = bit(one.ecx(), 12);
    boolean f16c = bit(one.ecx(), 29);
    boolean avx2 = bit(seven.ebx(), 5);
    if ((state & SSE_AND_AVX_STATE) == SSE_AND_AVX_STATE && fma && f16c && avx2) {
      sets.add(InstructionSet.AVX2);
      if (bit(sevenOne.eax(), 4)) {
        sets.add(InstructionSet.AVX_VNNI);
      }
      boolean foundation = bit(seven.ebx(), 16);
      boolean bytesAndWords = bit(seven.ebx(), 30);
      boolean vnni = bit(seven.ecx(), 11);
      if ((state & AVX512_STATE) == AVX512_STATE && foundation && bytesAndWords && vnni) {
        sets.add(InstructionSet.AVX512_VNNI);
      }
    }
    return sets;
  }

  private static boolean bit(int word, int number) {
    return (word >> number & 1) == 1;
  }

  private static Answer ask(MethodHandle cpuid, int leaf, int subleaf) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment words = arena.allocate(ValueLayout.JAVA_INT, 4);
      cpuid.invokeExact(leaf, subleaf, words);
      int[] answer = words.toArray(ValueLayout.JAVA_INT);
      return new Answer(answer[0], answer[1], answer[2], answer[3]);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private static long extendedState(MethodHandle xgetbv) {
    try {
      return (long) xgetbv.invokeExact();
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /// `void cpuid(int leaf, int subleaf, int[4] answer)`.
  private static byte[] cpuidCode() {
    var a = new Assembler();
    a.push(Register.RBX); // belongs to the caller
    a.mov(Register.RAX, Register.RDI);
    a.mov(Register.RCX, Register.RSI);
    a.mov(Register.R8, Register.RDX);
    a.cpuid();
    a.store(Register.R8, 0, Register.RAX);
    a.store(Register.R8, 4, Register.RBX);
    a.store(Register.R8, 8, Register.RCX);
    a.store(Register.R8, 12, Register.RDX);
    a.pop(Register.RBX);
    a.ret();
    return a.code();
  }

  /// `long xgetbv()`, register 0.
  private static byte[] xgetbvCode() {
    var a = new Assembler();
    a.mov(Register.RCX, 0);
    a.xgetbv();
    a.shiftLeft(Register.RDX, 32);
    a.or(Register.RAX, Register.RDX);
    a.ret();
    return a.code();
  }
}
