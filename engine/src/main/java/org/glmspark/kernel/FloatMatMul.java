package org.glmspark.kernel;

import jdk.incubator.vector.FloatVector;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.FloatMatrix;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.WeightType;

/// The matrix product `out[t][r] = Σ weights[r][c] · x[t][c]`, float32 arithmetic on float weights
/// of any stored type.
///
/// Each element of `out` has one accumulator, to which the columns are added in ascending order,
/// one fused multiply-add each. Tiles only decide which accumulators share a loaded weight or
/// activation.
///
/// A panel of a few strips and columns is widened to float32 in a scratch that stays in the
/// first-level cache; accumulators rest in `out` between panels. Many tokens: 8 tokens of one
/// strip. Few tokens: one token of 4 strips, since a single chain of dependent additions would wait
/// for each of them.
public final class FloatMatMul {
  private static final int STRIP = StripMatrix.STRIP_ROWS;

  /// Strips that share a scratch; a good unit to hand to a thread.
  public static final int PANEL_STRIPS = 4;

  private static final int PANEL_COLUMNS = 128;

  /// Floats of scratch a call needs.
  public static final int SCRATCH_FLOATS = PANEL_STRIPS * PANEL_COLUMNS * STRIP;

  private FloatMatMul() {}

  /// Computes the output rows of some strips, for all tokens.
  ///
  /// @param out `[tokens, weights.rows]`; the columns of the strips are written in full, padding
  ///   rows too
  /// @param x `[tokens, weights.columns]`
  /// @param firstStrip the first strip to compute
  /// @param endStrip the first not to compute; at most [#PANEL_STRIPS] more
  /// @param scratch [#SCRATCH_FLOATS] floats that no other thread uses
  /// @throws IllegalArgumentException if sizes do not fit
  public static void apply(
      FloatMatrix out,
      FloatMatrix x,
      StripMatrix weights,
      int firstStrip,
      int endStrip,
      float[] scratch) {
    check(out, x, weights, firstStrip, endStrip);
    int strips = endStrip - firstStrip;
    int columns = weights.columns();
    DType stored = stored(weights.type());
    for (int column = 0; column < columns; column += PANEL_COLUMNS) {
      int count = Math.min(PANEL_COLUMNS, columns - column);
      for (int strip = 0; strip < strips; strip++) {
        Widening.apply(
            weights.data(),
            weights.stripOffset(firstStrip + strip) + weights.type().stripBytes(column),
            stored,
            scratch,
            strip * PANEL_COLUMNS * STRIP,
            count * STRIP);
      }
      panel(out, x, firstStrip, strips, column, count, scratch);
    }
  }

  private static DType stored(WeightType type) {
    return switch (type) {
      case F32 -> DType.F32;
      case F16 -> DType.F16;
      case BF16 -> DType.BF16;
      case Q8, Q4, Q4M -> throw new IllegalArgumentException(type + " is no float type");
    };
  }

  private static void check(
      FloatMatrix out, FloatMatrix x, StripMatrix weights, int firstStrip, int endStrip) {
    if (x.columns() != weights.columns()
        || out.columns() != weights.rows()
        || out.rows() != x.rows()) {
      throw new IllegalArgumentException(
          "%s [%d, %d] times x [%d, %d] into out [%d, %d]"
              .formatted(
                  weights.name(),
                  weights.rows(),
                  weights.columns(),
                  x.rows(),
                  x.columns(),
                  out.rows(),
                  out.columns()));
    }
    if (firstStrip < 0
        || firstStrip >= endStrip
        || endStrip > weights.strips()
        || endStrip - firstStrip > PANEL_STRIPS) {
      throw new IllegalArgumentException(
          "strips %d to %d of %d, at most %d at once"
              .formatted(firstStrip, endStrip, weights.strips(), PANEL_STRIPS));
    }
  }

  private static void panel(
      FloatMatrix out,
      FloatMatrix x,
      int firstStrip,
      int strips,
      int column,
      int count,
      float[] scratch) {
    int tokens = x.rows();
    boolean first = column == 0;
    int token = 0;
    for (; token + 8 <= tokens; token += 8) {
      int input = x.offset(token) + column;
      for (int strip = 0; strip < strips; strip++) {
        int output = out.offset(token) + (firstStrip + strip) * STRIP;
        int weights = strip * PANEL_COLUMNS * STRIP;
        for (int lane = 0; lane < STRIP; lane += Lanes.COUNT) {
          eightTokens(
              out.values(),
              output + lane,
              out.stride(),
              first,
              x.values(),
              input,
              x.stride(),
              scratch,
              weights + lane,
              count);
        }
      }
    }
    for (; token < tokens; token++) {
      int input = x.offset(token) + column;
      int output = out.offset(token) + firstStrip * STRIP;
      for (int lane = 0; lane < STRIP; lane += Lanes.COUNT) {
        if (strips == PANEL_STRIPS) {
          fourStrips(out.values(), output + lane, first, x.values(), input, scratch, lane, count);
        } else {
          for (int strip = 0; strip < strips; strip++) {
            oneStrip(
                out.values(),
                output + strip * STRIP + lane,
                first,
                x.values(),
                input,
                scratch,
                strip * PANEL_COLUMNS * STRIP + lane,
                count);
          }
        }
      }
    }
  }

