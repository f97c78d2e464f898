package org.glmspark.kernel.x86;

import org.glmspark.kernel.x86.Assembler.Memory;
import org.glmspark.kernel.x86.Assembler.Register;
import org.glmspark.kernel.x86.Assembler.Vector;
import org.glmspark.kernel.x86.Assembler.Width;
import org.glmspark.tensor.WeightType;

/// Assembles the product of neighbouring strips with one tile for registers of 256 bits, which hold
/// 8 of the 16 rows. The arithmetic is that of [VnniMatMul]; only the block's integer sum is had in
/// one of three ways:
/// - AVX-VNNI: `vpdpbusd`.
/// - AVX2 and 4 bits: the unsigned nibbles times the activations. A pair of products is at most 2 ·
///   15 · 127 = 3,810, so all 8 of a block add up in int16.
/// - AVX2 and 8 bits: a pair could be 2 · 255 · 127 and saturate. So signed weights w: |w| times
///   the activation with the sign of w, at most 2 · 128 · 127 = 32,512, added up in int32.
///
/// Sixteen registers are too few for the accumulators of a tile: they rest on the stack, with the
/// signed 8-bit weights of the block.
///
/// `void (weights, activations, long blocks, float* out, long outStrideBytes, long strips)`
final class Avx2MatMul {
  private static final Register WEIGHTS = Register.RDI;
  private static final Register TILE = Register.RSI;
  private static final Register BLOCKS = Register.RDX;
  private static final Register STRIP_OUT = Register.RCX;
  private static final Register OUT_STRIDE = Register.R8;
  private static final Register STRIPS = Register.R9;
  private static final Register STACK = Register.RSP;
  private static final Register CALLER_STACK = Register.RBP;

  // Within a strip:
  private static final Register ACTIVATIONS = Register.R10;
  private static final Register BLOCKS_LEFT = Register.R11;
  private static final Register OUT = Register.RAX;

  // Vector registers; 0 to 7 are weights.
  private static final int SUM = 8;
  private static final int PRODUCT = 9;
  private static final int ACTIVATION = 10;
  private static final int SCALE = 11;
  private static final int MAGIC_SCALE = 12;
  private static final int MINIMUM = 13;
  private static final int BYTES = 14; // nibble mask, or the sign bits of 8-bit weights
  private static final int ONES = 15; // int16

  private static final int REGISTER_BYTES = Width.YMM.bytes;
  private static final int STORED_BYTES = Width.ZMM.bytes; // a register of the strip's layout
  private static final int HALVES = 2;

  // On the stack: signed weights, the magic number, accumulators.
  private static final int SIGNED_WEIGHTS = 0;
  private static final int MAGIC = SIGNED_WEIGHTS + 8 * REGISTER_BYTES;
  private static final int ACCUMULATORS = MAGIC + REGISTER_BYTES;

  private final Assembler assembler = new Assembler();
  private final InstructionSet set;
  private final WeightType type;
  private final ActivationTile tile;

  private Avx2MatMul(InstructionSet set, WeightType type, int tokens) {
    this.set = set;
    this.type = type;
    this.tile = new ActivationTile(type, tokens);
  }

  /// The code of one function.
  ///
  /// @param set AVX2 or AVX_VNNI
  static byte[] assemble(InstructionSet set, WeightType type, int tokens) {
    return new Avx2MatMul(set, type, tokens).assemble();
  }

  /// Whether 8-bit weights are multiplied as signed ones, so that no start folds an offset back.
  private boolean multipliesSigned() {
    return type == WeightType.Q8 && set == InstructionSet.AVX2;
  }

  private byte[] assemble() {
    int accumulatorBytes = HALVES * tile.tokens() * REGISTER_BYTES;
    assembler.push(CALLER_STACK);
    assembler.mov(CALLER_STACK, STACK);
    assembler.add(STACK, -(ACCUMULATORS + accumulatorBytes));
    assembler.and(STACK, -REGISTER_BYTES);
    constant(SUM, Float.floatToRawIntBits(ActivationTile.MAGIC));
    store(SUM, STACK, MAGIC);
    constant(BYTES, type == WeightType.Q8 ? 0x80808080 : 0x0f0f0f0f);
    constant(ONES, 0x00010001);

    int strip = assembler.position();
    assembler.mov(ACTIVATIONS, TILE);
    assembler.mov(BLOCKS_LEFT, BLOCKS);
    assembler.mov(OUT, STRIP_OUT);
    emit(VectorInstruction.VPXOR, SUM, SUM, SUM);
    for (int offset = 0; offset < accumulatorBytes; offset += REGISTER_BYTES) {
      store(SUM, STACK, ACCUMULATORS + offset);
    }

    int block = assembler.position();
    for (int half = 0; half < HALVES; half++) {
      loadWeights(half);
      for (int token = 0; token < tile.tokens(); token++) {
        addToken(token, ACCUMULATORS + (HALVES * token + half) * REGISTER_BYTES);
      }
    }
    assembler.add(WEIGHTS, type.stripBlockBytes());
    assembler.add(ACTIVATIONS, tile.blockBytes());
    assembler.decrement(BLOCKS_LEFT);
    assembler.jumpIfNotZero(block);

    for (int token = 0; token < tile.tokens(); token++) {
      for (int half = 0; half < HALVES; half++) {
        load(
            VectorInstruction.VMOVUPS,
            SUM,
            STACK,
            ACCUMULATORS + (HALVES * token + half) * REGISTER_BYTES);
        store(SUM, OUT, half * REGISTER_BYTES);
      }
      assembler.add(OUT, OUT_STRIDE);
    }
    assembler.add(STRIP_OUT, HALVES * REGISTER_BYTES);
    assembler.decrement(STRIPS);
    assembler.jumpIfNotZero(strip);
    assembler.mov(STACK, CALLER_STACK);
    assembler.pop(CALLER_STACK);
    assembler.vzeroupper();
    assembler.ret();
    return assembler.code();
  }

