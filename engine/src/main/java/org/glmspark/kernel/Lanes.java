package org.glmspark.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.glmspark.tensor.StripMatrix;

/// The vector shapes all kernels use: as wide as the CPU has, at most the 16 lanes of a strip.
final class Lanes {
  /// Float32 lanes of one register.
  static final VectorSpecies<Float> FLOATS =
      FloatVector.SPECIES_PREFERRED.length() > StripMatrix.STRIP_ROWS
          ? FloatVector.SPECIES_512
          : FloatVector.SPECIES_PREFERRED;

  /// As many int32 lanes.
  static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, FLOATS.vectorShape());

  /// As many int16 lanes, in half a register.
  static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));

  static final int COUNT = FLOATS.length();

  static {
    // A strip is a whole number of registers; with fewer than 4 lanes the half register of int16
    // would not exist.
    if (StripMatrix.STRIP_ROWS % COUNT != 0 || COUNT < 4) {
      throw new IllegalStateException(
          "a vector register has %d float lanes, expected 4, 8 or 16".formatted(COUNT));
    }
  }

  private Lanes() {}
}
