package org.glmspark.model;

import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
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
import org.jspecify.annotations.Nullable;

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
    CheckpointTensors found = CheckpointTensors.find(published, checkpoint.directory(), tensors);
    Map<String, String> generationDefaults = Map.of();
    Path generationConfig = folder.resolve(GENERATION_CONFIG);
    if (Files.exists(generationConfig)) {
      JsonObject defaults = JsonObject.read(generationConfig);
      published = withStopTokens(published, defaults);
      generationDefaults = defaults.excerpts();
    }
    return check(
        folder,
        ConfigFile.NAME,
        published,
        found,
        checkpoint.files(),
        new FolderTokenizer(folder),
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
    return check(
        path,
        file.name(),
        published,
        CheckpointTensors.find(published, file.name(), file.tensors()),
        file.files(),
        new GgufTokenizer(file),
        overrides,
        Map.of());
  }

  /// @param configFile the file that holds the configuration, for messages
  private static PublishedModel check(
      Path path,
      String configFile,
      PublishedConfig published,
      CheckpointTensors tensors,
      List<MappedFile> files,
      TokenizerSource source,
      ModelOverrides overrides,
      Map<String, String> generationDefaults) {
    FamilyChoice choice = FamilyChoice.of(published, source.signs(), overrides);
    requireNoInterpolation(configFile, published, choice, overrides);
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
    PublishedConfig stopped = withStopTokens(published, choice.family(), template);
    return new PublishedModel(
        new ModelDescription(
            path,
            stopped.config(),
            stopped.origins(),
            choice,
            weightBytes(tensors),
            published.quantizationBits(),
            tokenizer,
            source.origin(),
            template,
            tokenizer == null ? "there is no tokenizer" : reason,
            generationDefaults,
            ModelWarnings.of(published)),
        tensors,
        files);
  }

  /// ChatGLM2 of a longer context (ChatGLM2-6B-32K) divides positions by `rope_ratio`, where all
  /// later models multiply the base by it. The one computed as the other writes nonsense.
  private static void requireNoInterpolation(
      String configFile, PublishedConfig published, FamilyChoice choice, ModelOverrides overrides) {
    double base = published.config().rope().base();
    if (choice.family() == ModelFamily.CHATGLM2
        && overrides.ropeBase() == null
        && base != RotarySettings.PLAIN_BASE) {
      throw new MalformedModelException(
          configFile,
          "rope base",
          "is %.0f (%s), expected %.0f in a ChatGLM2 (%s): ChatGLM2 with a rope_ratio interpolates positions, which is not supported; if this is a ChatGLM3, set model.chat-format=chatglm3; if the base is right nevertheless, set model.rope-base"
              .formatted(
                  base,
                  published.origins(List.of(Hyperparameter.ROPE_BASE)),
                  RotarySettings.PLAIN_BASE,
                  choice.reason()));
    }
  }

  /// Files are known to name too few, and then generation never stops.
  private static PublishedConfig withStopTokens(
      PublishedConfig published, @Nullable ModelFamily family, @Nullable ChatTemplate template) {
    PublishedConfig stopped = published;
    if (family != null && published.config().vocabularySize() == family.vocabularySize()) {
      stopped = stopped.alsoStoppedBy(family.stopTokens(), family.label());
    }
    return template == null
        ? stopped
        : stopped.alsoStoppedBy(
            IntStream.of(template.stopTokens()).boxed().toList(),
            "the chat format " + template.format().optionName());
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
