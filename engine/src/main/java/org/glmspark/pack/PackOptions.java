package org.glmspark.pack;

import java.io.Serializable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.glmspark.tensor.WeightType;
import org.jspecify.annotations.Nullable;

/// How a pack keeps the weights.
///
/// @param weights the type of all matrices, or null for the type that holds what the files store:
///   floats as they are, quantised weights without loss where there is such a type, otherwise as Q8
/// @param outputWeights the type of the output matrix, or null for the same
public record PackOptions(@Nullable WeightType weights, @Nullable WeightType outputWeights)
    implements Serializable {

  /// As the files store them.
  public static final PackOptions NATURAL = new PackOptions(null, null);

  /// For file names: `natural`, `q4`, `q4-q8`.
  String label() {
    return Stream.of(weights, outputWeights)
        .map(type -> type == null ? "natural" : type.optionName())
        .limit(outputWeights == null ? 1 : 2)
        .collect(Collectors.joining("-"));
  }
}