  private static FloatVector start(float[] out, int offset, boolean first) {
    return first
        ? FloatVector.zero(Lanes.FLOATS)
        : FloatVector.fromArray(Lanes.FLOATS, out, offset);
  }

  private static FloatVector splat(float value) {
    return FloatVector.broadcast(Lanes.FLOATS, value);
  }

  /// Accumulators are local variables: in an array they would live in memory.
  private static void eightTokens(
      float[] out,
      int output,
      int outStride,
      boolean first,
      float[] x,
      int input,
      int xStride,
      float[] panel,
      int weights,
      int columns) {
    FloatVector a0 = start(out, output, first);
    FloatVector a1 = start(out, output + outStride, first);
    FloatVector a2 = start(out, output + 2 * outStride, first);
    FloatVector a3 = start(out, output + 3 * outStride, first);
    FloatVector a4 = start(out, output + 4 * outStride, first);
    FloatVector a5 = start(out, output + 5 * outStride, first);
    FloatVector a6 = start(out, output + 6 * outStride, first);
    FloatVector a7 = start(out, output + 7 * outStride, first);
    for (int c = 0; c < columns; c++) {
      FloatVector w = FloatVector.fromArray(Lanes.FLOATS, panel, weights + c * STRIP);
      int i = input + c;
      a0 = w.fma(splat(x[i]), a0);
      a1 = w.fma(splat(x[i + xStride]), a1);
      a2 = w.fma(splat(x[i + 2 * xStride]), a2);
      a3 = w.fma(splat(x[i + 3 * xStride]), a3);
      a4 = w.fma(splat(x[i + 4 * xStride]), a4);
      a5 = w.fma(splat(x[i + 5 * xStride]), a5);
      a6 = w.fma(splat(x[i + 6 * xStride]), a6);
      a7 = w.fma(splat(x[i + 7 * xStride]), a7);
    }
    a0.intoArray(out, output);
    a1.intoArray(out, output + outStride);
    a2.intoArray(out, output + 2 * outStride);
    a3.intoArray(out, output + 3 * outStride);
    a4.intoArray(out, output + 4 * outStride);
    a5.intoArray(out, output + 5 * outStride);
    a6.intoArray(out, output + 6 * outStride);
    a7.intoArray(out, output + 7 * outStride);
  }

  private static void fourStrips(
      float[] out,
      int output,
      boolean first,
      float[] x,
      int input,
      float[] panel,
      int lane,
      int columns) {
    FloatVector a0 = start(out, output, first);
    FloatVector a1 = start(out, output + STRIP, first);
    FloatVector a2 = start(out, output + 2 * STRIP, first);
    FloatVector a3 = start(out, output + 3 * STRIP, first);
    for (int c = 0; c < columns; c++) {
      FloatVector value = splat(x[input + c]);
      int w = c * STRIP + lane;
      a0 = FloatVector.fromArray(Lanes.FLOATS, panel, w).fma(value, a0);
      a1 = FloatVector.fromArray(Lanes.FLOATS, panel, w + PANEL_COLUMNS * STRIP).fma(value, a1);
      a2 = FloatVector.fromArray(Lanes.FLOATS, panel, w + 2 * PANEL_COLUMNS * STRIP).fma(value, a2);
      a3 = FloatVector.fromArray(Lanes.FLOATS, panel, w + 3 * PANEL_COLUMNS * STRIP).fma(value, a3);
    }
    a0.intoArray(out, output);
    a1.intoArray(out, output + STRIP);
    a2.intoArray(out, output + 2 * STRIP);
    a3.intoArray(out, output + 3 * STRIP);
  }

  private static void oneStrip(
      float[] out,
      int output,
      boolean first,
      float[] x,
      int input,
      float[] panel,
      int weights,
      int columns) {
    FloatVector sum = start(out, output, first);
    for (int c = 0; c < columns; c++) {
      sum =
          FloatVector.fromArray(Lanes.FLOATS, panel, weights + c * STRIP)
              .fma(splat(x[input + c]), sum);
    }
    sum.intoArray(out, output);
  }
}
