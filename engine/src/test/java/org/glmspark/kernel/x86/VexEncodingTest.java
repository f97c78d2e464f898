package org.glmspark.kernel.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.glmspark.kernel.x86.Assembler.NONE;

import java.util.function.Consumer;
import java.util.stream.Stream;
import org.glmspark.kernel.x86.Assembler.Memory;
import org.glmspark.kernel.x86.Assembler.Operand;
import org.glmspark.kernel.x86.Assembler.Register;
import org.glmspark.kernel.x86.Assembler.Relation;
import org.glmspark.kernel.x86.Assembler.Repeated;
import org.glmspark.kernel.x86.Assembler.Vector;
import org.glmspark.kernel.x86.Assembler.Width;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Vector instructions of 256 bits, and those of the lowest lane.
class VexEncodingTest {
  private static Consumer<Assembler> emit(
      VectorInstruction instruction, int target, int first, Operand second) {
    return a -> a.emit(Width.YMM, instruction, target, first, second);
  }

  /// VEX by the manual, in three bytes: c4; R̄X̄B̄ map; W v̄v̄v̄v̄ L prefix; opcode; ModRM.
  static Stream<Encoding> encodings() {
    return Stream.of(
        new Encoding(
            "vpdpbusd ymm9, ymm2, ymm12",
            emit(VectorInstruction.VPDPBUSD, 9, 2, new Vector(12)),
            "c4 42 6d 50 cc"),
        new Encoding(
            "vmovups ymm12, [rsp+32]",
            emit(VectorInstruction.VMOVUPS, 12, NONE, new Memory(Register.RSP, 32)),
            "c4 61 7c 10 64 24 20"),
        new Encoding(
            "vmovups [rcx+32], ymm9",
            emit(VectorInstruction.VMOVUPS_STORE, 9, NONE, new Memory(Register.RCX, 32)),
            "c4 61 7c 11 49 20"),
        new Encoding(
            "vmovups [r8], ymm3",
            emit(VectorInstruction.VMOVUPS_STORE, 3, NONE, new Memory(Register.R8, 0)),
            "c4 c1 7c 11 18"),
        new Encoding(
            "vmulps ymm12, ymm11, [rsp+256]",
            emit(VectorInstruction.VMULPS, 12, 11, new Memory(Register.RSP, 256)),
            "c4 61 24 59 a4 24 00010000"),
        new Encoding(
            "vpand ymm4, ymm4, ymm14",
            emit(VectorInstruction.VPAND, 4, 4, new Vector(14)),
            "c4 c1 5d db e6"),
        new Encoding(
            "vpxor ymm8, ymm8, ymm8",
            emit(VectorInstruction.VPXOR, 8, 8, new Vector(8)),
            "c4 41 3d ef c0"),
        new Encoding(
            "vpaddw ymm8, ymm8, ymm9",
            emit(VectorInstruction.VPADDW, 8, 8, new Vector(9)),
            "c4 41 3d fd c1"),
        new Encoding(
            "vpaddd ymm8, ymm8, ymm9",
            emit(VectorInstruction.VPADDD, 8, 8, new Vector(9)),
            "c4 41 3d fe c1"),
        new Encoding(
            "vpmaddwd ymm9, ymm9, ymm15",
            emit(VectorInstruction.VPMADDWD, 9, 9, new Vector(15)),
            "c4 41 35 f5 cf"),
        new Encoding(
            "vpmaddubsw ymm9, ymm1, ymm10",
            emit(VectorInstruction.VPMADDUBSW, 9, 1, new Vector(10)),
            "c4 42 75 04 ca"),
        new Encoding(
            "vpsignb ymm10, ymm10, [rsp+64]",
            emit(VectorInstruction.VPSIGNB, 10, 10, new Memory(Register.RSP, 64)),
            "c4 62 2d 08 54 24 40"),
        new Encoding(
            "vpabsb ymm7, ymm7",
            emit(VectorInstruction.VPABSB, 7, NONE, new Vector(7)),
            "c4 e2 7d 1c ff"),
        new Encoding(
            "vfmsub213ps ymm8, ymm11, ymm12",
            emit(VectorInstruction.VFMSUB213PS, 8, 11, new Vector(12)),
            "c4 42 25 aa c4"),
        new Encoding(
            "vfmadd231ps ymm9, ymm8, ymm10",
            emit(VectorInstruction.VFMADD231PS, 9, 8, new Vector(10)),
            "c4 42 3d b8 ca"),
        new Encoding(
            "vcvtph2ps ymm11, [rdi+272]",
            emit(VectorInstruction.VCVTPH2PS, 11, NONE, new Memory(Register.RDI, 272)),
            "c4 62 7d 13 9f 10010000"),
        new Encoding(
            "vpbroadcastd ymm10, [rsi+4]",
            emit(VectorInstruction.VPBROADCASTD, 10, NONE, new Memory(Register.RSI, 4)),
            "c4 62 7d 58 56 04"),
        new Encoding(
            "vpbroadcastd ymm8, xmm8",
            emit(VectorInstruction.VPBROADCASTD, 8, NONE, new Vector(8)),
            "c4 42 7d 58 c0"),
        new Encoding(
            "vmovss [r10], xmm6", a -> a.vmovss(new Memory(Register.R10, 0), 6), "c4 c1 7a 11 32"),
        new Encoding(
            "vaddps ymm9, ymm9, ymm3",
            emit(VectorInstruction.VADDPS, 9, 9, new Vector(3)),
            "c4 61 34 58 cb"),
        new Encoding(
            "vsubps ymm2, ymm2, ymm1",
            emit(VectorInstruction.VSUBPS, 2, 2, new Vector(1)),
            "c4 e1 6c 5c d1"),
        new Encoding(
            "vdivps ymm6, ymm4, [rcx+256]",
            emit(VectorInstruction.VDIVPS, 6, 4, new Memory(Register.RCX, 256)),
            "c4 e1 5c 5e b1 00 01 00 00"),
        new Encoding(
            "vmaxps ymm1, ymm1, [rdi+32]",
            emit(VectorInstruction.VMAXPS, 1, 1, new Memory(Register.RDI, 32)),
            "c4 e1 74 5f 4f 20"),
        new Encoding(
            "vfmadd213ps ymm3, ymm6, [r9+960]",
            emit(VectorInstruction.VFMADD213PS, 3, 6, new Memory(Register.R9, 960)),
            "c4 c2 4d a8 99 c0 03 00 00"),
        new Encoding(
            "vcvtdq2ps ymm5, ymm4",
            emit(VectorInstruction.VCVTDQ2PS, 5, NONE, new Vector(4)),
            "c4 e1 7c 5b ec"),
        new Encoding(
            "vpacksswb ymm0, ymm0, ymm2",
            emit(VectorInstruction.VPACKSSWB, 0, 0, new Vector(2)),
            "c4 e1 7d 63 c2"),
        new Encoding(
            "vpackssdw ymm0, ymm0, ymm1",
            emit(VectorInstruction.VPACKSSDW, 0, 0, new Vector(1)),
            "c4 e1 7d 6b c1"),
        new Encoding(
            "vpsubd ymm4, ymm15, ymm4",
            emit(VectorInstruction.VPSUBD, 4, 15, new Vector(4)),
            "c4 e1 05 fa e4"),
        new Encoding(
            "vpermd ymm0, ymm14, ymm0",
            emit(VectorInstruction.VPERMD, 0, 14, new Vector(0)),
            "c4 e2 0d 36 c0"),
        new Encoding(
            "vpmaxsd ymm4, ymm4, ymm5",
            emit(VectorInstruction.VPMAXSD, 4, 4, new Vector(5)),
            "c4 e2 5d 3d e5"),
        new Encoding(
            "vpmulld ymm4, ymm4, ymm13",
            emit(VectorInstruction.VPMULLD, 4, 4, new Vector(13)),
            "c4 c2 5d 40 e5"),
        new Encoding(
            "vpslld ymm4, ymm9, 23", a -> a.vpslld(Width.YMM, 4, 9, 23), "c4 c1 5d 72 f1 17"),
        new Encoding(
            "vcmpnlt_uqps ymm5, ymm4, [rcx+192]",
            a -> a.compare(5, 4, Relation.NOT_LESS, new Memory(Register.RCX, 192)),
            "c4 e1 5c c2 a9 c0 00 00 00 15"),
        new Encoding(
            "vcmpgt_oqps ymm5, ymm2, [r9+512]; vblendvps ymm3, ymm3, [r9+448], ymm5",
            a ->
                a.select(
                    Width.YMM,
                    3,
                    new Memory(Register.R9, 448),
                    2,
                    Relation.GREATER,
                    new Memory(Register.R9, 512),
                    5),
            "c4 c1 6c c2 a9 00 02 00 00 1e c4 c3 65 4a 99 c0 01 00 00 50"),
        new Encoding(
            "vperm2f128 ymm5, ymm4, ymm4, 1; ...",
            a -> a.combineLanes(Width.YMM, VectorInstruction.VPMAXSD, 4, 5),
            "c4 e3 5d 06 ec 01 c4 e2 5d 3d e5 c4 e1 7d 70 ec 4e c4 e2 5d 3d e5 c4 e1 7d 70 ec b1 c4 e2 5d 3d e5"),
        new Encoding(
            "vpsrlw ymm4, ymm0, 4", a -> a.vpsrlw(Width.YMM, 4, 0, 4), "c4 e1 5d 71 d0 04"),
        new Encoding("vmovd xmm15, eax", a -> a.vmovd(15, Register.RAX), "c4 61 79 6e f8"),
        new Encoding("vmovd xmm3, r9d", a -> a.vmovd(3, Register.R9), "c4 c1 79 6e d9"),
        new Encoding("vzeroupper", Assembler::vzeroupper, "c5 f8 77"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("encodings")
  void hasTheBytesOfTheManual(Encoding encoding) {
    assertThat(encoding.assembled()).isEqualTo(encoding.bytes());
  }

  @Test
  void refusesWhatHas512BitsOnly() {
    var assembler = new Assembler();
    var repeated = new Repeated(Register.RSI, 0);
    assertThatThrownBy(() -> assembler.emit(Width.YMM, VectorInstruction.VPADDD, 0, 0, repeated))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("VPADDD has this operand only with 512 bits");
  }
}
