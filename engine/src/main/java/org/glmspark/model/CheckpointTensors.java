package org.glmspark.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.glmspark.format.MalformedModelException;
import org.glmspark.model.PublishedWeight.Matrix;
import org.glmspark.model.PublishedWeight.Table;
import org.glmspark.model.PublishedWeight.Use;
import org.glmspark.model.PublishedWeight.Vector;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.RowScaledMatrix;
import org.glmspark.tensor.StoredMatrix;
import org.glmspark.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// The tensors of a decoder as its checkpoint stores them, each found by name and compared with the
/// configuration.
///
/// @param embedding `[vocabulary, hidden]`
/// @param layers from the first to the last
/// @param finalNorm `[hidden]`
/// @param output `[vocabulary, hidden]`; the embedding itself if they are tied
record CheckpointTensors(Tensor embedding, List<Layer> layers, Tensor finalNorm, Tensor output) {

  /// One layer. Query, key and value come fused or as three matrices, in this order.
  ///
  /// @param queryKeyValue together `[(heads + 2 · keyValueHeads) · headSize, hidden]`
  /// @param queryKeyValueBias one value for each row of these; empty if the model has none
  /// @param attentionPostNorm null in a block of two norms, like `feedForwardPostNorm`
  record Layer(
      Tensor attentionNorm,
      List<StoredMatrix> queryKeyValue,
      List<Tensor> queryKeyValueBias,
      StoredMatrix attentionOutput,
      @Nullable Tensor attentionPostNorm,
      Tensor feedForwardNorm,
      StoredMatrix gateUp,
      StoredMatrix down,
      @Nullable Tensor feedForwardPostNorm) {

    private Stream<Tensor> stream() {
      return Stream.of(
              Stream.of(attentionNorm, feedForwardNorm),
              queryKeyValueBias.stream(),
              Stream.of(attentionPostNorm, feedForwardPostNorm).filter(Objects::nonNull),
              Stream.concat(queryKeyValue.stream(), Stream.of(attentionOutput, gateUp, down))
                  .flatMap(matrix -> matrix.tensors().stream()))
          .flatMap(tensors -> tensors);
    }

    private void addTo(List<PublishedWeight> weights, WeightNames names) {
      weights.add(vector(names.attentionNorm(), attentionNorm));
      weights.add(new Matrix(names.queryKeyValue(), Use.LAYER, queryKeyValue));
      if (!queryKeyValueBias.isEmpty()) {
        weights.add(new Vector(names.queryKeyValueBias(), queryKeyValueBias));
      }
      weights.add(new Matrix(names.attentionOutput(), Use.LAYER, List.of(attentionOutput)));
      if (attentionPostNorm != null) {
        weights.add(vector(names.attentionPostNorm(), attentionPostNorm));
      }
      weights.add(vector(names.feedForwardNorm(), feedForwardNorm));
      weights.add(new Matrix(names.gateUp(), Use.LAYER, List.of(gateUp)));
      weights.add(new Matrix(names.down(), Use.LAYER, List.of(down)));
      if (feedForwardPostNorm != null) {
        weights.add(vector(names.feedForwardPostNorm(), feedForwardPostNorm));
      }
    }
  }

  /// Finds every tensor that the configuration asks for.
  ///
  /// @param directory the name of the file that lists the tensors, for messages
  /// @param tensors all tensors of the checkpoint by name
  /// @throws MalformedModelException if one is missing, has another shape or type, or if there is
  ///   one more than the configuration knows of
  static CheckpointTensors find(
      PublishedConfig config, String directory, Map<String, Tensor> tensors) {
    var finder = new Finder(config, directory, tensors);
    CheckpointTensors found = finder.find();
    finder.requireNothingLeft();
    return found;
  }

  /// All tensors, each once.
  Stream<Tensor> stream() {
    return Stream.concat(
        Stream.of(embedding, finalNorm, output).distinct(), layers.stream().flatMap(Layer::stream));
  }

