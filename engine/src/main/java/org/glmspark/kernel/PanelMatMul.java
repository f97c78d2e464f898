package org.glmspark.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.glmspark.kernel.x86.PanelKernels;
import org.glmspark.kernel.x86.PanelKernels.Next;
import org.glmspark.kernel.x86.PanelKernels.Sums;
import org.glmspark.kernel.x86.WeightPanel;
import org.glmspark.tensor.FloatMatrix;
import org.glmspark.tensor.StripMatrix;
import org.jspecify.annotations.Nullable;

/// The product of some strips of quantised weights with many tokens by the assembled
/// [PanelKernels].
///
/// ```
/// for each panel of columns, for each pair of strips
///   unpack the weights                      they stay in the first-level cache
///   for each tile of tokens: sums += weights · activations
/// ```
///
/// The activations of a panel of columns stay in the second-level cache while the pairs go past.
/// Sums lie close together until the last panel writes them to `out`, whose rows are far apart.
final class PanelMatMul {
  private static final int PAIR = WeightPanel.STRIPS;

  /// With so many tiles, the weights of the next panel are near.
  private static final int PREFETCH_TILES = 5;

  private final PanelKernels kernels;
  private final FloatMatrix out;
  private final Q8Activations x;
  private final StripMatrix weights;
  private final int firstStrip;
  private final int endStrip;
  private final MatMulScratch scratch;

  private PanelMatMul(
      PanelKernels kernels,
      FloatMatrix out,
      Q8Activations x,
      StripMatrix weights,
      int firstStrip,
      int endStrip,
      MatMulScratch scratch) {
    this.kernels = kernels;
    this.out = out;
    this.x = x;
    this.weights = weights;
    this.firstStrip = firstStrip;
    this.endStrip = endStrip;
    this.scratch = scratch;
  }

  /// Computes the output rows of some strips, for all tokens; sizes are checked by the caller.
  static void apply(
      PanelKernels kernels,
      FloatMatrix out,
      Q8Activations x,
      StripMatrix weights,
      int firstStrip,
      int endStrip,
      MatMulScratch scratch) {
    new PanelMatMul(kernels, out, x, weights, firstStrip, endStrip, scratch).run();
  }

  /// @param strip the first one of the pair
  private record Panel(int strip, int block) {}

  private void run() {
    @Nullable Panel panel = new Panel(firstStrip, 0);
    while (panel != null) {
      @Nullable Panel next = next(panel);
      multiply(panel, next);
      panel = next;
    }
    if ((endStrip - firstStrip) % PAIR != 0) {
      copyLastStrip();
    }
  }

  private @Nullable Panel next(Panel panel) {
    if (panel.strip + PAIR < endStrip) {
      return new Panel(panel.strip + PAIR, panel.block);
    }
    int block = panel.block + x.panelBlocks();
    return block < x.blocks() ? new Panel(firstStrip, block) : null;
  }

  private void multiply(Panel panel, @Nullable Panel next) {
    int blocks = Math.min(x.panelBlocks(), x.blocks() - panel.block);
    int second = isSingle(panel.strip) ? panel.strip : panel.strip + 1;
    kernels.unpack(weights, panel.strip, panel.block, blocks, scratch.panel, 0);
    kernels.unpack(weights, second, panel.block, blocks, scratch.panel, 1);
    boolean last = panel.block + blocks == x.blocks();
    for (int tile = 0, end; tile < x.tiles(); tile = end) {
      @Nullable Panel near = tile < PREFETCH_TILES ? next : null;
      end = Math.min(x.endOfEqualTiles(tile), near == null ? x.tiles() : PREFETCH_TILES);
      Sums sums = scratch.sums(pair(panel.strip), x.firstRow(tile));
      kernels.multiply(
          scratch.panel,
          blocks,
          x.layout(tile),
          x.panel(panel.block, tile, end),
          panel.block == 0 ? scratch.zeros : sums,
          last && !isSingle(panel.strip) ? output(x.firstRow(tile), panel.strip) : sums,
          near == null ? null : new Next(weights, near.strip, near.block, tile));
    }
  }

  /// Whether a strip has no second one; the panel then has it twice.
  private boolean isSingle(int strip) {
    return strip + 1 == endStrip;
  }

  private int pair(int strip) {
    return (strip - firstStrip) / PAIR;
  }

  private Sums output(int row, int strip) {
    long start = out.offset(row) + (long) strip * StripMatrix.STRIP_ROWS;
    return new Sums(
        MemorySegment.ofArray(out.values()).asSlice(start * Float.BYTES),
        (long) out.stride() * Float.BYTES);
  }

  private void copyLastStrip() {
    int strip = endStrip - 1;
    Sums sums = scratch.sums(pair(strip), 0);
    for (int row = 0; row < out.rows(); row++) {
      MemorySegment.copy(
          sums.memory(),
          ValueLayout.JAVA_FLOAT,
          row * sums.stride(),
          out.values(),
          out.offset(row) + strip * StripMatrix.STRIP_ROWS,
          StripMatrix.STRIP_ROWS);
    }
  }
}
