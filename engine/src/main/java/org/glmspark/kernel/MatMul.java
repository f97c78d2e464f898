package org.glmspark.kernel;

import org.glmspark.kernel.x86.FloatKernels;
import org.glmspark.kernel.x86.Int8Kernels;
import org.glmspark.kernel.x86.PanelKernels;
import org.glmspark.kernel.x86.UnavailableException;
import org.glmspark.kernel.x86.WeightPanel;
import org.glmspark.tensor.FloatMatrix;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.WeightType;
import org.jspecify.annotations.Nullable;

/// The product of weights and activations, `out[t][r] = Σ weights[r][c] · x[t][c]`, by the kernel
/// for the weights' type and this machine: [FloatMatMul] for floats; for quantised weights the
/// assembled [Int8Kernels], with many tokens [PanelMatMul], or [QuantizedMatMul] where nothing can
/// be assembled. Their bits are the same.
public final class MatMul {
  /// Most strips of one call, and a good unit to hand to a thread: their weights stay in the
  /// second-level cache while tile after tile is multiplied.
  public static final int GROUP_STRIPS = 8;

  private final @Nullable Int8Kernels assembled;
  private final String description;

  private MatMul(@Nullable Int8Kernels assembled, String description) {
    this.assembled = assembled;
    this.description = description;
  }

  /// Chooses the kernels for quantised weights.
  ///
  /// @throws IllegalStateException if assembled ones are asked for and this machine has none
  public static MatMul of(KernelChoice choice) {
    if (choice == KernelChoice.VECTOR) {
      return new MatMul(null, vectorApi());
    }
    try {
      return of(Int8Kernels.fastest());
    } catch (UnavailableException e) {
      if (choice == KernelChoice.X86) {
        throw new IllegalStateException("kernels for x86 were asked for, but " + e.getMessage(), e);
      }
      return new MatMul(null, "%s, because %s".formatted(vectorApi(), e.getMessage()));
    }
  }

  static MatMul of(Int8Kernels kernels) {
    return new MatMul(kernels, "x86, " + kernels.instructionSet().displayName());
  }

  private static String vectorApi() {
    return "Vector API, %d bits".formatted(Lanes.FLOATS.vectorBitSize());
  }

  /// Which kernels compute, for people: `x86, AVX-512 VNNI`; where assembled kernels could not be
  /// had, also why.
  public String description() {
    return description;
  }

  /// The assembled loops that the other kernels take, or null if nothing is assembled here.
  public @Nullable FloatKernels floats() {
    return assembled == null ? null : assembled.floats();
  }

  /// Prepares for activations that are multiplied with weights of a quantised type; then
  /// [Q8Activations#quantize] writes each row of `x`.
  public void prepare(Q8Activations quantized, FloatMatrix x, WeightType type) {
    int offset = assembled == null ? 0 : assembled.offset(type);
    int panelBlocks = panels(x.rows()) == null ? type.blocks(x.columns()) : WeightPanel.MAX_BLOCKS;
    quantized.use(type, x.rows(), x.columns(), offset, panelBlocks);
  }

  /// Multiplies float weights: computes the output rows of some strips, for all tokens.
  ///
  /// @param out `[tokens, weights.rows]`; the columns of the strips are written in full, padding
  ///   rows too
  /// @param x `[tokens, weights.columns]`
  /// @param firstStrip the first strip to compute
  /// @param endStrip the first not to compute
  /// @param scratch that no other thread uses, for as many tokens and more
  /// @throws IllegalArgumentException if sizes do not fit or the weights are quantised
  public void apply(
      FloatMatrix out,
      FloatMatrix x,
      StripMatrix weights,
      int firstStrip,
      int endStrip,
      MatMulScratch scratch) {
    for (int strip = firstStrip; strip < endStrip; strip += FloatMatMul.PANEL_STRIPS) {
      int end = Math.min(endStrip, strip + FloatMatMul.PANEL_STRIPS);
      FloatMatMul.apply(out, x, weights, strip, end, scratch.floats);
    }
  }

  /// Multiplies quantised weights; as the other [#apply].
  ///
  /// @param x prepared by this object, and quantised
  public void apply(
      FloatMatrix out,
      Q8Activations x,
      StripMatrix weights,
      int firstStrip,
      int endStrip,
      MatMulScratch scratch) {
    check(out, x, weights, firstStrip, endStrip);
    if (assembled == null || !weights.data().isNative()) {
      QuantizedMatMul.apply(out, x, weights, firstStrip, endStrip, scratch.floats);
      return;
    }
    PanelKernels panels = panels(x.rows());
    if (panels != null) {
      PanelMatMul.apply(panels, out, x, weights, firstStrip, endStrip, scratch);
      return;
    }
    for (int tile = 0; tile < x.tiles(); tile++) {
      assembled.multiply(
          weights,
          firstStrip,
          endStrip,
          x.layout(tile),
          x.tile(tile),
          out.values(),
          out.offset(x.firstRow(tile)) + firstStrip * StripMatrix.STRIP_ROWS,
          out.stride());
    }
  }

  /// The kernels for so many tokens, or null if they are multiplied tile by tile.
  private @Nullable PanelKernels panels(int tokens) {
    return assembled != null && PanelKernels.pay(tokens) ? assembled.panels() : null;
  }

  private static void check(
      FloatMatrix out, Q8Activations x, StripMatrix weights, int firstStrip, int endStrip) {
    if (x.columns() != weights.columns()
        || x.type() != weights.type()
        || out.columns() != weights.rows()
        || out.rows() != x.rows()) {
      throw new IllegalArgumentException(
          "%s [%d, %d] of %s times x [%d, %d] for %s into out [%d, %d]"
              .formatted(
                  weights.name(),
                  weights.rows(),
                  weights.columns(),
                  weights.type(),
                  x.rows(),
                  x.columns(),
                  x.type(),
                  out.rows(),
                  out.columns()));
    }
    if (firstStrip < 0
        || firstStrip >= endStrip
        || endStrip > Math.min(weights.strips(), firstStrip + GROUP_STRIPS)) {
      throw new IllegalArgumentException(
          "strips %d to %d of %d".formatted(firstStrip, endStrip, weights.strips()));
    }
  }
}
