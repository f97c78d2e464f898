package org.glmspark.kernel.x86;

import java.io.ByteArrayOutputStream;

/// Machine code for x86-64, as far as the kernels need it: instructions in the order of the calls.
///
/// Vector instructions of 256 bits are VEX encoded and have 16 registers; those of 512 bits are
/// EVEX encoded, have 32, and may repeat a number from memory for all lanes.
///
/// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2: chapter 2 for
/// the prefixes, chapters 3 to 5 for the opcodes.
final class Assembler {
  /// 64-bit registers.
  enum Register {
    RAX(0),
    RCX(1),
    RDX(2),
    RBX(3),
    RSP(4),
    RBP(5),
    RSI(6),
    RDI(7),
    R8(8),
    R9(9),
    R10(10),
    R11(11),
    R12(12),
    R13(13);

    final int number;

    Register(int number) {
      this.number = number;
    }
  }

  /// The size of the vector registers of an instruction.
  enum Width {
    YMM(32),
    ZMM(64);

    final int bytes;

    Width(int bytes) {
      this.bytes = bytes;
    }
  }

  /// How two floats relate; none does with what is no number.
  enum Relation {
    LESS(0x11),
    GREATER(0x1E),
    /// or no number
    NOT_LESS(0x15);

    private final int predicate;

    Relation(int predicate) {
      this.predicate = predicate;
    }
  }

  /// What an instruction without a first source has in its place.
  static final int NONE = 0;

  /// The mask register that is used; 0 would mean no mask.
  private static final int MASK = 1;

  /// The last operand of a vector instruction.
  sealed interface Operand {}

  /// A vector register, or a general one for [VectorInstruction#VPBROADCASTD_REGISTER].
  record Vector(int number) implements Operand {}

  /// As many bytes as the instruction takes.
  record Memory(Register base, int displacement) implements Operand {}

  /// 4 bytes for all lanes; only 512 bits.
  record Repeated(Register base, int displacement) implements Operand {}

  private final ByteArrayOutputStream code = new ByteArrayOutputStream();

  /// The bytes so far.
  byte[] code() {
    return code.toByteArray();
  }

  /// The place of the next instruction, to jump back to.
  int position() {
    return code.size();
  }

  private void bytes(int... values) {
    for (int value : values) {
      code.write(value);
    }
  }

  private void int32(int value) {
    bytes(value, value >> 8, value >> 16, value >> 24);
  }

  // --- Vector instructions ---

  /// @param first the number of the first source, or [#NONE]
  void emit(Width width, VectorInstruction instruction, int target, int first, Operand second) {
    switch (width) {
      case YMM -> vex(instruction, target, first, second);
      case ZMM -> evex(instruction, target, first, second, 0);
    }
  }

  /// An instruction with a constant.
  private void emit(
      Width width,
      VectorInstruction instruction,
      int target,
      int first,
      Operand second,
      int constant) {
    emit(width, instruction, target, first, second);
    bytes(constant);
  }

  /// `target = source >> bits` in every int16.
  void vpsrlw(Width width, int target, int source, int bits) {
    shift(width, 0x71, 2, target, source, bits);
  }

  /// `target = source << bits` in every int32.
  void vpslld(Width width, int target, int source, int bits) {
    shift(width, 0x72, 6, target, source, bits);
  }

  /// @param extension of the opcode, in the place of the target, which stands in the prefix
  private void shift(Width width, int opcode, int extension, int target, int source, int bits) {
    switch (width) {
      case YMM -> vexPrefix(1, 1, extension, target, new Vector(source));
      case ZMM -> evexPrefix(1, 1, extension, target, new Vector(source), 0);
    }
    bytes(opcode);
    direct(extension, source);
    bytes(bits);
  }

  /// All bits of the lanes where the relation holds, none of the others; only 256 bits.
  void compare(int target, int first, Relation relation, Operand second) {
    emit(Width.YMM, VectorInstruction.VCMPPS, target, first, second, relation.predicate);
  }

  /// `target = value` in the lanes where the relation holds.
  ///
  /// @param mask a register that is overwritten, with 256 bits, in which it must not be above 15
  void select(
      Width width,
      int target,
      Operand value,
      int first,
      Relation relation,
      Operand second,
      int mask) {
    switch (width) {
      case YMM -> {
        compare(mask, first, relation, second);
        emit(width, VectorInstruction.VBLENDVPS, target, target, value, mask << 4);
      }
      case ZMM -> {
        emit(width, VectorInstruction.VCMPPS, MASK, first, second, relation.predicate);
        evex(VectorInstruction.VBLENDMPS, target, target, value, MASK);
      }
    }
  }

