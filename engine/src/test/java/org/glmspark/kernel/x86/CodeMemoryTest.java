package org.glmspark.kernel.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CodeMemoryTest {
  private static final Path MAPS = Path.of("/proc/self/maps");

  @BeforeEach
  void isAMachineForAssembledCode() {
    List<InstructionSet> sets;
    try {
      sets = Int8Kernels.available();
    } catch (UnavailableException e) {
      sets = List.of();
    }
    assumeTrue(!sets.isEmpty(), "no assembled code on this machine");
  }

  @Test
  void codeIsExecutableAndNotWritable() throws UnavailableException, IOException {
    List<MemorySegment> functions = CodeMemory.load(List.of(new byte[65], new byte[] {7, 8}));

    assertThat(functions.get(0).address() % 64).isZero();
    assertThat(functions.get(1).address() - functions.get(0).address()).isEqualTo(128);
    assertThat(functions.get(1).get(ValueLayout.JAVA_BYTE, 1)).isEqualTo((byte) 8);
    assertThat(permissions(functions.get(1).address())).isEqualTo("r-xp");
  }

  private static String permissions(long address) throws IOException {
    for (String line : Files.readAllLines(MAPS)) {
      String[] words = line.split(" ", 3); // from-to, permissions
      String[] range = words[0].split("-", 2);
      if (Long.parseUnsignedLong(range[0], 16) <= address
          && address < Long.parseUnsignedLong(range[1], 16)) {
        return words[1];
      }
    }
    throw new AssertionError("no memory at " + address);
  }

  @Test
  void ceilingsCountWhatTheyDo() throws UnavailableException {
    for (InstructionSet set : Int8Kernels.available()) {
      Ceilings ceilings = Ceilings.of(set);
      int width = set == InstructionSet.AVX512_VNNI ? 64 : 32;
      assertThat(ceilings.multiplyAdd(10)).isEqualTo(10L * 12 * width);
      try (Arena arena = Arena.ofConfined()) {
        assertThat(ceilings.read(arena.allocate(1300))).isEqualTo(1024);
        assertThatThrownBy(() -> ceilings.read(arena.allocate(100)))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("expected at least 512 bytes outside the heap");
      }
    }
  }
}
