package org.glmspark.kernel.x86;

import java.util.List;
import org.glmspark.kernel.x86.Assembler.Memory;
import org.glmspark.kernel.x86.Assembler.Operand;
import org.glmspark.kernel.x86.Assembler.Register;
import org.glmspark.kernel.x86.Assembler.Repeated;
import org.glmspark.kernel.x86.Assembler.Vector;
import org.glmspark.kernel.x86.Assembler.Width;
import org.glmspark.tensor.WeightType;

/// Assembles the product with many tokens for AVX-512 VNNI. Where [VnniMatMul] unpacks the weights
/// of a strip for every tile, here they are unpacked once, a [WeightPanel] at a time, and every
/// tile is multiplied with them:
///
/// ```
/// for each tile, and in it for each half
///   accumulator[token][strip] = out[token][strip]
///   for each block
///     sum[token][strip] = start[token]
///     for each i, for each token: sum[token][both strips] += weights[i][strip] · activations[token][i]
///     for each token and strip: as in VnniMatMul
///   out[token][strip] = accumulator[token][strip]
/// ```
///
/// A processor adds two products in a cycle and loads two operands. With the activations as
/// operands in memory, loads alone would take as long as all the rest; with two strips at once, a
/// loaded activation serves twice, and a half has as many sums as the products need to keep busy.
final class VnniPanelMatMul {
  private static final int STRIPS = WeightPanel.STRIPS;

  /// Most tokens of half a tile.
  private static final int HALF = ActivationTile.MAX_TOKENS / 2;

  // Vector registers of the product
  private static final int WEIGHTS = 0;
  private static final int FOUR = 2;
  private static final int SCALES = 3;
  private static final int MAGIC_SCALES = 5;
  private static final int FIRST_SUM = 8;
  private static final int FIRST_ACCUMULATOR = FIRST_SUM + STRIPS * HALF;

  /// How far ahead activations are brought into the first-level cache.
  private static final int PREFETCH_BLOCKS = 3;

  private final Assembler assembler = new Assembler();
  private final WeightType type;

  private VnniPanelMatMul(WeightType type) {
    this.type = type;
  }

  // --- Unpacking: void (strip, panel, long blocks) ---

  /// The code that unpacks one strip: `void (weights, panel, long blocks)`.
  ///
  /// @param strip its place in the panel, 0 or 1
  static byte[] assembleUnpacking(WeightType type, int strip) {
    return new VnniPanelMatMul(type).unpacking(strip);
  }

  private byte[] unpacking(int strip) {
    Register weights = Register.RDI;
    Register panel = Register.RSI;
    Register blocks = Register.RDX;
    assembler.mov(Register.RAX, Float.floatToRawIntBits(ActivationTile.MAGIC));
    int magic = 16;
    emit(VectorInstruction.VPBROADCASTD_REGISTER, magic, new Vector(0));
    int nibbles = 17;
    assembler.mov(Register.RAX, 0x0f0f0f0f);
    emit(VectorInstruction.VPBROADCASTD_REGISTER, nibbles, new Vector(0));
    int block = assembler.position();
    int stored = type == WeightType.Q8 ? 8 : 4;
    for (int i = 0; i < stored; i++) {
      emit(VectorInstruction.VMOVUPS, i, new Memory(weights, i * Width.ZMM.bytes));
    }
    if (stored == 4) {
      for (int i = 0; i < 4; i++) {
        assembler.vpsrlw(Width.ZMM, 4 + i, i, 4);
      }
      for (int i = 0; i < 8; i++) {
        emit(VectorInstruction.VPAND, i, i, new Vector(nibbles));
      }
    }
    for (int i = 0; i < WeightPanel.WEIGHT_REGISTERS; i++) {
      store(i, panel, i, strip);
    }
    int scales = stored * Width.ZMM.bytes;
    emit(VectorInstruction.VCVTPH2PS, 8, new Memory(weights, scales));
    emit(VectorInstruction.VMULPS, 9, 8, new Vector(magic));
    store(8, panel, WeightPanel.SCALE, strip);
    store(9, panel, WeightPanel.MAGIC_SCALE, strip);
    if (type == WeightType.Q4M) {
      emit(VectorInstruction.VCVTPH2PS, 10, new Memory(weights, scales + Width.ZMM.bytes / 2));
      store(10, panel, WeightPanel.MINIMUM, strip);
    }
    assembler.add(weights, type.stripBlockBytes());
    assembler.add(panel, new WeightPanel(type).blockBytes());
    assembler.decrement(blocks);
    assembler.jumpIfNotZero(block);
    assembler.vzeroupper();
    assembler.ret();
    return assembler.code();
  }

