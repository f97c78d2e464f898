package org.glmspark.kernel;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.FloatMatrix;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.WeightType;

/// The product of quantised weights and activations with the Vector API, which has no product of
/// int8: integers are multiplied as floats. A block's sum is below 2^24, so every partial sum is
/// exact.
///
/// For each token, output row and block in ascending order: `acc = fma(sum · weightScale,
/// activationScale, acc)`, with a minimum also `acc = fma(activationSum · minimum, activationScale,
/// acc)`.
///
/// As in [FloatMatMul] a panel of a few strips and columns is widened to a scratch that stays in
/// the cache, and accumulators rest in `out` between blocks.
final class QuantizedMatMul {
  private static final int STRIP = StripMatrix.STRIP_ROWS;
  private static final int BLOCK = StripMatrix.BLOCK_COLUMNS;
  private static final int PANEL_STRIPS = 4;
  private static final int PANEL_BLOCKS = 4;
  private static final int TILE = 8; // tokens

  // The scratch: weights [strip][column][16], scales and minimums [strip][block][16], activations
  // [token][column], their scales and sums [token][block].
  private static final int WEIGHTS = 0;
  private static final int STRIP_WEIGHTS = PANEL_BLOCKS * BLOCK * STRIP;
  private static final int SCALES = WEIGHTS + PANEL_STRIPS * STRIP_WEIGHTS;
  private static final int MINIMUMS = SCALES + PANEL_STRIPS * PANEL_BLOCKS * STRIP;
  private static final int INTEGERS = MINIMUMS + PANEL_STRIPS * PANEL_BLOCKS * STRIP;
  private static final int TOKEN_INTEGERS = PANEL_BLOCKS * BLOCK;
  private static final int TOKEN_SCALES = INTEGERS + TILE * TOKEN_INTEGERS;
  private static final int TOKEN_SUMS = TOKEN_SCALES + TILE * PANEL_BLOCKS;

  /// Floats of scratch a call needs.
  static final int SCRATCH_FLOATS = TOKEN_SUMS + TILE * PANEL_BLOCKS;

  private QuantizedMatMul() {}

  /// Computes the output rows of some strips, for all tokens; sizes are checked by the caller.
  static void apply(
      FloatMatrix out,
      Q8Activations x,
      StripMatrix weights,
      int firstStrip,
      int endStrip,
      float[] scratch) {
    for (int strip = firstStrip; strip < endStrip; strip += PANEL_STRIPS) {
      int strips = Math.min(PANEL_STRIPS, endStrip - strip);
      for (int block = 0; block < x.blocks(); block += PANEL_BLOCKS) {
        int blocks = Math.min(PANEL_BLOCKS, x.blocks() - block);
        widenWeights(weights, strip, strips, block, blocks, scratch);
        panel(out, x, weights.type(), strip, strips, block, blocks, scratch);
      }
    }
  }

  private static void widenWeights(
      StripMatrix weights,
      int firstStrip,
      int strips,
      int firstBlock,
      int blocks,
      float[] scratch) {
    WeightType type = weights.type();
    for (int strip = 0; strip < strips; strip++) {
      for (int block = 0; block < blocks; block++) {
        long source =
            weights.stripOffset(firstStrip + strip)
                + (long) (firstBlock + block) * type.stripBlockBytes();
        int target = WEIGHTS + strip * STRIP_WEIGHTS + block * BLOCK * STRIP;
        int lanes = (strip * PANEL_BLOCKS + block) * STRIP;
        switch (type) {
          case Q8 -> widenBytes(weights.data(), source, scratch, target);
          case Q4 -> widenNibbles(weights.data(), source, 8, scratch, target);
          case Q4M -> widenNibbles(weights.data(), source, 0, scratch, target);
          case F32, F16, BF16 -> throw new IllegalArgumentException(type + " is not quantised");
        }
        long scales = source + (type == WeightType.Q8 ? BLOCK : BLOCK / 2) * (long) STRIP;
        Widening.apply(weights.data(), scales, DType.F16, scratch, SCALES + lanes, STRIP);
        if (type == WeightType.Q4M) {
          long minimums = scales + 2L * STRIP;
          Widening.apply(weights.data(), minimums, DType.F16, scratch, MINIMUMS + lanes, STRIP);
        }
      }
    }
  }