  private void constant(int register, int bits) {
    assembler.mov(Register.RAX, bits);
    assembler.vmovd(register, Register.RAX);
    emit(VectorInstruction.VPBROADCASTD, register, Assembler.NONE, register);
  }

  private void loadWeights(int half) {
    int stored = type == WeightType.Q8 ? 8 : 4;
    for (int i = 0; i < stored; i++) {
      load(VectorInstruction.VMOVUPS, i, WEIGHTS, i * STORED_BYTES + half * REGISTER_BYTES);
    }
    if (stored == 4) {
      for (int i = 0; i < 4; i++) {
        assembler.vpsrlw(Width.YMM, 4 + i, i, 4);
        emit(VectorInstruction.VPAND, 4 + i, 4 + i, BYTES);
        emit(VectorInstruction.VPAND, i, i, BYTES);
      }
    } else if (multipliesSigned()) {
      for (int i = 0; i < 8; i++) {
        emit(VectorInstruction.VPXOR, i, i, BYTES); // q - 128
        store(i, STACK, SIGNED_WEIGHTS + i * REGISTER_BYTES);
        emit(VectorInstruction.VPABSB, i, Assembler.NONE, i);
      }
    }
    int scales = stored * STORED_BYTES + half * REGISTER_BYTES / 2;
    load(VectorInstruction.VCVTPH2PS, SCALE, WEIGHTS, scales);
    assembler.emit(
        Width.YMM, VectorInstruction.VMULPS, MAGIC_SCALE, SCALE, new Memory(STACK, MAGIC));
    if (type == WeightType.Q4M) {
      load(VectorInstruction.VCVTPH2PS, MINIMUM, WEIGHTS, scales + REGISTER_BYTES);
    }
  }

  private void addToken(int token, int accumulator) {
    sum(token);
    emit(VectorInstruction.VFMSUB213PS, SUM, SCALE, MAGIC_SCALE);
    load(VectorInstruction.VMOVUPS, PRODUCT, STACK, accumulator);
    repeat(ACTIVATION, tile.scalesOffset() + 4 * token);
    emit(VectorInstruction.VFMADD231PS, PRODUCT, SUM, ACTIVATION);
    if (type == WeightType.Q4M) {
      repeat(SUM, tile.sumsOffset() + 4 * token);
      emit(VectorInstruction.VMULPS, SUM, SUM, MINIMUM);
      emit(VectorInstruction.VFMADD231PS, PRODUCT, SUM, ACTIVATION);
    }
    store(PRODUCT, STACK, accumulator);
  }

  /// The block's integer sum, start included, into SUM.
  private void sum(int token) {
    int activations = ActivationTile.TOKEN_BYTES * token;
    int start = tile.startsOffset() + 4 * token;
    if (set == InstructionSet.AVX_VNNI || multipliesSigned()) {
      repeat(SUM, start);
      for (int i = 0; i < 8; i++) {
        repeat(ACTIVATION, activations + 4 * i);
        if (multipliesSigned()) {
          assembler.emit(
              Width.YMM,
              VectorInstruction.VPSIGNB,
              ACTIVATION,
              ACTIVATION,
              new Memory(STACK, SIGNED_WEIGHTS + i * REGISTER_BYTES));
          emit(VectorInstruction.VPMADDUBSW, PRODUCT, i, ACTIVATION);
          emit(VectorInstruction.VPMADDWD, PRODUCT, PRODUCT, ONES);
          emit(VectorInstruction.VPADDD, SUM, SUM, PRODUCT);
        } else {
          emit(VectorInstruction.VPDPBUSD, SUM, i, ACTIVATION);
        }
      }
    } else {
      for (int i = 0; i < 8; i++) {
        int product = i == 0 ? SUM : PRODUCT;
        repeat(ACTIVATION, activations + 4 * i);
        emit(VectorInstruction.VPMADDUBSW, product, i, ACTIVATION);
        if (i > 0) {
          emit(VectorInstruction.VPADDW, SUM, SUM, PRODUCT);
        }
      }
      emit(VectorInstruction.VPMADDWD, SUM, SUM, ONES);
      repeat(ACTIVATION, start);
      emit(VectorInstruction.VPADDD, SUM, SUM, ACTIVATION);
    }
  }

  /// 4 bytes of the tile to all lanes.
  private void repeat(int register, int offset) {
    load(VectorInstruction.VPBROADCASTD, register, ACTIVATIONS, offset);
  }

  private void load(VectorInstruction instruction, int register, Register base, int offset) {
    assembler.emit(Width.YMM, instruction, register, Assembler.NONE, new Memory(base, offset));
  }

  private void store(int register, Register base, int offset) {
    load(VectorInstruction.VMOVUPS_STORE, register, base, offset);
  }

  private void emit(VectorInstruction instruction, int target, int first, int second) {
    assembler.emit(Width.YMM, instruction, target, first, new Vector(second));
  }
}
