package org.glmspark.kernel.x86;

import org.glmspark.kernel.x86.Assembler.Memory;
import org.glmspark.kernel.x86.Assembler.Operand;
import org.glmspark.kernel.x86.Assembler.Register;
import org.glmspark.kernel.x86.Assembler.Repeated;
import org.glmspark.kernel.x86.Assembler.Vector;
import org.glmspark.kernel.x86.Assembler.Width;
import org.glmspark.tensor.WeightType;

/// Assembles the product of neighbouring strips with one tile for AVX-512 VNNI. A lane is a row of
/// weights.
///
/// ```
/// for each strip, for each block
///   weights[0 to 7]: 4 columns of the 16 rows each, as unsigned bytes
///   sum[token] = start[token]
///   for each i, for each token: sum[token] += weights[i] · activations[token][i]
///   for each token
///     product = sum · weightScale - MAGIC · weightScale     sum as a float is MAGIC + n: this is n · weightScale, rounded once
///     accumulator = product · activationScale + accumulator
///     with a minimum: accumulator = (Σ activations · minimum) · activationScale + accumulator
/// ```
///
/// `MAGIC · weightScale` is exact: a float16 has 11 bits, MAGIC 2.
///
/// `vpdpbusd` takes 5 cycles, and two start in a cycle: only ten sums and more in turn keep the
/// processor busy. So 8 registers are weights, 12 are sums and 12 accumulators; the scales come
/// into registers of weights that are done with. In small tiles a token has several sums, which are
/// added up in the end; integer sums are exact, so their order is free.
///
/// `void (weights, activations, long blocks, float* out, long outStrideBytes, long strips)`
final class VnniMatMul {
  private static final Register WEIGHTS = Register.RDI;
  private static final Register TILE = Register.RSI;
  private static final Register BLOCKS = Register.RDX;
  private static final Register STRIP_OUT = Register.RCX;
  private static final Register OUT_STRIDE = Register.R8;
  private static final Register STRIPS = Register.R9;

  // Within a strip:
  private static final Register ACTIVATIONS = Register.R10;
  private static final Register BLOCKS_LEFT = Register.R11;
  private static final Register OUT = Register.RAX;

  // Vector registers; 0 to 7 are weights, and afterwards:
  private static final int SCALE = 0;
  private static final int MAGIC_SCALE = 1;
  private static final int MINIMUM = 2;
  private static final int LAST_REPLACED = MINIMUM;
  private static final int FIRST_SUM = 8;
  private static final int SUMS = 12;
  private static final int FIRST_ACCUMULATOR = FIRST_SUM + SUMS;

  /// Most sums of one token.
  private static final int CHAINS = 3;

  // Constants below the stack pointer: a function that calls no other may use 128 bytes there.
  private static final Repeated MAGIC = new Repeated(Register.RSP, -4);
  private static final Repeated NIBBLES = new Repeated(Register.RSP, -8);

  /// Tiles up to this size wait for memory.
  private static final int SMALL_TILE = 4;

  private static final int PREFETCH_BYTES = 2048;
  private static final int REGISTER_BYTES = Width.ZMM.bytes;

  private final Assembler assembler = new Assembler();
  private final WeightType type;
  private final ActivationTile tile;
  private final int chains;

  private VnniMatMul(WeightType type, int tokens) {
    this.type = type;
    this.tile = new ActivationTile(type, tokens);
    this.chains = Math.min(CHAINS, SUMS / tokens);
  }

  /// The code of one function.
  static byte[] assemble(WeightType type, int tokens) {
    return new VnniMatMul(type, tokens).assemble();
  }

  private byte[] assemble() {
    constant(MAGIC, Float.floatToRawIntBits(ActivationTile.MAGIC));
    constant(NIBBLES, 0x0f0f0f0f);
    int strip = assembler.position();
    assembler.mov(ACTIVATIONS, TILE);
    assembler.mov(BLOCKS_LEFT, BLOCKS);
    assembler.mov(OUT, STRIP_OUT);
    for (int token = 0; token < tile.tokens(); token++) {
      zero(accumulator(token));
    }
    int block = assembler.position();
    loadWeights();
    sum();
    scale();
    assembler.add(WEIGHTS, type.stripBlockBytes());
    assembler.add(ACTIVATIONS, tile.blockBytes());
    assembler.decrement(BLOCKS_LEFT);
    assembler.jumpIfNotZero(block);
    for (int token = 0; token < tile.tokens(); token++) {
      emit(VectorInstruction.VMOVUPS_STORE, accumulator(token), new Memory(OUT, 0));
      assembler.add(OUT, OUT_STRIDE);
    }
    assembler.add(STRIP_OUT, REGISTER_BYTES);
    assembler.decrement(STRIPS);
    assembler.jumpIfNotZero(strip);
    assembler.vzeroupper();
    assembler.ret();
    return assembler.code();
  }