  /// Four columns of a row are one int32, so 16 neighbouring int32 are the lanes of each of them.
  private static IntVector fourColumns(MemorySegment weights, long source) {
    return IntVector.fromMemorySegment(Lanes.INTS, weights, source, ByteOrder.LITTLE_ENDIAN);
  }

  private static void widenBytes(MemorySegment weights, long source, float[] out, int target) {
    for (int four = 0; four < BLOCK / 4; four++) {
      for (int lane = 0; lane < STRIP; lane += Lanes.COUNT) {
        IntVector columns = fourColumns(weights, source + 64L * four + 4L * lane);
        for (int i = 0; i < 4; i++) {
          integers(columns, 8 * i, 255, 128).intoArray(out, target + (4 * four + i) * STRIP + lane);
        }
      }
    }
  }

  private static void widenNibbles(
      MemorySegment weights, long source, int offset, float[] out, int target) {
    for (int four = 0; four < BLOCK / 8; four++) {
      for (int lane = 0; lane < STRIP; lane += Lanes.COUNT) {
        IntVector columns = fourColumns(weights, source + 64L * four + 4L * lane);
        for (int i = 0; i < 4; i++) {
          int column = 4 * four + i;
          integers(columns, 8 * i, 15, offset).intoArray(out, target + column * STRIP + lane);
          integers(columns, 8 * i + 4, 15, offset)
              .intoArray(out, target + (BLOCK / 2 + column) * STRIP + lane);
        }
      }
    }
  }

  private static FloatVector integers(IntVector packed, int shift, int mask, int offset) {
    return (FloatVector)
        packed
            .lanewise(VectorOperators.LSHR, shift)
            .and(mask)
            .sub(offset)
            .convert(VectorOperators.I2F, 0);
  }

  private static void panel(
      FloatMatrix out,
      Q8Activations x,
      WeightType type,
      int firstStrip,
      int strips,
      int firstBlock,
      int blocks,
      float[] scratch) {
    for (int token = 0; token < x.rows(); token += TILE) {
      int tokens = Math.min(TILE, x.rows() - token);
      widenActivations(x, token, tokens, firstBlock, blocks, scratch);
      for (int strip = 0; strip < strips; strip++) {
        int output = out.offset(token) + (firstStrip + strip) * STRIP;
        for (int lane = 0; lane < STRIP; lane += Lanes.COUNT) {
          for (int block = 0; block < blocks; block++) {
            boolean first = firstBlock + block == 0;
            if (tokens == TILE) {
              eightTokens(
                  out.values(),
                  output + lane,
                  out.stride(),
                  first,
                  type,
                  scratch,
                  strip,
                  block,
                  lane);
            } else {
              for (int i = 0; i < tokens; i++) {
                oneToken(
                    out.values(),
                    output + i * out.stride() + lane,
                    first,
                    type,
                    scratch,
                    i,
                    strip,
                    block,
                    lane);
              }
            }
          }
        }
      }
    }
  }

  private static void widenActivations(
      Q8Activations x, int firstToken, int tokens, int firstBlock, int blocks, float[] scratch) {
    for (int token = 0; token < tokens; token++) {
      for (int block = 0; block < blocks; block++) {
        int row = firstToken + token;
        int number = firstBlock + block;
        x.widen(row, number, scratch, INTEGERS + token * TOKEN_INTEGERS + block * BLOCK);
        scratch[TOKEN_SCALES + token * PANEL_BLOCKS + block] = x.scale(row, number);
        if (x.type() == WeightType.Q4M) {
          scratch[TOKEN_SUMS + token * PANEL_BLOCKS + block] = x.sum(row, number);
        }
      }
    }
  }

  private static FloatVector splat(float value) {
    return FloatVector.broadcast(Lanes.FLOATS, value);
  }

