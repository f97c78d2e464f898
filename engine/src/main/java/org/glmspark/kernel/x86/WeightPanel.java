package org.glmspark.kernel.x86;

import org.glmspark.tensor.WeightType;

/// How some blocks of two neighbouring strips lie in memory once they are unpacked, for a product
/// with many tokens: block after block, in each these registers of 64 bytes, each for the first
/// strip and then for the second:
///
/// | registers a strip | |
/// |---|---|
/// | 8 | the weights as unsigned bytes, 4 columns of 16 rows in each |
/// | 1 | 16 float32, the scales |
/// | 1 | 16 float32, the scales times [ActivationTile#MAGIC] |
/// | 1 | 16 float32, the minimums; only of weights with a minimum |
///
/// @param type of the weights
public record WeightPanel(WeightType type) {
  /// Strips side by side: what is loaded of an activation is used twice.
  public static final int STRIPS = 2;

  /// Most blocks: a panel of them stays in the first-level cache while all tokens go past.
  public static final int MAX_BLOCKS = 16;

  private static final int REGISTER_BYTES = Assembler.Width.ZMM.bytes;
  static final int WEIGHT_REGISTERS = 8;
  static final int SCALE = WEIGHT_REGISTERS;
  static final int MAGIC_SCALE = SCALE + 1;
  static final int MINIMUM = MAGIC_SCALE + 1;

  /// Most bytes of a panel of any type.
  public static final int MAX_BYTES = MAX_BLOCKS * STRIPS * (MINIMUM + 1) * REGISTER_BYTES;

  /// @throws IllegalArgumentException if the weights are floats
  public WeightPanel {
    if (!type.isQuantized()) {
      throw new IllegalArgumentException(type.optionName() + " is not quantised");
    }
  }

  /// Where in a block a register is.
  static int offset(int register, int strip) {
    return (STRIPS * register + strip) * REGISTER_BYTES;
  }

  /// Bytes of a block of both strips.
  public int blockBytes() {
    return offset(type == WeightType.Q4M ? MINIMUM + 1 : MINIMUM, 0);
  }
}
