package org.glmspark.kernel.x86;

import org.glmspark.kernel.x86.Assembler.Operand;
import org.glmspark.kernel.x86.Assembler.Repeated;
import org.glmspark.kernel.x86.Assembler.Width;

/// Vector instructions: mandatory prefix (1 is 66, 2 is F3, 3 is F2), opcode map (1 is 0F, 2 is
/// 0F38, 3 is 0F3A), opcode. W is 0 in all of them.
///
/// Where one has three operands, they are target, first source, second source.
///
/// Source: as [Assembler].
enum VectorInstruction {
  /// `target = source`, bits of any kind; no first source.
  VMOVUPS(0, 1, 0x10),
  /// `memory = source`; no first source, the stored register is in the place of the target.
  VMOVUPS_STORE(0, 1, 0x11),
  VADDPS(0, 1, 0x58),
  VMULPS(0, 1, 0x59),
  /// Integers to floats; no first source.
  VCVTDQ2PS(0, 1, 0x5B),
  VSUBPS(0, 1, 0x5C),
  VDIVPS(0, 1, 0x5E),
  /// The second source where one is no number.
  VMAXPS(0, 1, 0x5F),
  /// int16 of both sources to saturated bytes, 16 bytes of each in turn; only 256 bits.
  VPACKSSWB(1, 1, 0x63),
  /// int32 of both sources to saturated int16, 16 bytes of each in turn; only 256 bits.
  VPACKSSDW(1, 1, 0x6B),
  VPAND(1, 1, 0xDB),
  VPXOR(1, 1, 0xEF),
  VPADDW(1, 1, 0xFD),
  VPSUBD(1, 1, 0xFA),
  VPADDD(1, 1, 0xFE),
  /// Products of neighbouring int16, added in pairs.
  VPMADDWD(1, 1, 0xF5),
  /// Products of unsigned (first source) and signed bytes, added in pairs to saturated int16.
  VPMADDUBSW(1, 2, 0x04),
  /// Bytes of the first source, negated where the second is negative, 0 where it is 0.
  VPSIGNB(1, 2, 0x08),
  /// Absolute values of bytes; no first source.
  VPABSB(1, 2, 0x1C),
  /// The lanes of the second source in the order of the first; only 256 bits.
  VPERMD(1, 2, 0x36),
  /// The larger int32.
  VPMAXSD(1, 2, 0x3D),
  /// The lower halves of products of int32.
  VPMULLD(1, 2, 0x40),
  /// `target += Σ` of 4 products of unsigned (first source) and signed bytes.
  VPDPBUSD(1, 2, 0x50),
  /// `target = first · target + second`.
  VFMADD213PS(1, 2, 0xA8),
  /// `target = first · target - second`.
  VFMSUB213PS(1, 2, 0xAA),
  /// `target = first · second + target`.
  VFMADD231PS(1, 2, 0xB8),
  /// Half as many bytes of float16 to float32; no first source.
  VCVTPH2PS(1, 2, 0x13, Tuple.HALF),
  /// 4 bytes for all lanes, of memory or the lowest lane of a vector; no first source.
  VPBROADCASTD(1, 2, 0x58, Tuple.SCALAR),
  /// A general register for all lanes; only 512 bits; no first source.
  VPBROADCASTD_REGISTER(1, 2, 0x7C),
  /// Lanes of each 16 bytes in an order that a constant says; no first source.
  VPSHUFD(1, 1, 0x70),
  /// Comparison by a constant; the target is a vector or, with 512 bits, a mask.
  VCMPPS(0, 1, 0xC2),
  /// Lanes of the first source, or of the second where a mask says so; only 512 bits.
  VBLENDMPS(1, 2, 0x65),
  /// Halves of both sources that a constant says; only 256 bits.
  VPERM2F128(1, 3, 0x06),
  /// Quarters of both sources that a constant says; only 512 bits.
  VSHUFF32X4(1, 3, 0x23),
  /// Lanes of the first source, or of the second where the sign of a register is set, whose number
  /// is in the upper half of a constant; only 256 bits.
  VBLENDVPS(1, 3, 0x4A);

  /// What the memory operand of an EVEX instruction is a multiple of; the manual's tuple types.
  private enum Tuple {
    /// A register, or 4 bytes for all lanes.
    FULL,
    /// Half a register.
    HALF,
    /// 4 bytes.
    SCALAR
  }

  final int prefix;
  final int map;
  final int opcode;
  private final Tuple tuple;

  VectorInstruction(int prefix, int map, int opcode) {
    this(prefix, map, opcode, Tuple.FULL);
  }

  VectorInstruction(int prefix, int map, int opcode, Tuple tuple) {
    this.prefix = prefix;
    this.map = map;
    this.opcode = opcode;
    this.tuple = tuple;
  }

  /// What a displacement of one byte counts with 512 bits.
  int displacementUnit(Operand operand) {
    return switch (tuple) {
      case FULL -> operand instanceof Repeated ? 4 : Width.ZMM.bytes;
      case HALF -> Width.ZMM.bytes / 2;
      case SCALAR -> 4;
    };
  }
}
