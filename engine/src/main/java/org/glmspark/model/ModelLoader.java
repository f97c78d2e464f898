package org.glmspark.model;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import org.glmspark.format.MalformedModelException;
import org.glmspark.format.MappedFile;
import org.glmspark.format.ModelPack;
import org.glmspark.tensor.WeightType;

/// Opens a model: a pack, or as it was published.
public final class ModelLoader {
  private ModelLoader() {}

  /// Opens a model as its files say.
  ///
  /// @throws MalformedModelException as the other [#load]
  public static Model load(Path path) {
    return load(path, ModelOverrides.NONE);
  }

  /// Opens a model. A pack is mapped, which takes no time and no memory. The matrices of a
  /// published model are brought into kernel layout in memory, on all cores, every value as it is
  /// stored; its embedding stays mapped. The files must not change while the model is open.
  ///
  /// @param path a pack, a folder with `config.json`, or a GGUF file
  /// @return a model that owns its memory until it is closed
  /// @throws MalformedModelException if a file is missing, breaks its format or contradicts another
  ///   file; found before the first weight is read
  /// @throws IllegalStateException if there is not enough memory outside the heap
  public static Model load(Path path, ModelOverrides overrides) {
    Arena memory = Arena.ofShared();
    try {
      return ModelPack.isOne(path)
          ? packed(path, overrides, memory)
          : published(path, overrides, memory);
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  private static Model packed(Path path, ModelOverrides overrides, Arena memory) {
    PackedModel packed = PackedModel.open(path, overrides, memory);
    return model(
        path,
        overrides,
        packed.pack().header().digest(),
        packed.description(),
        packed.weights(),
        List.of(packed.pack().file()),
        memory);
  }

  private static Model published(Path path, ModelOverrides overrides, Arena memory) {
    PublishedModel published = PublishedModel.open(path, overrides, memory);
    return model(
        path,
        overrides,
        ModelDigest.of(path),
        published.description(),
        weights(path, published, memory),
        published.files(),
        memory);
  }

  private static Model model(
      Path path,
      ModelOverrides overrides,
      String digest,
      ModelDescription description,
      ModelWeights weights,
      List<MappedFile> files,
      Arena memory) {
    return new Model(
        path,
        overrides,
        digest,
        description.config(),
        weights,
        description.tokenizer(),
        description.chatTemplate(),
        files,
        memory);
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
      return ModelPack.isOne(path)
          ? PackedModel.open(path, overrides, memory).description()
          : PublishedModel.open(path, overrides, memory).description();
    }
  }

  private static ModelWeights weights(Path path, PublishedModel published, Arena memory) {
    CheckpointTensors tensors = published.tensors();
    try {
      return ModelWeights.of(
          published.config().config(),
          InterleavedWeights.of(
              path.toString(), tensors.weights(), WeightType::commonFloat, memory));
    } catch (OutOfMemoryError e) {
      long bytes = tensors.stream().mapToLong(tensor -> tensor.data().byteSize()).sum();
      throw new IllegalStateException(
          "%s: the weights take %d bytes outside the heap, more than this machine or container gives; pack the model, a pack needs none"
              .formatted(path, bytes),
          e);
    }
  }
}
