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

  /// Opens a model. A pack is mapped, which takes no time and no memory; its pages are touched in
  /// the background. The matrices of a published model are brought into kernel layout in memory, on
  /// all cores, every value as it is stored; its embedding stays mapped. The files must not change
  /// while the model is open.
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
    ModelPack pack = ModelPack.open(path, memory);
    pack.file().startReading();
    try {
      PackedModel packed = PackedModel.of(path, pack, overrides);
      requireNoInterpolation(packed.description(), overrides);
      return model(
          path,
          overrides,
          pack.header().digest(),
          packed.description(),
          packed.weights(),
          List.of(pack.file()),
          memory);
    } catch (RuntimeException | Error e) {
      pack.file().stopReading();
      throw e;
    }
  }

  private static Model published(Path path, ModelOverrides overrides, Arena memory) {
    PublishedModel published = PublishedModel.open(path, overrides, memory);
    requireNoInterpolation(published.description(), overrides);
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
        description.warnings(),
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
      ModelDescription description =
          ModelPack.isOne(path)
              ? PackedModel.open(path, overrides, memory).description()
              : PublishedModel.open(path, overrides, memory).description();
      requireNoInterpolation(description, overrides);
      return description;
    }
  }

  /// ChatGLM2 of a longer context (ChatGLM2-6B-32K) divides positions by `rope_ratio`, where all
  /// later models multiply the base by it. The one computed as the other writes nonsense.
  private static void requireNoInterpolation(
      ModelDescription description, ModelOverrides overrides) {
    double base = description.config().rope().base();
    if (description.family().family() == ModelFamily.CHATGLM2
        && overrides.ropeBase() == null
        && base != RotarySettings.PLAIN_BASE) {
      throw new MalformedModelException(
          description.path().toString(),
          "rope base",
          "is %.0f (%s), expected %.0f in a ChatGLM2 (%s): ChatGLM2 with a rope_ratio interpolates positions, which is not supported; if this is a ChatGLM3, set model.chat-format=chatglm3; if the base is right nevertheless, set model.rope-base"
              .formatted(
                  base,
                  description.origins().get(Hyperparameter.ROPE_BASE),
                  RotarySettings.PLAIN_BASE,
                  description.family().reason()));
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