  /// Combines all lanes with each other: lane `i` with `i + 8`, where there are so many, then with
  /// `i + 4`, `i + 2`, `i + 1`; afterwards all lanes have the result.
  ///
  /// @param operation one with two sources in which it makes no difference which is the first
  void combineLanes(Width width, VectorInstruction operation, int register, int temporary) {
    var self = new Vector(register);
    var other = new Vector(temporary);
    switch (width) {
      case YMM -> emit(width, VectorInstruction.VPERM2F128, temporary, register, self, 0x01);
      case ZMM -> {
        emit(width, VectorInstruction.VSHUFF32X4, temporary, register, self, 0x4E);
        emit(width, operation, register, register, other);
        emit(width, VectorInstruction.VSHUFF32X4, temporary, register, self, 0xB1);
      }
    }
    emit(width, operation, register, register, other);
    for (int order : new int[] {0x4E, 0xB1}) {
      emit(width, VectorInstruction.VPSHUFD, temporary, NONE, self, order);
      emit(width, operation, register, register, other);
    }
  }

  /// The lower 32 bits of a general register into the lowest lane of a vector; the rest is zero.
  void vmovd(int target, Register source) {
    narrowPrefix(1, target, source);
    bytes(0x6E);
    direct(target, source.number);
  }

  /// Stores the lowest lane of one of the first 16 vectors.
  void vmovss(Memory target, int source) {
    narrowPrefix(2, source, target.base());
    bytes(0x11);
    operand(source, target, 1);
  }

  /// As [#vexPrefix], of map 1 and without a first source, but for 128 bits: L is 0.
  private void narrowPrefix(int prefix, int register, Register other) {
    bytes(
        0xC4,
        inverted(register >> 3, 7) | 1 << 6 | inverted(other.number >> 3, 5) | 1,
        15 << 3 | prefix);
  }

  /// Clears the upper halves: what follows may be code for older registers.
  void vzeroupper() {
    bytes(0xC5, 0xF8, 0x77);
  }

  private void vex(VectorInstruction instruction, int target, int first, Operand second) {
    if (second instanceof Repeated || instruction == VectorInstruction.VPBROADCASTD_REGISTER) {
      throw new IllegalArgumentException(instruction + " has this operand only with 512 bits");
    }
    vexPrefix(instruction.prefix, instruction.map, target, first, second);
    bytes(instruction.opcode);
    operand(target, second, 1);
  }

  /// Three bytes: C4, then inverted R, X, B and the map, then W, inverted first source, L and the
  /// mandatory prefix.
  private void vexPrefix(int prefix, int map, int target, int first, Operand second) {
    bytes(
        0xC4,
        inverted(target >> 3, 7) | 1 << 6 | inverted(number(second) >> 3, 5) | map,
        (~first & 15) << 3 | 1 << 2 | prefix);
  }

  private void evex(
      VectorInstruction instruction, int target, int first, Operand second, int mask) {
    evexPrefix(instruction.prefix, instruction.map, target, first, second, mask);
    bytes(instruction.opcode);
    operand(target, second, instruction.displacementUnit(second));
  }

  /// Four bytes: 62; inverted R, X, B, R' and the map; W, inverted first source, 1 and the
  /// mandatory prefix; no zeroing, L'L is 2 for 512 bits, the broadcast bit, inverted V', the mask.
  private void evexPrefix(int prefix, int map, int target, int first, Operand second, int mask) {
    int number = number(second);
    // X is the fifth bit of a vector's number, and not used otherwise: there is no index.
    int x = second instanceof Vector ? number >> 4 : 0;
    bytes(
        0x62,
        inverted(target >> 3, 7)
            | inverted(x, 6)
            | inverted(number >> 3, 5)
            | inverted(target >> 4, 4)
            | map,
        (~first & 15) << 3 | 1 << 2 | prefix,
        2 << 5 | (second instanceof Repeated ? 1 << 4 : 0) | inverted(first >> 4, 3) | mask);
  }

  private static int inverted(int bit, int place) {
    return (~bit & 1) << place;
  }

  private static int number(Operand operand) {
    return switch (operand) {
      case Vector(int number) -> number;
      case Memory(Register base, _) -> base.number;
      case Repeated(Register base, _) -> base.number;
    };
  }

