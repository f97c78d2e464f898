package org.glmspark.kernel.x86;

import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.WeightType;

/// How the quantised activations of up to 12 tokens lie in memory, in the order in which a kernel
/// reads them: block after block of 32 columns, in each
///
/// | bytes a token | |
/// |---|---|
/// | 32 | int8, one for each column |
/// | 4 | int32, where the block's sum starts: the bits of [#MAGIC] less offset · Σ int8 |
/// | 4 | float32, the scale |
/// | 4 | float32, Σ int8; only for weights with a minimum |
///
/// each line for all tokens before the next. The offset is what unsigned weights are too large by,
/// so the start folds it back.
///
/// @param type of the weights
/// @param tokens of the tile
public record ActivationTile(WeightType type, int tokens) {
  /// Most tokens of a tile: their sums stay in registers.
  public static final int MAX_TOKENS = 12;

  /// Added to an integer n of less than 2^22 in magnitude, its bits are those of the float MAGIC +
  /// n: integer sums become floats without a conversion.
  public static final float MAGIC = 0x1.8p23f;

  /// @throws IllegalArgumentException if the weights are floats or the tokens too many
  public ActivationTile {
    if (!type.isQuantized() || tokens < 1 || tokens > MAX_TOKENS) {
      throw new IllegalArgumentException(
          "a tile of %d tokens for %s".formatted(tokens, type.optionName()));
    }
  }

  /// Bytes from the int8 of one token to those of the next.
  public static final int TOKEN_BYTES = StripMatrix.BLOCK_COLUMNS;

  /// Where in a block the starts are.
  public int startsOffset() {
    return tokens * TOKEN_BYTES;
  }

  /// Where in a block the scales are.
  public int scalesOffset() {
    return startsOffset() + 4 * tokens;
  }

  /// Whether a block has the sums.
  boolean hasSums() {
    return type == WeightType.Q4M;
  }

  /// Where in a block the sums are, if there are any.
  public int sumsOffset() {
    return scalesOffset() + 4 * tokens;
  }

  /// Bytes of a block, all tokens.
  public int blockBytes() {
    return tokens * tokenBlockBytes(type);
  }

  /// Bytes of a block of one token.
  public static int tokenBlockBytes(WeightType type) {
    return TOKEN_BYTES + (type == WeightType.Q4M ? 12 : 8);
  }
}
