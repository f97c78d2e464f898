package org.glmspark.model;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.glmspark.format.MalformedModelException;
import org.glmspark.format.CheckpointFolder;
import org.glmspark.prompt.ChatFormat;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.Tensor;
import org.glmspark.tokenizer.BytePairTokenizer;
import org.glmspark.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/// Opens the folder of a published model.
public final class ModelLoader {
  static final String TOKENIZER_FILE = "tokenizer.model";

  private ModelLoader() {}

  /// Opens a model and brings its matrices into kernel layout, on all cores. The embedding stays
  /// mapped, so the files must not change while the model is open.
  ///
  /// @return a model that owns its memory until it is closed
  /// @throws MalformedModelException if the folder or a file is missing, breaks its format or
  ///   contradicts another file; found before the first weight is read
  /// @throws IllegalStateException if there is not enough memory outside the heap
  public static Model load(Path folder) {
    Arena memory = Arena.ofShared();
    try {
      Checked checked = check(folder, memory);
      return new Model(
          folder,
          ModelDigest.of(folder),
          checked.config(),
          weights(folder, checked.tensors(), memory),
          checked.tokenizer(),
          checked.chatTemplate(),
          memory);
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  /// Checks everything that [#load] checks, and reads no weights: quick for a model of any size.
  ///
  /// @throws MalformedModelException as [#load] does
  public static ModelDescription describe(Path folder) {
    try (Arena memory = Arena.ofConfined()) {
      Checked checked = check(folder, memory);
      return new ModelDescription(
          checked.config(),
          ModelDescription.weightBytes(checked.tensors()),
          checked.tokenizer(),
          checked.chatTemplate());
    }
  }

  /// A folder whose files fit each other.
  private record Checked(
      ModelConfig config,
      CheckpointTensors tensors,
      @Nullable Tokenizer tokenizer,
      @Nullable ChatTemplate chatTemplate) {}

  private static Checked check(Path folder, Arena memory) {
    if (!Files.isDirectory(folder)) {
      String found = Files.exists(folder) ? "is a file" : "there is no such folder";
      throw new MalformedModelException(
          folder.toString(), "model folder", found + ", expected a folder with " + ConfigFile.NAME);
    }
    ConfigFile file = ConfigFile.read(folder);
    ModelConfig config = file.config();
    CheckpointTensors tensors = CheckpointTensors.find(file, CheckpointFolder.open(folder, memory));
    if (!Files.exists(folder.resolve(TOKENIZER_FILE))) {
      return new Checked(config, tensors, null, null);
    }
    Tokenizer tokenizer = tokenizer(folder, config);
    return new Checked(config, tensors, tokenizer, chatTemplate(config.family(), tokenizer));
  }

  private static Tokenizer tokenizer(Path folder, ModelConfig config) {
    Tokenizer tokenizer;
    try {
      tokenizer = BytePairTokenizer.load(folder);
    } catch (IOException e) {
      throw new MalformedModelException(TOKENIZER_FILE, "in " + folder, "cannot be read: " + e, e);
    }
    if (tokenizer.vocabulary().size() > config.vocabularySize()) {
      throw new MalformedModelException(
          TOKENIZER_FILE,
          "vocabulary",
          "has ids up to %d, expected less than the %d rows of the embedding"
              .formatted(tokenizer.vocabulary().size() - 1, config.vocabularySize()));
    }
    return tokenizer;
  }

  private static ChatTemplate chatTemplate(ModelFamily family, Tokenizer tokenizer) {
    try {
      return switch (family) {
        case GLM4 -> ChatTemplate.of(ChatFormat.GLM4, tokenizer);
      };
    } catch (IllegalArgumentException e) {
      throw new MalformedModelException(
          TOKENIZER_FILE, "special tokens", "do not suit the chat format: " + e.getMessage(), e);
    }
  }

  private static ModelWeights weights(Path folder, CheckpointTensors tensors, Arena memory) {
    try {
      return weights(tensors, memory);
    } catch (OutOfMemoryError e) {
      long bytes = tensors.stream().mapToLong(tensor -> tensor.data().byteSize()).sum();
      throw new IllegalStateException(
          "%s: the weights take %d bytes outside the heap, more than this machine or container gives"
              .formatted(folder, bytes),
          e);
    }
  }

  private static ModelWeights weights(CheckpointTensors tensors, Arena memory) {
    Iterator<StripMatrix> matrices =
        matrixSources(tensors).parallelStream()
            .map(parts -> StripMatrix.interleave(parts.getFirst().name(), parts, memory))
            .toList()
            .iterator();
    StripMatrix output = matrices.next();
    List<LayerWeights> layers =
        tensors.layers().stream().map(layer -> layerWeights(layer, matrices)).toList();
    return new ModelWeights(tensors.embedding(), layers, tensors.finalNorm().floats(), output);
  }

  /// What each matrix is made of: first the output, which is the largest, then those of the layers
  /// in the order in which [#layerWeights] takes them.
  private static List<List<Tensor>> matrixSources(CheckpointTensors tensors) {
    return Stream.concat(
            Stream.of(List.of(tensors.output())),
            tensors.layers().stream()
                .flatMap(layer ->
                    Stream.of(
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
        layer.feedForwardNorm().floats(),
        matrices.next(),
        matrices.next());
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
