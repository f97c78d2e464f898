package org.glmspark.kernel.x86;

import static org.assertj.core.api.Assertions.assertThat;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Vector instructions of 512 bits.
class EvexEncodingTest {
  private static Consumer<Assembler> emit(
      VectorInstruction instruction, int target, int first, Operand second) {
    return a -> a.emit(Width.ZMM, instruction, target, first, second);
  }

  /// EVEX by the manual: 62; R̄X̄B̄R̄' 0 map; W v̄v̄v̄v̄ 1 prefix; 0 10 b V̄' 000; opcode; ModRM; a
  /// displacement of one byte counts 64, 32 or 4 bytes.
  static Stream<Encoding> encodings() {
    Register rsi = Register.RSI;
    return Stream.of(
        new Encoding(
            "vpdpbusd zmm20, zmm3, [rsi+384]{1to16}",
            emit(VectorInstruction.VPDPBUSD, 20, 3, new Repeated(rsi, 384)),
            "62 e2 65 58 50 66 60"),
        new Encoding(
            "vpdpbusd zmm8, zmm1, [rsi+1028]{1to16}",
            emit(VectorInstruction.VPDPBUSD, 8, 1, new Repeated(rsi, 1028)),
            "62 72 75 58 50 86 04040000"),
        new Encoding(
            "vpdpbusd zmm20, zmm30, zmm17",
            emit(VectorInstruction.VPDPBUSD, 20, 30, new Vector(17)),
            "62 a2 0d 40 50 e1"),
        new Encoding(
            "vmovups zmm31, [rdi+64]",
            emit(VectorInstruction.VMOVUPS, 31, NONE, new Memory(Register.RDI, 64)),
            "62 61 7c 48 10 7f 01"),
        new Encoding(
            "vmovups zmm1, [rdi]",
            emit(VectorInstruction.VMOVUPS, 1, NONE, new Memory(Register.RDI, 0)),
            "62 f1 7c 48 10 0f"),
        new Encoding(
            "vmovups zmm9, [r8+100]",
            emit(VectorInstruction.VMOVUPS, 9, NONE, new Memory(Register.R8, 100)),
            "62 51 7c 48 10 88 64000000"),
        new Encoding(
            "vmovups [rcx], zmm20",
            emit(VectorInstruction.VMOVUPS_STORE, 20, NONE, new Memory(Register.RCX, 0)),
            "62 e1 7c 48 11 21"),
        new Encoding(
            "vmulps zmm1, zmm0, [rsp-4]{1to16}",
            emit(VectorInstruction.VMULPS, 1, 0, new Repeated(Register.RSP, -4)),
            "62 f1 7c 58 59 4c 24 ff"),
        new Encoding(
            "vmulps zmm18, zmm31, zmm2",
            emit(VectorInstruction.VMULPS, 18, 31, new Vector(2)),
            "62 e1 04 40 59 d2"),
        new Encoding(
            "vpandd zmm5, zmm21, [rsp-8]{1to16}",
            emit(VectorInstruction.VPAND, 5, 21, new Repeated(Register.RSP, -8)),
            "62 f1 55 50 db 6c 24 fe"),
        new Encoding(
            "vpxord zmm20, zmm20, zmm20",
            emit(VectorInstruction.VPXOR, 20, 20, new Vector(20)),
            "62 a1 5d 40 ef e4"),
        new Encoding(
            "vpaddd zmm10, zmm11, zmm28",
            emit(VectorInstruction.VPADDD, 10, 11, new Vector(28)),
            "62 11 25 48 fe d4"),
        new Encoding(
            "vfmsub213ps zmm8, zmm0, zmm1",
            emit(VectorInstruction.VFMSUB213PS, 8, 0, new Vector(1)),
            "62 72 7d 48 aa c1"),
        new Encoding(
            "vfmadd231ps zmm31, zmm19, [rsi+480]{1to16}",
            emit(VectorInstruction.VFMADD231PS, 31, 19, new Repeated(rsi, 480)),
            "62 62 65 50 b8 7e 78"),
        new Encoding(
            "vcvtph2ps zmm0, [rdi+256]",
            emit(VectorInstruction.VCVTPH2PS, 0, NONE, new Memory(Register.RDI, 256)),
            "62 f2 7d 48 13 47 08"),
        new Encoding(
            "vcvtph2ps zmm2, [rdi+288]",
            emit(VectorInstruction.VCVTPH2PS, 2, NONE, new Memory(Register.RDI, 288)),
            "62 f2 7d 48 13 57 09"),
        new Encoding(
            "vpbroadcastd zmm8, [rsi+384]",
            emit(VectorInstruction.VPBROADCASTD, 8, NONE, new Memory(rsi, 384)),
            "62 72 7d 48 58 46 60"),
        new Encoding(
            "vpsrlw zmm4, zmm0, 4", a -> a.vpsrlw(Width.ZMM, 4, 0, 4), "62 f1 5d 48 71 d0 04"),
        new Encoding(
            "vpsrlw zmm20, zmm28, 4", a -> a.vpsrlw(Width.ZMM, 20, 28, 4), "62 91 5d 40 71 d4 04"),
        new Encoding(
            "vaddps zmm17, zmm3, [rsi+64]",
            emit(VectorInstruction.VADDPS, 17, 3, new Memory(rsi, 64)),
            "62 e1 64 48 58 4e 01"),
        new Encoding(
            "vsubps zmm2, zmm2, zmm17",
            emit(VectorInstruction.VSUBPS, 2, 2, new Vector(17)),
            "62 b1 6c 48 5c d1"),
        new Encoding(
            "vdivps zmm0, zmm0, zmm2",
            emit(VectorInstruction.VDIVPS, 0, 0, new Vector(2)),
            "62 f1 7c 48 5e c2"),
        new Encoding(
            "vmaxps zmm1, zmm1, [rdi+128]",
            emit(VectorInstruction.VMAXPS, 1, 1, new Memory(Register.RDI, 128)),
            "62 f1 74 48 5f 4f 02"),
        new Encoding(
            "vfmadd213ps zmm3, zmm6, [r9+960]",
            emit(VectorInstruction.VFMADD213PS, 3, 6, new Memory(Register.R9, 960)),
            "62 d2 4d 48 a8 59 0f"),
        new Encoding(
            "vpbroadcastd zmm0, xmm0",
            emit(VectorInstruction.VPBROADCASTD, 0, NONE, new Vector(0)),
            "62 f2 7d 48 58 c0"),
        new Encoding(
            "vpslld zmm20, zmm4, 23", a -> a.vpslld(Width.ZMM, 20, 4, 23), "62 f1 5d 40 72 f4 17"),
        new Encoding(
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
        new Encoding(
            "vshuff32x4 zmm5, zmm4, zmm4, 0x4e; ...",
            a -> a.combineLanes(Width.ZMM, VectorInstruction.VADDPS, 4, 5),
            "62 f3 5d 48 23 ec 4e 62 f1 5c 48 58 e5 62 f3 5d 48 23 ec b1 62 f1 5c 48 58 e5 62 f1 7d 48 70 ec 4e 62 f1 5c 48 58 e5 62 f1 7d 48 70 ec b1 62 f1 5c 48 58 e5"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("encodings")
  void hasTheBytesOfTheManual(Encoding encoding) {
    assertThat(encoding.assembled()).isEqualTo(encoding.bytes());
  }
}
