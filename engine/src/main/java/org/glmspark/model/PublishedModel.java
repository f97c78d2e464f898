package org.glmspark.model;

import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.glmspark.format.CheckpointFolder;
import org.glmspark.format.GgufFile;
import org.glmspark.format.JsonObject;
import org.glmspark.format.MalformedModelException;
import org.glmspark.format.MappedFile;
import org.glmspark.format.ModelPack;
import org.glmspark.tensor.Tensor;

/// A model as its maker published it, opened, with all its files compared with each other. No
/// weight has been read.
///
/// @param description what it is
/// @param config what its files say, under the user's settings
/// @param tensors its weights, mapped
/// @param tokenizer the files of its tokenizer
/// @param files the mapped files they lie in
record PublishedModel(
    ModelDescription description,
    PublishedConfig config,
    CheckpointTensors tensors,
    TokenizerSource tokenizer,
    List<MappedFile> files) {

  private static final String GGUF_EXTENSION = ".gguf";
  static final String GENERATION_CONFIG = "generation_config.json";

  PublishedModel {
    files = List.copyOf(files);
  }

  /// Opens a folder or a GGUF file.
  ///
  /// @param memory owns the mappings
  /// @throws MalformedModelException if a file is missing, breaks its format or contradicts another
  static PublishedModel open(Path path, ModelOverrides overrides, Arena memory) {
    if (Files.isDirectory(path)) {
      return folder(path, overrides, memory);
    }
    if (isGguf(path)) {
      return gguf(path, overrides, memory);
    }
    String found = Files.exists(path) ? "is another file" : "there is no such folder or file";
    throw new MalformedModelException(
        path.toString(),
        "model",
        "%s, expected a folder with %s, a file %s or a pack %s"
            .formatted(found, ConfigFile.NAME, GGUF_EXTENSION, ModelPack.EXTENSION));
  }

  /// Whether a path is meant to be a GGUF file.
  static boolean isGguf(Path path) {
    return path.toString().endsWith(GGUF_EXTENSION) && Files.isRegularFile(path);
  }

  private static PublishedModel folder(Path folder, ModelOverrides overrides, Arena memory) {
    JsonObject json = ConfigFile.read(folder);
    CheckpointFolder checkpoint = CheckpointFolder.open(folder, memory);
    Map<String, Tensor> tensors = checkpoint.tensors();
    PublishedConfig published = ConfigFile.of(json, tensors.keySet()).with(overrides);
    CheckpointTensors found = CheckpointTensors.find(published, checkpoint.directory(), tensors);
    Map<String, String> generationDefaults = Map.of();
    Path generationConfig = folder.resolve(GENERATION_CONFIG);
    if (Files.exists(generationConfig)) {
      JsonObject defaults = JsonObject.read(generationConfig);
      published = withStopTokens(published, defaults);
      generationDefaults = defaults.excerpts();
    }
    return of(
        folder,
        published,
        found,
        checkpoint.files(),
        FileTokenizer.read(folder),
        overrides,
        generationDefaults);
  }

  private static PublishedConfig withStopTokens(
      PublishedConfig published, JsonObject generationDefaults) {
    String key = "eos_token_id";
    return generationDefaults.has(key)
        ? published.alsoStoppedBy(
            generationDefaults.integers(key, 0, published.config().vocabularySize() - 1),
            GENERATION_CONFIG)
        : published;
  }

  private static PublishedModel gguf(Path path, ModelOverrides overrides, Arena memory) {
    GgufFile file = GgufFile.open(path, memory);
    PublishedConfig published = GgufConfig.of(file).with(overrides);
    return of(
        path,
        published,
        CheckpointTensors.find(published, file.name(), file.tensors()),
        file.files(),
        new GgufTokenizer(file.name(), file.metadata()),
        overrides,
        Map.of());
  }

  private static PublishedModel of(
      Path path,
      PublishedConfig published,
      CheckpointTensors tensors,
      List<MappedFile> files,
      TokenizerSource tokenizer,
      ModelOverrides overrides,
      Map<String, String> generationDefaults) {
    ModelDescription description =
        ModelDescription.of(
            path, published, weightBytes(tensors), tokenizer, overrides, generationDefaults, null);
    return new PublishedModel(description, published, tensors, tokenizer, files);
  }

  private static Map<String, Long> weightBytes(CheckpointTensors tensors) {
    var bytes = new TreeMap<String, Long>();
    tensors.stream()
        .forEach(tensor -> bytes.merge(tensor.dtype().name(), tensor.data().byteSize(), Long::sum));
    return bytes;
  }
}