  private void store(int vector, Register panel, int register, int strip) {
    emit(
        VectorInstruction.VMOVUPS_STORE,
        vector,
        new Memory(panel, WeightPanel.offset(register, strip)));
  }

  // --- The product ---

  private static final Register PANEL = Register.RDI;
  private static final Register TILE = Register.RSI;
  private static final Register BLOCKS = Register.RDX;
  private static final Register IN = Register.RCX;
  private static final Register IN_STRIDE = Register.R8;
  private static final Register OUT = Register.R9;
  private static final Register OUT_STRIDE = Register.RBX;
  private static final Register NEXT = Register.RBP;
  private static final Register NEXT_SECOND = Register.R12;
  private static final Register NEXT_STRIDE = Register.R13;
  private static final Register BLOCK_WEIGHTS = Register.RAX;
  private static final Register BLOCK_ACTIVATIONS = Register.R10;
  private static final Register COUNTER = Register.R11;

  private static final List<Register> SAVED = List.of(OUT_STRIDE, NEXT, NEXT_SECOND, NEXT_STRIDE);

  // The other arguments, above saved registers and the return address; a function may change them.
  private static final Memory OUT_STRIDE_ARGUMENT = argument(0);
  private static final Memory TILES = argument(1);
  private static final Memory NEXT_ARGUMENT = argument(2);
  private static final Memory NEXT_SECOND_ARGUMENT = argument(3);
  private static final Memory NEXT_STRIDE_ARGUMENT = argument(4);

  private static Memory argument(int place) {
    return new Memory(Register.RSP, 8 * (SAVED.size() + 1 + place));
  }

  /// The code that multiplies a panel with some tiles of equal size, one behind the other: `void
  /// (panel, activations, long blocks, float* in, long inStrideBytes, float* out, long
  /// outStrideBytes, long tiles, next, nextSecond, long nextStrideBytes)`.
  ///
  /// The packed weights of the next panel's strips are brought nearer meanwhile: so many bytes of
  /// each with every block of a tile.
  ///
  /// @param tokens of a tile
  static byte[] assembleProduct(WeightType type, int tokens) {
    return new VnniPanelMatMul(type).product(new ActivationTile(type, tokens));
  }

  private byte[] product(ActivationTile tile) {
    SAVED.forEach(assembler::push);
    assembler.load(OUT_STRIDE, OUT_STRIDE_ARGUMENT);
    assembler.load(NEXT, NEXT_ARGUMENT);
    assembler.load(NEXT_SECOND, NEXT_SECOND_ARGUMENT);
    assembler.load(NEXT_STRIDE, NEXT_STRIDE_ARGUMENT);
    int start = assembler.position();
    int half = Math.ceilDiv(tile.tokens(), 2);
    half(tile, 0, half);
    half(tile, half, tile.tokens() - half);
    assembler.mov(TILE, BLOCK_ACTIVATIONS);
    assembler.decrement(TILES);
    assembler.jumpIfNotZero(start);
    assembler.vzeroupper();
    SAVED.reversed().forEach(assembler::pop);
    assembler.ret();
    return assembler.code();
  }

  private void half(ActivationTile tile, int firstToken, int tokens) {
    for (int token = 0; token < tokens; token++) {
      for (int strip = 0; strip < STRIPS; strip++) {
        emit(VectorInstruction.VMOVUPS, accumulator(token, strip), output(IN, strip));
      }
      assembler.add(IN, IN_STRIDE);
    }
    assembler.mov(BLOCK_WEIGHTS, PANEL);
    assembler.mov(BLOCK_ACTIVATIONS, TILE);
    assembler.mov(COUNTER, BLOCKS);
    int block = assembler.position();
    if (firstToken == 0) {
      for (int line = 0; line < tile.blockBytes(); line += Width.ZMM.bytes) {
        assembler.prefetch(BLOCK_ACTIVATIONS, PREFETCH_BLOCKS * tile.blockBytes() + line);
      }
    } else {
      for (int line = 0; line < nextBytes(type); line += Width.ZMM.bytes) {
        assembler.prefetchSecondLevel(NEXT, line);
        assembler.prefetchSecondLevel(NEXT_SECOND, line);
      }
      assembler.add(NEXT, NEXT_STRIDE);
      assembler.add(NEXT_SECOND, NEXT_STRIDE);
    }
    sum(tile, firstToken, tokens);
    scale(tile, firstToken, tokens);
    assembler.add(BLOCK_WEIGHTS, new WeightPanel(type).blockBytes());
    assembler.add(BLOCK_ACTIVATIONS, tile.blockBytes());
    assembler.decrement(COUNTER);
    assembler.jumpIfNotZero(block);
    for (int token = 0; token < tokens; token++) {
      for (int strip = 0; strip < STRIPS; strip++) {
        emit(VectorInstruction.VMOVUPS_STORE, accumulator(token, strip), output(OUT, strip));
      }
      assembler.add(OUT, OUT_STRIDE);
    }
  }

