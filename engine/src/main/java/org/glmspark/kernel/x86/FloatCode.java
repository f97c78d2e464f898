package org.glmspark.kernel.x86;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.glmspark.kernel.x86.Assembler.Memory;
import org.glmspark.kernel.x86.Assembler.Operand;
import org.glmspark.kernel.x86.Assembler.Register;
import org.glmspark.kernel.x86.Assembler.Relation;
import org.glmspark.kernel.x86.Assembler.Vector;
import org.glmspark.kernel.x86.Assembler.Width;

/// What the assembled loops over floats have in common: how they are called, and the constants.
///
/// `void (float* a, float* b, float* c, float* d, long i, long j, long k, long l, float x, float
/// y)`: one signature for all of them, since the JVM takes longer to prepare a signature than most
/// loops run. A function leaves alone what it does not need.
abstract class FloatCode {
  static final Register A = Register.RDI;
  static final Register B = Register.RSI;
  static final Register C = Register.RDX;
  static final Register D = Register.RCX;
  static final Register I = Register.R8;
  static final Register J = Register.R9;

  /// The last two numbers lie on the stack, above the address to return to.
  static final Memory K = new Memory(Register.RSP, 8);

  static final Memory L = new Memory(Register.RSP, 16);

  /// The vector registers in whose lowest lanes `x` and `y` come.
  static final int X = 0;

  static final int Y = 1;

  /// A number in all lanes. Their order is that of the memory they are read from.
  @SuppressWarnings("EnumOrdinal")
  enum Constant {
    MAGIC(ActivationTile.MAGIC),
    MAGNITUDE(0x7fffffff),
    SIGN(0x80000000),
    SMALLEST_MAXIMUM(0x1p-100f),
    LARGEST_INTEGER(127f),
    INFINITY(Float.POSITIVE_INFINITY),
    ZERO(0),
    ONE(1f),
    SMALLEST(ExponentialTerms.SMALLEST),
    LARGEST(ExponentialTerms.LARGEST),
    LOG2_E(ExponentialTerms.LOG2_E),
    ROUND(ExponentialTerms.ROUND),
    EXPONENT(127 - Float.floatToRawIntBits(ExponentialTerms.ROUND)),
    MINUS_LN2_HIGH(-ExponentialTerms.LN2_HIGH),
    MINUS_LN2_LOW(-ExponentialTerms.LN2_LOW),
    C6(ExponentialTerms.C6),
    C5(ExponentialTerms.C5),
    C4(ExponentialTerms.C4),
    C3(ExponentialTerms.C3),
    C2(ExponentialTerms.C2),
    C1(ExponentialTerms.C1);

    private final int bits;

    Constant(float value) {
      this(Float.floatToRawIntBits(value));
    }

    Constant(int bits) {
      this.bits = bits;
    }

    private int offset() {
      return ordinal() * Width.ZMM.bytes;
    }

    /// The operand, of either width.
    Memory in(Register table) {
      return new Memory(table, offset());
    }
  }

  private static final int[] PACKED_ORDER = {0, 4, 1, 5, 2, 6, 3, 7};

  /// The order that makes 32 bytes of 4 registers of int32 ascend, after they have been packed
  /// twice; 8 lanes.
  static Memory packedOrder(Register table) {
    return new Memory(table, Constant.values().length * Width.ZMM.bytes);
  }

  /// The memory that constants are read from.
  static MemorySegment constants() {
    Constant[] constants = Constant.values();
    MemorySegment table =
        Arena.global().allocate((constants.length + 1L) * Width.ZMM.bytes, Width.ZMM.bytes);
    for (Constant constant : constants) {
      table
          .asSlice(constant.offset(), Width.ZMM.bytes)
          .elements(ValueLayout.JAVA_INT)
          .forEach(lane -> lane.set(ValueLayout.JAVA_INT, 0, constant.bits));
    }
    for (int lane = 0; lane < PACKED_ORDER.length; lane++) {
      long offset = (long) constants.length * Width.ZMM.bytes + 4L * lane;
      table.set(ValueLayout.JAVA_INT, offset, PACKED_ORDER[lane]);
    }
    return table;
  }