  private void constant(Repeated place, int bits) {
    assembler.mov(Register.RAX, bits);
    assembler.store(place.base(), place.displacement(), Register.RAX);
  }

  private void loadWeights() {
    if (tile.tokens() <= SMALL_TILE) {
      for (int line = 0; line < type.stripBlockBytes(); line += REGISTER_BYTES) {
        assembler.prefetch(WEIGHTS, PREFETCH_BYTES + line);
      }
    }
    int stored = storedRegisters();
    for (int i = 0; i < stored; i++) {
      emit(VectorInstruction.VMOVUPS, i, new Memory(WEIGHTS, i * REGISTER_BYTES));
    }
    if (stored == 4) {
      for (int i = 0; i < 4; i++) {
        assembler.vpsrlw(Width.ZMM, 4 + i, i, 4);
        emit(VectorInstruction.VPAND, i, i, NIBBLES);
      }
      for (int i = 4; i < 8; i++) {
        emit(VectorInstruction.VPAND, i, i, NIBBLES);
      }
    }
  }

  private int storedRegisters() {
    return type == WeightType.Q8 ? 8 : 4;
  }

  /// The blocks' integer sums, into the first sum of each token.
  private void sum() {
    for (int token = 0; token < tile.tokens(); token++) {
      var start = new Memory(ACTIVATIONS, tile.startsOffset() + 4 * token);
      emit(VectorInstruction.VPBROADCASTD, sum(token, 0), start);
      for (int chain = 1; chain < chains; chain++) {
        zero(sum(token, chain));
      }
    }
    for (int i = 0; i < 8; i++) {
      for (int token = 0; token < tile.tokens(); token++) {
        var four = new Repeated(ACTIVATIONS, ActivationTile.TOKEN_BYTES * token + 4 * i);
        emit(VectorInstruction.VPDPBUSD, sum(token, i % chains), i, four);
      }
      if (i == LAST_REPLACED) {
        loadScales();
      }
    }
    for (int chain = chains - 1; chain > 0; chain--) {
      for (int token = 0; token < tile.tokens(); token++) {
        int sum = sum(token, chain - 1);
        emit(VectorInstruction.VPADDD, sum, sum, new Vector(sum(token, chain)));
      }
    }
  }

  /// Early, so that nothing waits for them.
  private void loadScales() {
    int scales = storedRegisters() * REGISTER_BYTES;
    emit(VectorInstruction.VCVTPH2PS, SCALE, new Memory(WEIGHTS, scales));
    emit(VectorInstruction.VMULPS, MAGIC_SCALE, SCALE, MAGIC);
    if (type == WeightType.Q4M) {
      emit(VectorInstruction.VCVTPH2PS, MINIMUM, new Memory(WEIGHTS, scales + REGISTER_BYTES / 2));
    }
  }

  private void scale() {
    for (int token = 0; token < tile.tokens(); token++) {
      emit(VectorInstruction.VFMSUB213PS, sum(token, 0), SCALE, new Vector(MAGIC_SCALE));
    }
    addScaled();
    if (type == WeightType.Q4M) {
      for (int token = 0; token < tile.tokens(); token++) {
        var sum = new Repeated(ACTIVATIONS, tile.sumsOffset() + 4 * token);
        emit(VectorInstruction.VMULPS, sum(token, 0), MINIMUM, sum);
      }
      addScaled();
    }
  }

  /// Adds what is in the sums, times the scales of the activations.
  private void addScaled() {
    for (int token = 0; token < tile.tokens(); token++) {
      var scale = new Repeated(ACTIVATIONS, tile.scalesOffset() + 4 * token);
      emit(VectorInstruction.VFMADD231PS, accumulator(token), sum(token, 0), scale);
    }
  }

  private int sum(int token, int chain) {
    return FIRST_SUM + token * chains + chain;
  }

  private static int accumulator(int token) {
    return FIRST_ACCUMULATOR + token;
  }

  private void zero(int register) {
    emit(VectorInstruction.VPXOR, register, register, new Vector(register));
  }

  private void emit(VectorInstruction instruction, int target, Operand source) {
    emit(instruction, target, Assembler.NONE, source);
  }

  private void emit(VectorInstruction instruction, int target, int first, Operand second) {
    assembler.emit(Width.ZMM, instruction, target, first, second);
  }
}
