package org.glmspark.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.glmspark.kernel.x86.PanelKernels;
import org.glmspark.kernel.x86.WeightPanel;

/// Memory that one thread needs for its products.
public final class MatMulScratch {
  private static final int ALIGNMENT = 64;

  /// Pairs of strips of one call.
  private static final int PAIRS = MatMul.GROUP_STRIPS / WeightPanel.STRIPS;

  /// For kernels in Java.
  final float[] floats =
      new float[Math.max(FloatMatMul.SCRATCH_FLOATS, QuantizedMatMul.SCRATCH_FLOATS)];

  final MemorySegment panel;

  /// Zeros, for all tokens.
  final PanelKernels.Sums zeros;

  private final MemorySegment sums;
  private final int maxRows;

  /// @param maxRows most rows of activations
  public MatMulScratch(int maxRows) {
    Arena arena = Arena.ofAuto();
    this.maxRows = maxRows;
    this.panel = arena.allocate(WeightPanel.MAX_BYTES, ALIGNMENT);
    this.zeros = new PanelKernels.Sums(arena.allocate(PanelKernels.SUM_BYTES, ALIGNMENT), 0);
    this.sums = arena.allocate((long) PAIRS * maxRows * PanelKernels.SUM_BYTES, ALIGNMENT);
  }

  /// Sums of some tokens, between one panel of columns and the next.
  ///
  /// @param pair of strips
  /// @param row the first token
  PanelKernels.Sums sums(int pair, int row) {
    long token = (long) pair * maxRows + row;
    return new PanelKernels.Sums(
        sums.asSlice(token * PanelKernels.SUM_BYTES), PanelKernels.SUM_BYTES);
  }
}
