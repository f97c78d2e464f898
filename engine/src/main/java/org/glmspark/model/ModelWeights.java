package org.glmspark.model;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.glmspark.format.MalformedModelException;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// All weights of a decoder.
///
/// @param embedding `[vocabulary, hidden]`: rows are read by token id
/// @param layers from the first to the last
/// @param finalNorm `[hidden]`
/// @param output `[vocabulary, hidden]`
public record ModelWeights(
    Tensor embedding, List<LayerWeights> layers, float[] finalNorm, StripMatrix output) {
  public ModelWeights {
    layers = List.copyOf(layers);
  }

  /// Bytes of all matrices that activations are multiplied with: what a step reads.
  public long matrixBytes() {
    return output.data().byteSize()
        + layers.stream()
            .flatMap(layer ->
                Stream.of(
                    layer.queryKeyValue(), layer.attentionOutput(), layer.gateUp(), layer.down()))
            .mapToLong(matrix -> matrix.data().byteSize())
            .sum();
  }

  /// Takes every weight that a configuration asks for from where they are.
  ///
  /// @throws MalformedModelException if one is missing or has another shape
  static ModelWeights of(ModelConfig config, WeightSource source) {
    var builder = new Builder(config, source);
    return new ModelWeights(
        builder.embedding(),
        IntStream.range(0, config.layers())
            .mapToObj(i -> builder.layer(WeightNames.layer(i)))
            .toList(),
        builder.vector(WeightNames.FINAL_NORM, config.hiddenSize()),
        builder.matrix(WeightNames.OUTPUT, config.vocabularySize(), config.hiddenSize()));
  }

  private record Builder(ModelConfig config, WeightSource source) {
    Tensor embedding() {
      List<Long> shape = List.of((long) config.vocabularySize(), (long) config.hiddenSize());
      Tensor found = source.table(WeightNames.EMBEDDING);
      if (found == null || !found.shape().equals(shape)) {
        throw malformed(
            WeightNames.EMBEDDING,
            found == null ? null : found.shape().toString(),
            "a table " + shape);
      }
      return found;
    }

    LayerWeights layer(WeightNames names) {
      int hidden = config.hiddenSize();
      int queryKeyValue = config.queryKeyValueRows();
      return new LayerWeights(
          vector(names.attentionNorm(), hidden),
          matrix(names.queryKeyValue(), queryKeyValue, hidden),
          config.queryKeyValueBias() ? vector(names.queryKeyValueBias(), queryKeyValue) : null,
          matrix(names.attentionOutput(), hidden, config.heads() * config.headSize()),
          postNorm(names.attentionPostNorm()),
          vector(names.feedForwardNorm(), hidden),
          matrix(names.gateUp(), 2 * config.feedForwardSize(), hidden),
          matrix(names.down(), hidden, config.feedForwardSize()),
          postNorm(names.feedForwardPostNorm()));
    }

    private float @Nullable [] postNorm(String name) {
      return switch (config.blockType()) {
        case PRE_NORM -> null;
        case SANDWICH_NORM -> vector(name, config.hiddenSize());
      };
    }

    StripMatrix matrix(String name, int rows, int columns) {
      StripMatrix found = source.matrix(name);
      if (found == null || found.rows() != rows || found.columns() != columns) {
        throw malformed(
            name,
            found == null ? null : "[%d, %d]".formatted(found.rows(), found.columns()),
            "a matrix [%d, %d]".formatted(rows, columns));
      }
      return found;
    }

    float[] vector(String name, int size) {
      float[] found = source.vector(name);
      if (found == null || found.length != size) {
        throw malformed(
            name,
            found == null ? null : "[%d]".formatted(found.length),
            "a vector [%d]".formatted(size));
      }
      return found;
    }

    private MalformedModelException malformed(
        String name, @Nullable String found, String expected) {
      return new MalformedModelException(
          source.file(),
          "weight '" + name + "'",
          "%s, expected %s".formatted(found == null ? "is missing" : "is " + found, expected));
    }
  }
}