  final Assembler assembler = new Assembler();
  final Width width;

  FloatCode(Width width) {
    this.width = width;
  }

  /// `e^x`, step by step as the other kernels compute it.
  ///
  /// @param target the register that gets it
  /// @param x stays
  /// @param temporary the first of 4 registers that are overwritten
  final void exponential(int target, int x, int temporary, Register table) {
    int shifted = temporary;
    int n = temporary + 1;
    int r = temporary + 2;
    int square = temporary + 3;
    emit(VectorInstruction.VMULPS, shifted, x, Constant.LOG2_E.in(table));
    emit(VectorInstruction.VADDPS, shifted, shifted, Constant.ROUND.in(table));
    emit(VectorInstruction.VSUBPS, n, shifted, Constant.ROUND.in(table));
    move(r, x);
    emit(VectorInstruction.VFMADD231PS, r, n, Constant.MINUS_LN2_HIGH.in(table));
    emit(VectorInstruction.VFMADD231PS, r, n, Constant.MINUS_LN2_LOW.in(table));
    load(target, Constant.C6.in(table));
    emit(VectorInstruction.VFMADD213PS, target, r, Constant.C5.in(table));
    emit(VectorInstruction.VFMADD213PS, target, r, Constant.C4.in(table));
    emit(VectorInstruction.VFMADD213PS, target, r, Constant.C3.in(table));
    emit(VectorInstruction.VFMADD213PS, target, r, Constant.C2.in(table));
    emit(VectorInstruction.VFMADD213PS, target, r, Constant.C1.in(table));
    emit(VectorInstruction.VMULPS, square, r, new Vector(r));
    emit(VectorInstruction.VFMADD213PS, target, square, new Vector(r));
    emit(VectorInstruction.VADDPS, target, target, Constant.ONE.in(table));
    emit(VectorInstruction.VPADDD, shifted, shifted, Constant.EXPONENT.in(table));
    assembler.vpslld(width, shifted, shifted, 23);
    emit(VectorInstruction.VMULPS, target, target, new Vector(shifted));
    select(target, Constant.ZERO, x, Relation.LESS, Constant.SMALLEST, n, table);
    select(target, Constant.INFINITY, x, Relation.GREATER, Constant.LARGEST, n, table);
  }

  private void select(
      int target,
      Constant value,
      int x,
      Relation relation,
      Constant limit,
      int mask,
      Register table) {
    assembler.select(width, target, value.in(table), x, relation, limit.in(table), mask);
  }

  final void emit(VectorInstruction instruction, int target, int first, Operand second) {
    assembler.emit(width, instruction, target, first, second);
  }

  final void load(int target, Memory memory) {
    emit(VectorInstruction.VMOVUPS, target, Assembler.NONE, memory);
  }

  final void store(int source, Memory memory) {
    emit(VectorInstruction.VMOVUPS_STORE, source, Assembler.NONE, memory);
  }

  final void move(int target, int source) {
    emit(VectorInstruction.VMOVUPS, target, Assembler.NONE, new Vector(source));
  }

  /// The lowest lane, or 4 bytes, to all lanes.
  final void repeat(int target, Operand source) {
    emit(VectorInstruction.VPBROADCASTD, target, Assembler.NONE, source);
  }

  /// The lowest lane of one of the first 16 registers.
  final void storeLowest(int source, Memory memory) {
    assembler.vmovss(memory, source);
  }

  final void zero(int register) {
    emit(VectorInstruction.VPXOR, register, register, new Vector(register));
  }

  final byte[] end() {
    assembler.vzeroupper();
    assembler.ret();
    return assembler.code();
  }
}