  /// What is brought nearer of each strip with a block of a tile: with five tiles, all of a panel.
  static int nextBytes(WeightType type) {
    return type == WeightType.Q8 ? 2 * Width.ZMM.bytes : Width.ZMM.bytes;
  }

  private static Memory output(Register row, int strip) {
    return new Memory(row, strip * Width.ZMM.bytes);
  }

  private void sum(ActivationTile tile, int firstToken, int tokens) {
    for (int token = 0; token < tokens; token++) {
      for (int strip = 0; strip < STRIPS; strip++) {
        int start = tile.startsOffset() + 4 * (firstToken + token);
        emit(
            VectorInstruction.VPBROADCASTD,
            sum(token, strip),
            new Memory(BLOCK_ACTIVATIONS, start));
      }
    }
    for (int i = 0; i < WeightPanel.WEIGHT_REGISTERS; i++) {
      load(WEIGHTS, i);
      for (int token = 0; token < tokens; token++) {
        int four = ActivationTile.TOKEN_BYTES * (firstToken + token) + 4 * i;
        emit(VectorInstruction.VPBROADCASTD, FOUR, new Memory(BLOCK_ACTIVATIONS, four));
        for (int strip = 0; strip < STRIPS; strip++) {
          emit(VectorInstruction.VPDPBUSD, sum(token, strip), WEIGHTS + strip, new Vector(FOUR));
        }
      }
    }
  }

  /// Loads a register of both strips.
  private void load(int vector, int register) {
    for (int strip = 0; strip < STRIPS; strip++) {
      emit(
          VectorInstruction.VMOVUPS,
          vector + strip,
          new Memory(BLOCK_WEIGHTS, WeightPanel.offset(register, strip)));
    }
  }

  private void scale(ActivationTile tile, int firstToken, int tokens) {
    load(SCALES, WeightPanel.SCALE);
    load(MAGIC_SCALES, WeightPanel.MAGIC_SCALE);
    for (int token = 0; token < tokens; token++) {
      for (int strip = 0; strip < STRIPS; strip++) {
        emit(
            VectorInstruction.VFMSUB213PS,
            sum(token, strip),
            SCALES + strip,
            new Vector(MAGIC_SCALES + strip));
      }
    }
    addScaled(tile, firstToken, tokens);
    if (type == WeightType.Q4M) {
      load(SCALES, WeightPanel.MINIMUM);
      for (int token = 0; token < tokens; token++) {
        var sum = new Repeated(BLOCK_ACTIVATIONS, tile.sumsOffset() + 4 * (firstToken + token));
        for (int strip = 0; strip < STRIPS; strip++) {
          emit(VectorInstruction.VMULPS, sum(token, strip), SCALES + strip, sum);
        }
      }
      addScaled(tile, firstToken, tokens);
    }
  }

  /// Adds what is in the sums, times the scales of the activations.
  private void addScaled(ActivationTile tile, int firstToken, int tokens) {
    for (int token = 0; token < tokens; token++) {
      var scale = new Repeated(BLOCK_ACTIVATIONS, tile.scalesOffset() + 4 * (firstToken + token));
      for (int strip = 0; strip < STRIPS; strip++) {
        emit(VectorInstruction.VFMADD231PS, accumulator(token, strip), sum(token, strip), scale);
      }
    }
  }

  private static int sum(int token, int strip) {
    return FIRST_SUM + STRIPS * token + strip;
  }

  private static int accumulator(int token, int strip) {
    return FIRST_ACCUMULATOR + STRIPS * token + strip;
  }

  private void emit(VectorInstruction instruction, int target, Operand source) {
    emit(instruction, target, Assembler.NONE, source);
  }

  private void emit(VectorInstruction instruction, int target, int first, Operand second) {
    assembler.emit(Width.ZMM, instruction, target, first, second);
  }
}
