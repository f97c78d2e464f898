package org.glmspark.model;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.glmspark.format.MalformedModelException;
import org.glmspark.format.ModelPack;
import org.glmspark.model.PublishedConfig.Layout;
import org.glmspark.tensor.WeightType;
import org.glmspark.tokenizer.TokenizerFiles;
import org.jspecify.annotations.Nullable;

/// All that a pack holds, checked, outside the heap; for whoever writes it.
public final class PackContent implements AutoCloseable {
  private final PackedConfig config;
  private final TokenizerSource tokenizer;
  private final CheckpointTensors tensors;
  private final Supplier<String> sourceDigest;
  private final Arena memory;

  private PackContent(
      PackedConfig config,
      TokenizerSource tokenizer,
      CheckpointTensors tensors,
      Supplier<String> sourceDigest,
      Arena memory) {
    this.config = config;
    this.tokenizer = tokenizer;
    this.tensors = tensors;
    this.sourceDigest = sourceDigest;
    this.memory = memory;
  }

  /// Opens a published model as its files say.
  ///
  /// @param path a folder or a GGUF file
  /// @throws MalformedModelException as [ModelLoader#load], and if it is a pack already
  public static PackContent open(Path path) {
    if (ModelPack.isOne(path)) {
      throw new MalformedModelException(
          path.toString(), "model", "is a pack already, expected what packs are made of");
    }
    return in(memory -> {
      PublishedModel published = PublishedModel.open(path, ModelOverrides.NONE, memory);
      return new PackContent(
          new PackedConfig(published.config(), published.description().generationDefaults()),
          published.tokenizer(),
          published.tensors(),
          () -> ModelDigest.of(path),
          memory);
    });
  }

  /// Makes a model of random weights, see [RandomModel]. One matrix of each size is in memory, the
  /// same for all layers.
  ///
  /// @param name what the pack calls the model, such as [ModelShape#optionName]
  /// @param weights how the matrices of the layers are kept
  /// @param output how the output matrix is kept
  /// @param tokenizer a folder with the files of the real model's tokenizer; null for a model that
  ///   reads and writes no text
  /// @throws MalformedModelException if there is no tokenizer in the folder or it is malformed
  public static PackContent random(
      String name,
      ModelConfig config,
      WeightType weights,
      WeightType output,
      @Nullable Path tokenizer) {
    TokenizerSource files = tokenizer(tokenizer);
    var packed = new PackedConfig(randomConfig(name, config), Map.of());
    String made =
        "random weights, %s, output %s, of %s"
            .formatted(
                weights.optionName(),
                output.optionName(),
                new String(packed.encode(), StandardCharsets.UTF_8));
    return in(memory ->
        new PackContent(
            packed,
            files,
            RandomModel.tensors(config, weights, output, memory, memory),
            () -> ModelDigest.of(made, files.files()),
            memory));
  }

  private static PublishedConfig randomConfig(String name, ModelConfig config) {
    Layout layout =
        switch (config.blockType()) {
          case PRE_NORM -> Layout.REMOTE_CODE;
          case SANDWICH_NORM -> Layout.HUGGING_FACE;
        };
    String origin = "the shape " + name;
    Map<Hyperparameter, String> origins =
        Arrays.stream(Hyperparameter.values())
            .collect(
                Collectors.toMap(
                    Function.identity(),
                    _ -> origin,
                    (a, _) -> a,
                    () -> new EnumMap<>(Hyperparameter.class)));
    return new PublishedConfig(layout, config, origins, 0, name);
  }

  private static TokenizerSource tokenizer(@Nullable Path folder) {
    if (folder == null) {
      return new FileTokenizer(TokenizerFiles.of(Map.of()));
    }
    FileTokenizer found = FileTokenizer.read(folder);
    if (found.tokenizerFiles().names().isEmpty()) {
      throw new MalformedModelException("tokenizer", "in " + folder, found.origin());
    }
    return found;
  }

  private static PackContent in(Function<Arena, PackContent> content) {
    Arena memory = Arena.ofShared();
    try {
      return content.apply(memory);
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  /// The content of small files by the names of their parts: configuration and tokenizer.
  public Map<String, MemorySegment> files() {
    var files = new LinkedHashMap<String, MemorySegment>();
    files.put(PackedConfig.PART, MemorySegment.ofArray(config.encode()));
    tokenizer.files().forEach((name, content) -> files.put(PackedModel.TOKENIZER + name, content));
    return files;
  }

  /// All weights, in the order in which a pack has them.
  public List<PublishedWeight> weights() {
    return tensors.weights();
  }

  /// The identity of what the pack is made of, see [ModelDigest]. Reads all of it.
  public String sourceDigest() {
    return sourceDigest.get();
  }

  /// Ends the mappings.
  @Override
  public void close() {
    memory.close();
  }
}