  /// What packs hold: the output matrix first, which is the largest, then the layers in their
  /// order.
  List<PublishedWeight> weights() {
    var weights = new ArrayList<PublishedWeight>();
    weights.add(new Matrix(WeightNames.OUTPUT, Use.OUTPUT, List.of(output)));
    weights.add(new Table(WeightNames.EMBEDDING, embedding));
    for (int i = 0; i < layers.size(); i++) {
      layers.get(i).addTo(weights, WeightNames.layer(i));
    }
    weights.add(vector(WeightNames.FINAL_NORM, finalNorm));
    return weights;
  }

  private static Vector vector(String name, Tensor tensor) {
    return new Vector(name, List.of(tensor));
  }

  /// One size of a tensor and the hyper-parameters it follows from.
  private record Size(long value, List<Hyperparameter> parameters) {
    Size(long value, Hyperparameter... parameters) {
      this(value, List.of(parameters));
    }
  }

  private static final class Finder {
    private final PublishedConfig published;
    private final ModelConfig config;
    private final String directory;
    private final Map<String, Tensor> tensors;
    private final TreeSet<String> left;
    private final TensorNames names;
    private final Size hidden;
    private final Size vocabulary;
    private final Size feedForward;
    private final Size gateUp;
    private final Size query;
    private final Size keyOrValue;
    private final Size queryKeyValue;

    Finder(PublishedConfig published, String directory, Map<String, Tensor> tensors) {
      this.published = published;
      this.config = published.config();
      this.directory = directory;
      this.tensors = tensors;
      left = new TreeSet<>(tensors.keySet());
      names = TensorNames.of(published.layout());
      hidden = new Size(config.hiddenSize(), Hyperparameter.HIDDEN_SIZE);
      vocabulary = new Size(config.vocabularySize(), Hyperparameter.VOCABULARY_SIZE);
      feedForward = new Size(config.feedForwardSize(), Hyperparameter.FEED_FORWARD_SIZE);
      gateUp = new Size(2L * config.feedForwardSize(), Hyperparameter.FEED_FORWARD_SIZE);
      query =
          new Size(
              (long) config.heads() * config.headSize(),
              Hyperparameter.HEADS,
              Hyperparameter.HEAD_SIZE);
      keyOrValue =
          new Size(
              (long) config.keyValueHeads() * config.headSize(),
              Hyperparameter.KEY_VALUE_HEADS,
              Hyperparameter.HEAD_SIZE);
      queryKeyValue =
          new Size(
              config.queryKeyValueRows(),
              Hyperparameter.HEADS,
              Hyperparameter.KEY_VALUE_HEADS,
              Hyperparameter.HEAD_SIZE);
    }

    CheckpointTensors find() {
      Tensor embedding = tensor(names.embedding(), vocabulary, hidden);
      boolean tied = config.tiedEmbeddings() && !tensors.containsKey(names.output());
      return new CheckpointTensors(
          embedding,
          IntStream.range(0, config.layers()).mapToObj(i -> layer(names.layer(i))).toList(),
          tensor(names.finalNorm(), hidden),
          tied ? embedding : tensor(names.output(), vocabulary, hidden));
    }

    private Layer layer(String prefix) {
      return new Layer(
          tensor(prefix + names.attentionNorm(), hidden),
          queryKeyValue(prefix),
          queryKeyValueBias(prefix),
          matrix(prefix + names.attentionOutput(), hidden, query),
          postNorm(prefix, names.attentionPostNorm()),
          tensor(prefix + names.feedForwardNorm(), hidden),
          matrix(prefix + names.gateUp(), gateUp, hidden),
          matrix(prefix + names.down(), hidden, feedForward),
          postNorm(prefix, names.feedForwardPostNorm()));
    }

    private @Nullable Tensor postNorm(String prefix, @Nullable String name) {
      return config.blockType() == BlockType.SANDWICH_NORM && name != null
          ? tensor(prefix + name, hidden)
          : null;
    }

    private boolean isFused(String prefix) {
      return names.split().isEmpty()
          || tensors.containsKey(prefix + names.queryKeyValue() + ".weight");
    }

    private List<StoredMatrix> queryKeyValue(String prefix) {
      if (isFused(prefix)) {
        return List.of(matrix(prefix + names.queryKeyValue() + ".weight", queryKeyValue, hidden));
      }
      return IntStream.range(0, names.split().size())
          .mapToObj(i ->
              matrix(
                  prefix + names.split().get(i) + ".weight", i == 0 ? query : keyOrValue, hidden))
          .toList();
    }

