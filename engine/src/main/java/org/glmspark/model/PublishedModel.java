package org.glmspark.model;

import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.glmspark.format.CheckpointFolder;
import org.glmspark.format.GgufFile;
import org.glmspark.format.JsonObject;
import org.glmspark.format.MalformedModelException;
import org.glmspark.format.MappedFile;
import org.glmspark.prompt.ChatFormat;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.Tensor;
import org.glmspark.tokenizer.Tokenizer;
import org.glmspark.tokenizer.TokenizerFamily;

/// A model as its maker published it, opened, with all its files compared with each other. No
/// weight has been read.
///
/// @param description what it is
/// @param tensors its weights, mapped
/// @param files the mapped files they lie in
record PublishedModel(
    ModelDescription description, CheckpointTensors tensors, List<MappedFile> files) {

  private static final String GGUF_EXTENSION = ".gguf";
  private static final String GENERATION_CONFIG = "generation_config.json";

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
        found + ", expected a folder with " + ConfigFile.NAME + " or a file " + GGUF_EXTENSION);
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
    Path generationConfig = folder.resolve(GENERATION_CONFIG);
    return check(
        folder,
        published,
        CheckpointTensors.find(published, checkpoint.directory(), tensors),
        checkpoint.files(),
        new FolderTokenizer(folder),
        overrides,
        Files.exists(generationConfig) ? JsonObject.read(generationConfig).excerpts() : Map.of());
  }

  private static PublishedModel gguf(Path path, ModelOverrides overrides, Arena memory) {
    GgufFile file = GgufFile.open(path, memory);
    PublishedConfig published = GgufConfig.of(file).with(overrides);
    return check(
        path,
        published,
        CheckpointTensors.find(published, file.name(), file.tensors()),
        file.files(),
        new GgufTokenizer(file),
        overrides,
        Map.of());
  }

  private static PublishedModel check(
      Path path,
      PublishedConfig published,
      CheckpointTensors tensors,
      List<MappedFile> files,
      TokenizerSource source,
      ModelOverrides overrides,
      Map<String, String> generationDefaults) {
    FamilyChoice choice = FamilyChoice.of(published, source.signs(), overrides);
    ChatFormat format = overrides.chatFormat();
    String reason = "option model.chat-format";
    if (format == null) {
      format = choice.family() == null ? null : choice.family().chatFormat();
      reason =
          choice.family() == null ? choice.reason() : "the format of " + choice.family().label();
    }
    Tokenizer tokenizer = source.load(specialTokens(choice));
    if (tokenizer != null) {
      requireFit(tokenizer, source, published);
    }
    ChatTemplate template =
        tokenizer == null || format == null ? null : template(format, tokenizer, source);
    return new PublishedModel(
        new ModelDescription(
            path,
            published.config(),
            published.origins(),
            choice,
            weightBytes(tensors),
            tokenizer,
            source.origin(),
            template,
            tokenizer == null ? "there is no tokenizer" : reason,
            generationDefaults,
            ModelWarnings.of(published)),
        tensors,
        files);
  }

  /// A family that nothing tells is ChatGLM2 or ChatGLM3: there is a tokenizer, and others are told
  /// by it.
  private static TokenizerFamily specialTokens(FamilyChoice choice) {
    return switch (choice.family()) {
      case CHATGLM2 -> TokenizerFamily.CHATGLM2;
      case CHATGLM3 -> TokenizerFamily.CHATGLM3;
      case GLM4, GLM4_0414 -> TokenizerFamily.GLM4;
      case null -> TokenizerFamily.CHATGLM3;
    };
  }

  private static void requireFit(
      Tokenizer tokenizer, TokenizerSource source, PublishedConfig published) {
    int size = tokenizer.vocabulary().size();
    int rows = published.config().vocabularySize();
    if (size > rows) {
      throw new MalformedModelException(
          source.origin(),
          "vocabulary",
          "has ids up to %d, expected less than the %d rows of the embedding"
              .formatted(size - 1, rows));
    }
  }

  private static ChatTemplate template(
      ChatFormat format, Tokenizer tokenizer, TokenizerSource source) {
    try {
      return ChatTemplate.of(format, tokenizer);
    } catch (IllegalArgumentException e) {
      throw new MalformedModelException(
          source.origin(),
          "special tokens",
          "do not suit the chat format %s: %s".formatted(format.optionName(), e.getMessage()),
          e);
    }
  }

  private static Map<DType, Long> weightBytes(CheckpointTensors tensors) {
    var bytes = new EnumMap<DType, Long>(DType.class);
    tensors.stream()
        .forEach(tensor -> bytes.merge(tensor.dtype(), tensor.data().byteSize(), Long::sum));
    return bytes;
  }
}
