package org.glmspark.kernel.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.glmspark.kernel.x86.Assembler.NONE;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.HexFormat;
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
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class AssemblerTest {
  private static Arguments zmm(
      String text,
      VectorInstruction instruction,
      int target,
      int first,
      Operand second,
      String hex) {
    return instruction(text, a -> a.emit(Width.ZMM, instruction, target, first, second), hex);
  }

  private static Arguments ymm(
      String text,
      VectorInstruction instruction,
      int target,
      int first,
      Operand second,
      String hex) {
    return instruction(text, a -> a.emit(Width.YMM, instruction, target, first, second), hex);
  }

  private static Arguments instruction(String text, Consumer<Assembler> call, String hex) {
    return arguments(text, call, hex);
  }

  /// EVEX by the manual: 62; R̄X̄B̄R̄' 0 map; W v̄v̄v̄v̄ 1 prefix; 0 10 b V̄' 000; opcode; ModRM; a
  /// displacement of one byte counts 64, 32 or 4 bytes.
  static Stream<Arguments> evex() {
    Register rsi = Register.RSI;
    return Stream.of(
        zmm(
            "vpdpbusd zmm20, zmm3, [rsi+384]{1to16}",
            VectorInstruction.VPDPBUSD,
            20,
            3,
            new Repeated(rsi, 384),
            "62 e2 65 58 50 66 60"),
        zmm(
            "vpdpbusd zmm8, zmm1, [rsi+1028]{1to16}",
            VectorInstruction.VPDPBUSD,
            8,
            1,
            new Repeated(rsi, 1028),
            "62 72 75 58 50 86 04040000"),
        zmm(
            "vpdpbusd zmm20, zmm30, zmm17",
            VectorInstruction.VPDPBUSD,
            20,
            30,
            new Vector(17),
            "62 a2 0d 40 50 e1"),
        zmm(
            "vmovups zmm31, [rdi+64]",
            VectorInstruction.VMOVUPS,
            31,
            NONE,
            new Memory(Register.RDI, 64),
            "62 61 7c 48 10 7f 01"),
        zmm(
            "vmovups zmm1, [rdi]",
            VectorInstruction.VMOVUPS,
            1,
            NONE,
            new Memory(Register.RDI, 0),
            "62 f1 7c 48 10 0f"),
        zmm(
            "vmovups zmm9, [r8+100]",
            VectorInstruction.VMOVUPS,
            9,
            NONE,
            new Memory(Register.R8, 100),
            "62 51 7c 48 10 88 64000000"),
        zmm(
            "vmovups [rcx], zmm20",
            VectorInstruction.VMOVUPS_STORE,
            20,
            NONE,
            new Memory(Register.RCX, 0),
            "62 e1 7c 48 11 21"),
        zmm(
            "vmulps zmm1, zmm0, [rsp-4]{1to16}",
            VectorInstruction.VMULPS,
            1,
            0,
            new Repeated(Register.RSP, -4),
            "62 f1 7c 58 59 4c 24 ff"),
        zmm(
            "vmulps zmm18, zmm31, zmm2",
            VectorInstruction.VMULPS,
            18,
            31,
            new Vector(2),
            "62 e1 04 40 59 d2"),
        zmm(
            "vpandd zmm5, zmm21, [rsp-8]{1to16}",
            VectorInstruction.VPAND,
            5,
            21,
            new Repeated(Register.RSP, -8),
            "62 f1 55 50 db 6c 24 fe"),
        zmm(
            "vpxord zmm20, zmm20, zmm20",
            VectorInstruction.VPXOR,
            20,
            20,
            new Vector(20),
            "62 a1 5d 40 ef e4"),
        zmm(
            "vpaddd zmm10, zmm11, zmm28",
            VectorInstruction.VPADDD,
            10,
            11,
            new Vector(28),
            "62 11 25 48 fe d4"),
        zmm(
            "vfmsub213ps zmm8, zmm0, zmm1",
            VectorInstruction.VFMSUB213PS,
            8,
            0,
            new Vector(1),
            "62 72 7d 48 aa c1"),
        zmm(
            "vfmadd231ps zmm31, zmm19, [rsi+480]{1to16}",
            VectorInstruction.VFMADD231PS,
            31,
            19,
            new Repeated(rsi, 480),
            "62 62 65 50 b8 7e 78"),
        zmm(
            "vcvtph2ps zmm0, [rdi+256]",
            VectorInstruction.VCVTPH2PS,
            0,
            NONE,
            new Memory(Register.RDI, 256),
            "62 f2 7d 48 13 47 08"),
        zmm(
            "vcvtph2ps zmm2, [rdi+288]",
            VectorInstruction.VCVTPH2PS,
            2,
            NONE,
            new Memory(Register.RDI, 288),
            "62 f2 7d 48 13 57 09"),
        zmm(
            "vpbroadcastd zmm8, [rsi+384]",
            VectorInstruction.VPBROADCASTD,
            8,
            NONE,
            new Memory(rsi, 384),
            "62 72 7d 48 58 46 60"),
        instruction(
            "vpsrlw zmm4, zmm0, 4", a -> a.vpsrlw(Width.ZMM, 4, 0, 4), "62 f1 5d 48 71 d0 04"),
        instruction(
            "vpsrlw zmm20, zmm28, 4", a -> a.vpsrlw(Width.ZMM, 20, 28, 4), "62 91 5d 40 71 d4 04"),
        instruction(
            "vaddps zmm17, zmm3, [rsi+64]",
            a -> a.emit(Width.ZMM, VectorInstruction.VADDPS, 17, 3, new Memory(rsi, 64)),
            "62 e1 64 48 58 4e 01"),
        instruction(
            "vsubps zmm2, zmm2, zmm17",
            a -> a.emit(Width.ZMM, VectorInstruction.VSUBPS, 2, 2, new Vector(17)),
            "62 b1 6c 48 5c d1"),
        instruction(
            "vdivps zmm0, zmm0, zmm2",
            a -> a.emit(Width.ZMM, VectorInstruction.VDIVPS, 0, 0, new Vector(2)),
            "62 f1 7c 48 5e c2"),
        instruction(
            "vmaxps zmm1, zmm1, [rdi+128]",
            a -> a.emit(Width.ZMM, VectorInstruction.VMAXPS, 1, 1, new Memory(Register.RDI, 128)),
            "62 f1 74 48 5f 4f 02"),
        instruction(
            "vfmadd213ps zmm3, zmm6, [r9+960]",
            a ->
                a.emit(
                    Width.ZMM, VectorInstruction.VFMADD213PS, 3, 6, new Memory(Register.R9, 960)),
            "62 d2 4d 48 a8 59 0f"),
        instruction(
            "vpbroadcastd zmm0, xmm0",
            a -> a.emit(Width.ZMM, VectorInstruction.VPBROADCASTD, 0, NONE, new Vector(0)),
            "62 f2 7d 48 58 c0"),
        instruction(
            "vpslld zmm20, zmm4, 23", a -> a.vpslld(Width.ZMM, 20, 4, 23), "62 f1 5d 40 72 f4 17"),
        instruction(
            "vcmplt_oqps k1, zmm2, [r9+512]; vblendmps zmm3{k1}, zmm3, [r9+448]",
            a ->
                a.select(
                    Width.ZMM,
                    3,
                    new Memory(Register.R9, 448),
                    2,
                    Relation.LESS,
                    new Memory(Register.R9, 512),
                    5),
            "62 d1 6c 48 c2 49 08 11 62 d2 65 49 65 59 07"),
        instruction(
            "vshuff32x4 zmm5, zmm4, zmm4, 0x4e; ...",
            a -> a.combineLanes(Width.ZMM, VectorInstruction.VADDPS, 4, 5),
            "62 f3 5d 48 23 ec 4e 62 f1 5c 48 58 e5 62 f3 5d 48 23 ec b1 62 f1 5c 48 58 e5 62 f1 7d 48 70 ec 4e 62 f1 5c 48 58 e5 62 f1 7d 48 70 ec b1 62 f1 5c 48 58 e5"));
  }

  /// VEX by the manual, in three bytes: c4; R̄X̄B̄ map; W v̄v̄v̄v̄ L prefix; opcode; ModRM.
  static Stream<Arguments> vex() {
    return Stream.of(
        ymm(
            "vpdpbusd ymm9, ymm2, ymm12",
            VectorInstruction.VPDPBUSD,
            9,
            2,
            new Vector(12),
            "c4 42 6d 50 cc"),
        ymm(
            "vmovups ymm12, [rsp+32]",
            VectorInstruction.VMOVUPS,
            12,
            NONE,
            new Memory(Register.RSP, 32),
            "c4 61 7c 10 64 24 20"),
        ymm(
            "vmovups [rcx+32], ymm9",
            VectorInstruction.VMOVUPS_STORE,
            9,
            NONE,
            new Memory(Register.RCX, 32),
            "c4 61 7c 11 49 20"),
        ymm(
            "vmovups [r8], ymm3",
            VectorInstruction.VMOVUPS_STORE,
            3,
            NONE,
            new Memory(Register.R8, 0),
            "c4 c1 7c 11 18"),
        ymm(
            "vmulps ymm12, ymm11, [rsp+256]",
            VectorInstruction.VMULPS,
            12,
            11,
            new Memory(Register.RSP, 256),
            "c4 61 24 59 a4 24 00010000"),
        ymm(
            "vpand ymm4, ymm4, ymm14",
            VectorInstruction.VPAND,
            4,
            4,
            new Vector(14),
            "c4 c1 5d db e6"),
        ymm(
            "vpxor ymm8, ymm8, ymm8",
            VectorInstruction.VPXOR,
            8,
            8,
            new Vector(8),
            "c4 41 3d ef c0"),
        ymm(
            "vpaddw ymm8, ymm8, ymm9",
            VectorInstruction.VPADDW,
            8,
            8,
            new Vector(9),
            "c4 41 3d fd c1"),
        ymm(
            "vpaddd ymm8, ymm8, ymm9",
            VectorInstruction.VPADDD,
            8,
            8,
            new Vector(9),
            "c4 41 3d fe c1"),
        ymm(
            "vpmaddwd ymm9, ymm9, ymm15",
            VectorInstruction.VPMADDWD,
            9,
            9,
            new Vector(15),
            "c4 41 35 f5 cf"),
        ymm(
            "vpmaddubsw ymm9, ymm1, ymm10",
            VectorInstruction.VPMADDUBSW,
            9,
            1,
            new Vector(10),
            "c4 42 75 04 ca"),
        ymm(
            "vpsignb ymm10, ymm10, [rsp+64]",
            VectorInstruction.VPSIGNB,
            10,
            10,
            new Memory(Register.RSP, 64),
            "c4 62 2d 08 54 24 40"),
        ymm(
            "vpabsb ymm7, ymm7",
            VectorInstruction.VPABSB,
            7,
            NONE,
            new Vector(7),
            "c4 e2 7d 1c ff"),
        ymm(
            "vfmsub213ps ymm8, ymm11, ymm12",
            VectorInstruction.VFMSUB213PS,
            8,
            11,
            new Vector(12),
            "c4 42 25 aa c4"),
        ymm(
            "vfmadd231ps ymm9, ymm8, ymm10",
            VectorInstruction.VFMADD231PS,
            9,
            8,
            new Vector(10),
            "c4 42 3d b8 ca"),
        ymm(
            "vcvtph2ps ymm11, [rdi+272]",
            VectorInstruction.VCVTPH2PS,
            11,
            NONE,
            new Memory(Register.RDI, 272),
            "c4 62 7d 13 9f 10010000"),
        ymm(
            "vpbroadcastd ymm10, [rsi+4]",
            VectorInstruction.VPBROADCASTD,
            10,
            NONE,
            new Memory(Register.RSI, 4),
            "c4 62 7d 58 56 04"),
        ymm(
            "vpbroadcastd ymm8, xmm8",
            VectorInstruction.VPBROADCASTD,
            8,
            NONE,
            new Vector(8),
            "c4 42 7d 58 c0"),
        instruction(
            "vmovss [r10], xmm6", a -> a.vmovss(new Memory(Register.R10, 0), 6), "c4 c1 7a 11 32"),
        instruction(
            "vaddps ymm9, ymm9, ymm3",
            a -> a.emit(Width.YMM, VectorInstruction.VADDPS, 9, 9, new Vector(3)),
            "c4 61 34 58 cb"),
        instruction(
            "vsubps ymm2, ymm2, ymm1",
            a -> a.emit(Width.YMM, VectorInstruction.VSUBPS, 2, 2, new Vector(1)),
            "c4 e1 6c 5c d1"),
        instruction(
            "vdivps ymm6, ymm4, [rcx+256]",
            a -> a.emit(Width.YMM, VectorInstruction.VDIVPS, 6, 4, new Memory(Register.RCX, 256)),
            "c4 e1 5c 5e b1 00 01 00 00"),
        instruction(
            "vmaxps ymm1, ymm1, [rdi+32]",
            a -> a.emit(Width.YMM, VectorInstruction.VMAXPS, 1, 1, new Memory(Register.RDI, 32)),
            "c4 e1 74 5f 4f 20"),
        instruction(
            "vfmadd213ps ymm3, ymm6, [r9+960]",
            a ->
                a.emit(
                    Width.YMM, VectorInstruction.VFMADD213PS, 3, 6, new Memory(Register.R9, 960)),
            "c4 c2 4d a8 99 c0 03 00 00"),
        instruction(
            "vcvtdq2ps ymm5, ymm4",
            a -> a.emit(Width.YMM, VectorInstruction.VCVTDQ2PS, 5, NONE, new Vector(4)),
            "c4 e1 7c 5b ec"),
        instruction(
            "vpacksswb ymm0, ymm0, ymm2",
            a -> a.emit(Width.YMM, VectorInstruction.VPACKSSWB, 0, 0, new Vector(2)),
            "c4 e1 7d 63 c2"),
        instruction(
            "vpackssdw ymm0, ymm0, ymm1",
            a -> a.emit(Width.YMM, VectorInstruction.VPACKSSDW, 0, 0, new Vector(1)),
            "c4 e1 7d 6b c1"),
        instruction(
            "vpsubd ymm4, ymm15, ymm4",
            a -> a.emit(Width.YMM, VectorInstruction.VPSUBD, 4, 15, new Vector(4)),
            "c4 e1 05 fa e4"),
        instruction(
            "vpermd ymm0, ymm14, ymm0",
            a -> a.emit(Width.YMM, VectorInstruction.VPERMD, 0, 14, new Vector(0)),
            "c4 e2 0d 36 c0"),
        instruction(
            "vpmaxsd ymm4, ymm4, ymm5",
            a -> a.emit(Width.YMM, VectorInstruction.VPMAXSD, 4, 4, new Vector(5)),
            "c4 e2 5d 3d e5"),
        instruction(
            "vpmulld ymm4, ymm4, ymm13",
            a -> a.emit(Width.YMM, VectorInstruction.VPMULLD, 4, 4, new Vector(13)),
            "c4 c2 5d 40 e5"),
        instruction(
            "vpslld ymm4, ymm9, 23", a -> a.vpslld(Width.YMM, 4, 9, 23), "c4 c1 5d 72 f1 17"),
        instruction(
            "vcmpnlt_uqps ymm5, ymm4, [rcx+192]",
            a -> a.compare(5, 4, Relation.NOT_LESS, new Memory(Register.RCX, 192)),
            "c4 e1 5c c2 a9 c0 00 00 00 15"),
        instruction(
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
        instruction(
            "vperm2f128 ymm5, ymm4, ymm4, 1; ...",
            a -> a.combineLanes(Width.YMM, VectorInstruction.VPMAXSD, 4, 5),
            "c4 e3 5d 06 ec 01 c4 e2 5d 3d e5 c4 e1 7d 70 ec 4e c4 e2 5d 3d e5 c4 e1 7d 70 ec b1 c4 e2 5d 3d e5"),
        instruction("vpsrlw ymm4, ymm0, 4", a -> a.vpsrlw(Width.YMM, 4, 0, 4), "c4 e1 5d 71 d0 04"),
        instruction("vmovd xmm15, eax", a -> a.vmovd(15, Register.RAX), "c4 61 79 6e f8"),
        instruction("vmovd xmm3, r9d", a -> a.vmovd(3, Register.R9), "c4 c1 79 6e d9"),
        instruction("vzeroupper", Assembler::vzeroupper, "c5 f8 77"));
  }

  /// REX is 4 WRXB, also where it could be left out.
  static Stream<Arguments> general() {
    return Stream.of(
        instruction("mov rbp, rsp", a -> a.mov(Register.RBP, Register.RSP), "48 89 e5"),
        instruction("mov r8, rdx", a -> a.mov(Register.R8, Register.RDX), "49 89 d0"),
        instruction("mov eax, 0x0f0e0d0c", a -> a.mov(Register.RAX, 0x0f0e0d0c), "40 b8 0c0d0e0f"),
        instruction("mov r9d, 1", a -> a.mov(Register.R9, 1), "41 b9 01000000"),
        instruction("mov [r8+4], ebx", a -> a.store(Register.R8, 4, Register.RBX), "41 89 58 04"),
        instruction(
            "mov [rsp-4], eax", a -> a.store(Register.RSP, -4, Register.RAX), "40 89 44 24 fc"),
        instruction("mov [rbp], ecx", a -> a.store(Register.RBP, 0, Register.RCX), "40 89 4d 00"),
        instruction("add rcx, r8", a -> a.add(Register.RCX, Register.R8), "4c 01 c1"),
        instruction("add rdi, 288", a -> a.add(Register.RDI, 288), "48 81 c7 20010000"),
        instruction("and rsp, -32", a -> a.and(Register.RSP, -32), "48 81 e4 e0ffffff"),
        instruction("or rax, rdx", a -> a.or(Register.RAX, Register.RDX), "48 09 d0"),
        instruction("shl rdx, 32", a -> a.shiftLeft(Register.RDX, 32), "48 c1 e2 20"),
        instruction("dec rdx", a -> a.decrement(Register.RDX), "48 ff ca"),
        instruction(
            "dec qword [rsp+24]", a -> a.decrement(new Memory(Register.RSP, 24)), "48 ff 4c 24 18"),
        instruction(
            "mov rbx, [rsp+16]",
            a -> a.load(Register.RBX, new Memory(Register.RSP, 16)),
            "48 8b 5c 24 10"),
        instruction(
            "mov r12, [rsp+24]",
            a -> a.load(Register.R12, new Memory(Register.RSP, 24)),
            "4c 8b 64 24 18"),
        instruction("add r12, r13", a -> a.add(Register.R12, Register.R13), "4d 01 ec"),
        instruction("push r13", a -> a.push(Register.R13), "41 55"),
        instruction("push rbx", a -> a.push(Register.RBX), "40 53"),
        instruction("pop r8", a -> a.pop(Register.R8), "41 58"),
        instruction("ret", Assembler::ret, "c3"),
        instruction(
            "prefetcht0 [rdi+2048]", a -> a.prefetch(Register.RDI, 2048), "40 0f 18 8f 00080000"),
        instruction("prefetcht0 [r8+64]", a -> a.prefetch(Register.R8, 64), "41 0f 18 48 40"),
        instruction(
            "prefetcht1 [rbp+64]", a -> a.prefetchSecondLevel(Register.RBP, 64), "40 0f 18 55 40"),
        instruction(
            "prefetcht1 [r12]", a -> a.prefetchSecondLevel(Register.R12, 0), "41 0f 18 14 24"),
        instruction("cpuid", Assembler::cpuid, "0f a2"),
        instruction("xgetbv", Assembler::xgetbv, "0f 01 d0"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource({"evex", "vex", "general"})
  void hasTheBytesOfTheManual(String text, Consumer<Assembler> call, String hex) {
    var assembler = new Assembler();
    call.accept(assembler);
    assertThat(HexFormat.of().formatHex(assembler.code())).as(text).isEqualTo(hex.replace(" ", ""));
  }

  @Test
  void jumpsBackFromItsEnd() {
    var assembler = new Assembler();
    assembler.ret();
    int position = assembler.position();
    assembler.decrement(Register.RDI);
    assembler.jumpIfNotZero(position);
    // the jump takes 6 bytes, the decrement 3
    assertThat(HexFormat.of().formatHex(assembler.code()))
        .isEqualTo("c3" + "48ffcf" + "0f85f7ffffff");
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
