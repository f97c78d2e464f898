package org.glmspark.kernel.x86;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;

/// Memory that holds assembled code: written once, then made executable and no longer writable. It
/// stays until the process ends.
///
/// Source: POSIX `mmap` and `mprotect`; the numbers are those of Linux.
@SuppressWarnings("restricted") // calling machine code is what this package is for
final class CodeMemory {
  /// The processor fetches code by lines of this size.
  private static final int ALIGNMENT = 64;

  private static final int READ = 1;
  private static final int WRITE = 2;
  private static final int EXECUTE = 4;
  private static final int PRIVATE_ANONYMOUS = 0x22;
  private static final long FAILED = -1;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      CALL_STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private CodeMemory() {}

  /// Puts functions into executable memory.
  ///
  /// @return their addresses
  /// @throws UnavailableException if the operating system refuses
  static List<MemorySegment> load(List<byte[]> functions) throws UnavailableException {
    List<Long> offsets = new ArrayList<>();
    long size = 0;
    for (byte[] function : functions) {
      offsets.add(size);
      size += Math.ceilDiv(function.length, ALIGNMENT) * (long) ALIGNMENT;
    }
    MemorySegment memory = map(size);
    for (int i = 0; i < functions.size(); i++) {
      byte[] function = functions.get(i);
      MemorySegment.copy(
          function, 0, memory, ValueLayout.JAVA_BYTE, offsets.get(i), function.length);
    }
    protect(memory);
    return offsets.stream().map(memory::asSlice).toList();
  }

  private static MemorySegment map(long size) throws UnavailableException {
    MethodHandle mmap =
        function(
            "mmap",
            FunctionDescriptor.of(
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(CALL_STATE);
      long address =
          (long) mmap.invokeExact(state, 0L, size, READ | WRITE, PRIVATE_ANONYMOUS, -1, 0L);
      if (address == FAILED) {
        throw refused("mmap of %d bytes".formatted(size), state);
      }
      return MemorySegment.ofAddress(address).reinterpret(size);
    } catch (UnavailableException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private static void protect(MemorySegment memory) throws UnavailableException {
    MethodHandle mprotect =
        function(
            "mprotect",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(CALL_STATE);
      int result =
          (int) mprotect.invokeExact(state, memory.address(), memory.byteSize(), READ | EXECUTE);
      if (result != 0) {
        throw refused("making memory executable", state);
      }
    } catch (UnavailableException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private static UnavailableException refused(String what, MemorySegment state) {
    return new UnavailableException(
        "the operating system refused %s, error %d".formatted(what, (int) ERRNO.get(state, 0L)));
  }

  private static MethodHandle function(String name, FunctionDescriptor descriptor)
      throws UnavailableException {
    SymbolLookup lookup = LINKER.defaultLookup();
    MemorySegment address =
        lookup
            .find(name)
            .orElseThrow(
                () -> new UnavailableException("the operating system has no %s".formatted(name)));
    return LINKER.downcallHandle(address, descriptor, Linker.Option.captureCallState("errno"));
  }
}