  /// Sums are local variables: in an array they would live in memory.
  private static void eightTokens(
      float[] out,
      int output,
      int outStride,
      boolean first,
      WeightType type,
      float[] scratch,
      int strip,
      int block,
      int lane) {
    FloatVector s0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    FloatVector s4 = s0;
    FloatVector s5 = s0;
    FloatVector s6 = s0;
    FloatVector s7 = s0;
    int weights = WEIGHTS + strip * STRIP_WEIGHTS + block * BLOCK * STRIP + lane;
    int integers = INTEGERS + block * BLOCK;
    for (int c = 0; c < BLOCK; c++) {
      FloatVector w = FloatVector.fromArray(Lanes.FLOATS, scratch, weights + c * STRIP);
      int i = integers + c;
      s0 = w.fma(splat(scratch[i]), s0);
      s1 = w.fma(splat(scratch[i + TOKEN_INTEGERS]), s1);
      s2 = w.fma(splat(scratch[i + 2 * TOKEN_INTEGERS]), s2);
      s3 = w.fma(splat(scratch[i + 3 * TOKEN_INTEGERS]), s3);
      s4 = w.fma(splat(scratch[i + 4 * TOKEN_INTEGERS]), s4);
      s5 = w.fma(splat(scratch[i + 5 * TOKEN_INTEGERS]), s5);
      s6 = w.fma(splat(scratch[i + 6 * TOKEN_INTEGERS]), s6);
      s7 = w.fma(splat(scratch[i + 7 * TOKEN_INTEGERS]), s7);
    }
    int lanes = (strip * PANEL_BLOCKS + block) * STRIP + lane;
    addBlock(out, output, first, type, s0, scratch, lanes, 0, block);
    addBlock(out, output + outStride, first, type, s1, scratch, lanes, 1, block);
    addBlock(out, output + 2 * outStride, first, type, s2, scratch, lanes, 2, block);
    addBlock(out, output + 3 * outStride, first, type, s3, scratch, lanes, 3, block);
    addBlock(out, output + 4 * outStride, first, type, s4, scratch, lanes, 4, block);
    addBlock(out, output + 5 * outStride, first, type, s5, scratch, lanes, 5, block);
    addBlock(out, output + 6 * outStride, first, type, s6, scratch, lanes, 6, block);
    addBlock(out, output + 7 * outStride, first, type, s7, scratch, lanes, 7, block);
  }

  /// Four chains, since a single one would wait for each addition; integer sums are exact, so their
  /// order is free.
  private static void oneToken(
      float[] out,
      int output,
      boolean first,
      WeightType type,
      float[] scratch,
      int token,
      int strip,
      int block,
      int lane) {
    FloatVector s0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    int weights = WEIGHTS + strip * STRIP_WEIGHTS + block * BLOCK * STRIP + lane;
    int integers = INTEGERS + token * TOKEN_INTEGERS + block * BLOCK;
    for (int c = 0; c < BLOCK; c += 4) {
      int w = weights + c * STRIP;
      int i = integers + c;
      s0 = FloatVector.fromArray(Lanes.FLOATS, scratch, w).fma(splat(scratch[i]), s0);
      s1 = FloatVector.fromArray(Lanes.FLOATS, scratch, w + STRIP).fma(splat(scratch[i + 1]), s1);
      s2 =
          FloatVector.fromArray(Lanes.FLOATS, scratch, w + 2 * STRIP)
              .fma(splat(scratch[i + 2]), s2);
      s3 =
          FloatVector.fromArray(Lanes.FLOATS, scratch, w + 3 * STRIP)
              .fma(splat(scratch[i + 3]), s3);
    }
    FloatVector sum = s0.add(s1).add(s2.add(s3));
    int lanes = (strip * PANEL_BLOCKS + block) * STRIP + lane;
    addBlock(out, output, first, type, sum, scratch, lanes, token, block);
  }

  private static void addBlock(
      float[] out,
      int output,
      boolean first,
      WeightType type,
      FloatVector sum,
      float[] scratch,
      int lanes,
      int token,
      int block) {
    FloatVector activationScale = splat(scratch[TOKEN_SCALES + token * PANEL_BLOCKS + block]);
    FloatVector accumulator =
        first ? FloatVector.zero(Lanes.FLOATS) : FloatVector.fromArray(Lanes.FLOATS, out, output);
    accumulator =
        FloatVector.fromArray(Lanes.FLOATS, scratch, SCALES + lanes)
            .mul(sum)
            .fma(activationScale, accumulator);
    if (type == WeightType.Q4M) {
      accumulator =
          FloatVector.fromArray(Lanes.FLOATS, scratch, MINIMUMS + lanes)
              .mul(splat(scratch[TOKEN_SUMS + token * PANEL_BLOCKS + block]))
              .fma(activationScale, accumulator);
    }
    accumulator.intoArray(out, output);
  }
}
