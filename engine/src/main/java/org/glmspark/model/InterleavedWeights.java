package org.glmspark.model;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.glmspark.tensor.StoredMatrix;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.Tensor;
import org.glmspark.tensor.WeightType;
import org.jspecify.annotations.Nullable;

/// Published weights brought into kernel layout in memory.
///
/// @param file the name of the file that lists them, for messages
record InterleavedWeights(
    String file,
    Map<String, StripMatrix> matrices,
    Map<String, Tensor> tables,
    Map<String, float[]> vectors)
    implements WeightSource {

  /// Interleaves all matrices, on all cores.
  ///
  /// @param type of a matrix, from what it is made of
  /// @param memory owns them
  static InterleavedWeights of(
      String file,
      List<PublishedWeight> weights,
      Function<List<? extends StoredMatrix>, WeightType> type,
      Arena memory) {
    Map<String, StripMatrix> matrices =
        only(weights, PublishedWeight.Matrix.class)
            .parallel()
            .map(matrix ->
                StripMatrix.interleave(
                    matrix.name(), matrix.parts(), type.apply(matrix.parts()), memory))
            .collect(Collectors.toMap(StripMatrix::name, Function.identity()));
    return new InterleavedWeights(
        file,
        matrices,
        only(weights, PublishedWeight.Table.class)
            .collect(Collectors.toMap(PublishedWeight.Table::name, PublishedWeight.Table::tensor)),
        only(weights, PublishedWeight.Vector.class)
            .collect(
                Collectors.toMap(PublishedWeight.Vector::name, PublishedWeight.Vector::floats)));
  }

  private static <W extends PublishedWeight> Stream<W> only(
      List<PublishedWeight> weights, Class<W> kind) {
    return weights.stream().filter(kind::isInstance).map(kind::cast);
  }

  @Override
  public @Nullable StripMatrix matrix(String name) {
    return matrices.get(name);
  }

  @Override
  public @Nullable Tensor table(String name) {
    return tables.get(name);
  }

  @Override
  public float @Nullable [] vector(String name) {
    return vectors.get(name);
  }
}