  private void operand(int register, Operand operand, int unit) {
    switch (operand) {
      case Vector(int number) -> direct(register, number);
      case Memory(Register base, int displacement) -> indirect(register, base, displacement, unit);
      case Repeated(Register base, int displacement) ->
          indirect(register, base, displacement, unit);
    }
  }

  // --- ModRM: mode, register, register or base; then SIB and displacement ---

  private void direct(int register, int other) {
    bytes(3 << 6 | (register & 7) << 3 | (other & 7));
  }

  /// A displacement in one byte counts units.
  private void indirect(int register, Register base, int displacement, int unit) {
    int units = displacement / unit;
    boolean isShort = displacement % unit == 0 && units == (byte) units;
    // mode 0 of the numbers of RBP and R13 means something else
    boolean isNone = displacement == 0 && (base.number & 7) != Register.RBP.number;
    int mode = isNone ? 0 : isShort ? 1 : 2;
    bytes(mode << 6 | (register & 7) << 3 | (base.number & 7));
    if ((base.number & 7) == Register.RSP.number) {
      bytes(0x24); // RSP stands for a SIB byte, this one: base RSP, no index
    }
    if (mode == 1) {
      bytes(units);
    } else if (mode == 2) {
      int32(displacement);
    }
  }

  // --- General registers ---

  /// REX: 0100, W, R, X, B.
  private void rex(int wide, int register, int other) {
    bytes(0x40 | wide << 3 | register >> 3 << 2 | other >> 3);
  }

  /// All 64 bits.
  void mov(Register target, Register source) {
    rex(1, source.number, target.number);
    bytes(0x89);
    direct(source.number, target.number);
  }

  /// The lower 32 bits; the upper ones become 0.
  void mov(Register target, int value) {
    rex(0, 0, target.number);
    bytes(0xB8 | (target.number & 7));
    int32(value);
  }

  /// Stores the lower 32 bits.
  void store(Register base, int displacement, Register source) {
    rex(0, source.number, base.number);
    bytes(0x89);
    indirect(source.number, base, displacement, 1);
  }

  /// Loads all 64 bits.
  void load(Register target, Memory source) {
    rex(1, target.number, source.base().number);
    bytes(0x8B);
    indirect(target.number, source.base(), source.displacement(), 1);
  }

  void add(Register target, Register source) {
    rex(1, source.number, target.number);
    bytes(0x01);
    direct(source.number, target.number);
  }

  void add(Register target, int value) {
    rex(1, 0, target.number);
    bytes(0x81);
    direct(0, target.number);
    int32(value);
  }

  void and(Register target, int value) {
    rex(1, 0, target.number);
    bytes(0x81);
    direct(4, target.number);
    int32(value);
  }

  void or(Register target, Register source) {
    rex(1, source.number, target.number);
    bytes(0x09);
    direct(source.number, target.number);
  }

  void shiftLeft(Register target, int bits) {
    rex(1, 0, target.number);
    bytes(0xC1);
    direct(4, target.number);
    bytes(bits);
  }

  void decrement(Register target) {
    rex(1, 0, target.number);
    bytes(0xFF);
    direct(1, target.number);
  }

  /// All 64 bits in memory.
  void decrement(Memory counter) {
    rex(1, 0, counter.base().number);
    bytes(0xFF);
    indirect(1, counter.base(), counter.displacement(), 1);
  }

  /// Jumps back if the last result was not zero.
  void jumpIfNotZero(int position) {
    bytes(0x0F, 0x85);
    int32(position - (position() + 4));
  }

  void push(Register register) {
    rex(0, 0, register.number);
    bytes(0x50 | (register.number & 7));
  }

  void pop(Register register) {
    rex(0, 0, register.number);
    bytes(0x58 | (register.number & 7));
  }

  void ret() {
    bytes(0xC3);
  }

  /// Asks for a line of 64 bytes to be brought into the nearest cache. Never faults.
  void prefetch(Register base, int displacement) {
    prefetch(1, base, displacement);
  }

  /// As [#prefetch], but into the second-level cache only.
  void prefetchSecondLevel(Register base, int displacement) {
    prefetch(2, base, displacement);
  }

  private void prefetch(int hint, Register base, int displacement) {
    rex(0, hint, base.number);
    bytes(0x0F, 0x18);
    indirect(hint, base, displacement, 1);
  }

  /// Processor identification: leaf EAX, subleaf ECX into EAX, EBX, ECX, EDX.
  void cpuid() {
    bytes(0x0F, 0xA2);
  }

  /// Reads the extended control register ECX into EDX:EAX.
  void xgetbv() {
    bytes(0x0F, 0x01, 0xD0);
  }
}
