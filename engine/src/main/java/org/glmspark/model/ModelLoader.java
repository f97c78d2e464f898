package org.glmspark.model;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.glmspark.format.MalformedModelException;
import org.glmspark.tensor.StoredMatrix;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.Tensor;
import org.glmspark.tensor.WeightType;
import org.jspecify.annotations.Nullable;

/// Opens a published model.
public final class ModelLoader {
  private ModelLoader() {}

  /// Opens a model as its files say.
  ///
  /// @throws MalformedModelException as the other [#load]
  public static Model load(Path path) {
    return load(path, ModelOverrides.NONE);
  }

  /// Opens a model and brings its matrices into kernel layout, on all cores. The embedding stays
  /// mapped, so the files must not change while the model is open.
  ///
  /// @param path a folder with `config.json`, or a GGUF file
  /// @return a model that owns its memory until it is closed
  /// @throws MalformedModelException if a file is missing, breaks its format or contradicts another
  ///   file; found before the first weight is read
  /// @throws IllegalStateException if there is not enough memory outside the heap
  public static Model load(Path path, ModelOverrides overrides) {
    Arena memory = Arena.ofShared();
    try {
      PublishedModel published = PublishedModel.open(path, overrides, memory);
      ModelDescription description = published.description();
      return new Model(
          path,
          overrides,
          ModelDigest.of(path),
          description.config(),
          weights(path, published.tensors(), memory),
          description.tokenizer(),
          description.chatTemplate(),
          published.files(),
          memory);
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  /// Describes a model as its files say.
  ///
  /// @throws MalformedModelException as [#load] does
  public static ModelDescription describe(Path path) {
    return describe(path, ModelOverrides.NONE);
  }

  /// Checks everything that [#load] checks, and reads no weights: quick for a model of any size.
  ///
  /// @throws MalformedModelException as [#load] does
  public static ModelDescription describe(Path path, ModelOverrides overrides) {
    try (Arena memory = Arena.ofConfined()) {
      return PublishedModel.open(path, overrides, memory).description();
    }
  }

  private static ModelWeights weights(Path path, CheckpointTensors tensors, Arena memory) {
    try {
      return weights(tensors, memory);
    } catch (OutOfMemoryError e) {
      long bytes = tensors.stream().mapToLong(tensor -> tensor.data().byteSize()).sum();
      throw new IllegalStateException(
          "%s: the weights take %d bytes outside the heap, more than this machine or container gives"
              .formatted(path, bytes),
          e);
    }
  }

  private static ModelWeights weights(CheckpointTensors tensors, Arena memory) {
    Iterator<StripMatrix> matrices =
        matrixSources(tensors).parallelStream()
            .map(parts ->
                StripMatrix.interleave(
                    parts.getFirst().name(), parts, WeightType.commonFloat(parts), memory))
            .toList()
            .iterator();
    StripMatrix output = matrices.next();
    List<LayerWeights> layers =
        tensors.layers().stream().map(layer -> layerWeights(layer, matrices)).toList();
    return new ModelWeights(tensors.embedding(), layers, tensors.finalNorm().floats(), output);
  }

  /// What each matrix is made of: first the output, which is the largest, then those of the layers
  /// in the order in which [#layerWeights] takes them.
  private static List<List<? extends StoredMatrix>> matrixSources(CheckpointTensors tensors) {
    return Stream.concat(
            Stream.<List<? extends StoredMatrix>>of(List.of(tensors.output())),
            tensors.layers().stream()
                .flatMap(layer ->
                    Stream.<List<? extends StoredMatrix>>of(
                        layer.queryKeyValue(),
                        List.of(layer.attentionOutput()),
                        List.of(layer.gateUp()),
                        List.of(layer.down()))))
        .toList();
  }

  private static LayerWeights layerWeights(
      CheckpointTensors.Layer layer, Iterator<StripMatrix> matrices) {
    return new LayerWeights(
        layer.attentionNorm().floats(),
        matrices.next(),
        joined(layer.queryKeyValueBias()),
        matrices.next(),
        floats(layer.attentionPostNorm()),
        layer.feedForwardNorm().floats(),
        matrices.next(),
        matrices.next(),
        floats(layer.feedForwardPostNorm()));
  }

  private static float @Nullable [] floats(@Nullable Tensor tensor) {
    return tensor == null ? null : tensor.floats();
  }

  private static float @Nullable [] joined(List<Tensor> biases) {
    if (biases.isEmpty()) {
      return null;
    }
    List<float[]> parts = biases.stream().map(Tensor::floats).toList();
    float[] joined = new float[parts.stream().mapToInt(part -> part.length).sum()];
    int end = 0;
    for (float[] part : parts) {
      System.arraycopy(part, 0, joined, end, part.length);
      end += part.length;
    }
    return joined;
  }
}
