package org.glmspark.kernel.x86;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.glmspark.kernel.x86.CpuFeatures.Answer;
import org.junit.jupiter.api.Test;

class CpuFeaturesTest {
  private static final Answer NONE = new Answer(0, 0, 0, 0);
  private static final Answer FMA_OSXSAVE_F16C = new Answer(0, 0, 1 << 12 | 1 << 27 | 1 << 29, 0);
  private static final int AVX2 = 1 << 5;
  private static final int AVX512_F_BW = 1 << 16 | 1 << 30;
  private static final int VNNI = 1 << 11;
  private static final Answer AVX_VNNI = new Answer(1 << 4, 0, 0, 0);
  private static final long AVX_STATE = 0x7;
  private static final long AVX512_STATE = 0xe7;

  @Test
  void findsWhatProcessorAndSystemHave() {
    Answer server = new Answer(1, AVX2 | AVX512_F_BW, VNNI, 0);

    assertThat(CpuFeatures.instructionSets(FMA_OSXSAVE_F16C, server, AVX_VNNI, AVX512_STATE))
        .containsExactly(InstructionSet.AVX512_VNNI, InstructionSet.AVX_VNNI, InstructionSet.AVX2);
    assertThat(CpuFeatures.instructionSets(FMA_OSXSAVE_F16C, server, NONE, AVX512_STATE))
        .containsExactly(InstructionSet.AVX512_VNNI, InstructionSet.AVX2);
  }

  @Test
  void countsOnNoRegistersThatTheSystemDoesNotSave() {
    Answer server = new Answer(1, AVX2 | AVX512_F_BW, VNNI, 0);

    assertThat(CpuFeatures.instructionSets(FMA_OSXSAVE_F16C, server, AVX_VNNI, AVX_STATE))
        .containsExactly(InstructionSet.AVX_VNNI, InstructionSet.AVX2);
    assertThat(CpuFeatures.instructionSets(FMA_OSXSAVE_F16C, server, AVX_VNNI, 0x3)).isEmpty();
  }

  @Test
  void needsEveryInstruction() {
    Answer withoutVnni = new Answer(0, AVX2 | AVX512_F_BW, 0, 0);
    Answer withoutBytes = new Answer(0, AVX2 | 1 << 16, VNNI, 0);
    Answer withoutF16c = new Answer(0, 0, 1 << 12 | 1 << 27, 0);

    assertThat(CpuFeatures.instructionSets(FMA_OSXSAVE_F16C, withoutVnni, NONE, AVX512_STATE))
        .isEqualTo(Set.of(InstructionSet.AVX2));
    assertThat(CpuFeatures.instructionSets(FMA_OSXSAVE_F16C, withoutBytes, NONE, AVX512_STATE))
        .isEqualTo(Set.of(InstructionSet.AVX2));
    assertThat(CpuFeatures.instructionSets(withoutF16c, withoutVnni, AVX_VNNI, AVX512_STATE))
        .isEmpty();
  }
}