    private List<Tensor> queryKeyValueBias(String prefix) {
      if (isFused(prefix)) {
        return bias(prefix + names.queryKeyValue() + ".bias", queryKeyValue);
      }
      return IntStream.range(0, names.split().size())
          .mapToObj(i -> bias(prefix + names.split().get(i) + ".bias", i == 0 ? query : keyOrValue))
          .flatMap(List::stream)
          .toList();
    }

    /// The bias, or nothing if the configuration says that there is none.
    private List<Tensor> bias(String name, Size size) {
      if (config.queryKeyValueBias()) {
        return List.of(tensor(name, size));
      }
      Tensor tensor = tensors.get(name);
      if (tensor != null) {
        throw inTensor(
            tensor.file(),
            name,
            "is there, expected no bias (%s)"
                .formatted(published.origins(List.of(Hyperparameter.QUERY_KEY_VALUE_BIAS))));
      }
      return List.of();
    }

    /// A matrix of a layer: these may be quantised with a scale for each row.
    private StoredMatrix matrix(String name, Size rows, Size columns) {
      int bits = published.quantizationBits();
      if (bits == 0) {
        return tensor(name, rows, columns);
      }
      int perByte = Byte.SIZE / bits;
      var stored = new Size(columns.value() / perByte, columns.parameters());
      Tensor weight = find(name, rows, stored);
      requireType(weight, weight.dtype() == DType.I8, "I8 (quantization_bit in config.json)");
      return new RowScaledMatrix(weight, tensor(name + "_scale", rows), bits);
    }

    private Tensor tensor(String name, Size... sizes) {
      Tensor tensor = find(name, sizes);
      requireType(tensor, tensor.dtype().decodesToFloats(), "floating-point numbers");
      return tensor;
    }

    private Tensor find(String name, Size... sizes) {
      List<Long> shape = Arrays.stream(sizes).map(Size::value).toList();
      Tensor tensor = tensors.get(name);
      if (tensor == null) {
        throw inTensor(
            directory,
            name,
            "is missing, expected %s (%s)".formatted(shape, origin(List.of(sizes))));
      }
      left.remove(name);
      if (!tensor.shape().equals(shape)) {
        throw inTensor(
            tensor.file(),
            name,
            "is %s, expected %s (%s)"
                .formatted(tensor.shape(), shape, origin(wrong(tensor.shape(), sizes))));
      }
      return tensor;
    }

    /// The sizes that differ, or all if the number of dimensions does.
    private static List<Size> wrong(List<Long> found, Size... expected) {
      return IntStream.range(0, expected.length)
          .filter(i -> found.size() != expected.length || found.get(i) != expected[i].value())
          .mapToObj(i -> expected[i])
          .toList();
    }

    private String origin(List<Size> sizes) {
      return published.origins(
          sizes.stream().flatMap(size -> size.parameters().stream()).distinct().toList());
    }

    private static void requireType(Tensor tensor, boolean holds, String expected) {
      if (!holds) {
        throw inTensor(
            tensor.file(), tensor.name(), "is %s, expected %s".formatted(tensor.dtype(), expected));
      }
    }

    /// A tensor that nobody asked for means that this is another model than the configuration says.
    void requireNothingLeft() {
      for (String name : left) {
        if (!name.matches(names.ignored())) {
          Tensor tensor = Objects.requireNonNull(tensors.get(name));
          throw inTensor(
              tensor.file(),
              name,
              "is %s, expected no such tensor in a %s of %d layers (%s)"
                  .formatted(
                      tensor.shape(),
                      config.blockType() == BlockType.SANDWICH_NORM
                          ? "GLM with sandwich norms"
                          : "GLM",
                      config.layers(),
                      published.origins(
                          List.of(Hyperparameter.LAYERS, Hyperparameter.BLOCK_TYPE))));
        }
      }
    }

    private static MalformedModelException inTensor(String file, String name, String problem) {
      return new MalformedModelException(file, "tensor '" + name + "'", problem);
    }
  }
}
