package org.glmspark.model;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.glmspark.format.CheckpointFolder;
import org.glmspark.format.MalformedModelException;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.Tensor;

/// The tensors of a decoder as its checkpoint stores them, each found by name and compared with the
/// configuration.
///
/// @param embedding `[vocabulary, hidden]`
/// @param layers from the first to the last
/// @param finalNorm `[hidden]`
/// @param output `[vocabulary, hidden]`
record CheckpointTensors(Tensor embedding, List<Layer> layers, Tensor finalNorm, Tensor output) {

  /// One layer. Query, key and value come fused or as three tensors, in this order.
  ///
  /// @param queryKeyValue together `[(heads + 2 · keyValueHeads) · headSize, hidden]`, of one type
  /// @param queryKeyValueBias one value for each row of these; empty if the model has none
  record Layer(
      Tensor attentionNorm,
      List<Tensor> queryKeyValue,
      List<Tensor> queryKeyValueBias,
      Tensor attentionOutput,
      Tensor feedForwardNorm,
      Tensor gateUp,
      Tensor down) {

    private Stream<Tensor> stream() {
      return Stream.of(
              Stream.of(attentionNorm),
              queryKeyValue.stream(),
              queryKeyValueBias.stream(),
              Stream.of(attentionOutput, feedForwardNorm, gateUp, down))
          .flatMap(tensors -> tensors);
    }
  }

  /// Finds every tensor that the configuration asks for.
  ///
  /// @throws MalformedModelException if one is missing, has another shape or type, or if there is
  ///   one more than the configuration knows of
  static CheckpointTensors find(ConfigFile config, CheckpointFolder folder) {
    var finder = new Finder(config, folder);
    CheckpointTensors tensors =
        switch (config.layout()) {
          case REMOTE_CODE -> finder.remoteCode();
          case HUGGING_FACE -> finder.huggingFace();
        };
    finder.requireNothingLeft();
    return tensors;
  }

  /// All tensors.
  Stream<Tensor> stream() {
    return Stream.concat(
        Stream.of(embedding, finalNorm, output), layers.stream().flatMap(Layer::stream));
  }

  /// The keys of `config.json` that the sizes of tensors follow from, for messages.
  private record Keys(
      String layers,
      String keyValueHeads,
      String headSize,
      String feedForward,
      String vocabulary,
      String bias) {

    static Keys of(ConfigFile.Layout layout) {
      return switch (layout) {
        case REMOTE_CODE ->
            new Keys(
                "num_layers",
                "multi_query_group_num",
                "kv_channels",
                "ffn_hidden_size",
                "padded_vocab_size",
                "add_qkv_bias");
        case HUGGING_FACE ->
            new Keys(
                "num_hidden_layers",
                "num_key_value_heads",
                "head_dim",
                "intermediate_size",
                "vocab_size",
                "attention_bias");
      };
    }
  }

  /// One size of a tensor and the keys it follows from.
  private record Size(long value, List<String> keys) {
    Size(long value, String... keys) {
      this(value, List.of(keys));
    }
  }

  private static final class Finder {
    /// Rotary frequencies: computed from the configuration, these copies are less precise.
    private static final Pattern IGNORED =
        Pattern.compile(
            "transformer\\.rotary_pos_emb\\.inv_freq"
                + "|model\\.(layers\\.\\d+\\.self_attn\\.)?rotary_emb\\.inv_freq");

    private final ModelConfig config;
    private final CheckpointFolder folder;
    private final TreeSet<String> left;
    private final Keys keys;
    private final Size hidden;
    private final Size vocabulary;
    private final Size feedForward;
    private final Size gateUp;
    private final Size query;
    private final Size keyOrValue;
    private final Size queryKeyValue;

    Finder(ConfigFile file, CheckpointFolder folder) {
      this.config = file.config();
      this.folder = folder;
      left = new TreeSet<>(folder.tensors().keySet());
      keys = Keys.of(file.layout());
      hidden = new Size(config.hiddenSize(), "hidden_size");
      vocabulary = new Size(config.vocabularySize(), keys.vocabulary());
      feedForward = new Size(config.feedForwardSize(), keys.feedForward());
      gateUp = new Size(2L * config.feedForwardSize(), keys.feedForward());
      query =
          new Size(
              (long) config.heads() * config.headSize(), "num_attention_heads", keys.headSize());
      keyOrValue =
          new Size(
              (long) config.keyValueHeads() * config.headSize(),
              keys.keyValueHeads(),
              keys.headSize());
      queryKeyValue =
          new Size(
              config.queryKeyValueRows(),
              "num_attention_heads",
              keys.keyValueHeads(),
              keys.headSize());
    }

    CheckpointTensors remoteCode() {
      return new CheckpointTensors(
          find("transformer.embedding.word_embeddings.weight", vocabulary, hidden),
          layers(i -> remoteCodeLayer("transformer.encoder.layers." + i)),
          find("transformer.encoder.final_layernorm.weight", hidden),
          find("transformer.output_layer.weight", vocabulary, hidden));
    }

    private Layer remoteCodeLayer(String layer) {
      String fused = layer + ".self_attention.query_key_value";
      return new Layer(
          find(layer + ".input_layernorm.weight", hidden),
          List.of(find(fused + ".weight", queryKeyValue, hidden)),
          fusedBias(fused),
          find(layer + ".self_attention.dense.weight", hidden, query),
          find(layer + ".post_attention_layernorm.weight", hidden),
          find(layer + ".mlp.dense_h_to_4h.weight", gateUp, hidden),
          find(layer + ".mlp.dense_4h_to_h.weight", hidden, feedForward));
    }

    CheckpointTensors huggingFace() {
      return new CheckpointTensors(
          find("model.embed_tokens.weight", vocabulary, hidden),
          layers(i -> huggingFaceLayer("model.layers." + i)),
          find("model.norm.weight", hidden),
          find("lm_head.weight", vocabulary, hidden));
    }

    private Layer huggingFaceLayer(String layer) {
      String attention = layer + ".self_attn.";
      String fused = attention + "qkv_proj"; // the first converter of transformers wrote this
      boolean isFused = folder.tensors().containsKey(fused + ".weight");
      return new Layer(
          find(layer + ".input_layernorm.weight", hidden),
          isFused
              ? List.of(find(fused + ".weight", queryKeyValue, hidden))
              : splitWeights(attention),
          isFused ? fusedBias(fused) : splitBiases(attention),
          find(attention + "o_proj.weight", hidden, query),
          find(layer + ".post_attention_layernorm.weight", hidden),
          find(layer + ".mlp.gate_up_proj.weight", gateUp, hidden),
          find(layer + ".mlp.down_proj.weight", hidden, feedForward));
    }

    private List<Layer> layers(IntFunction<Layer> layer) {
      return IntStream.range(0, config.layers()).mapToObj(layer).toList();
    }

    private List<Tensor> splitWeights(String attention) {
      List<Tensor> parts =
          List.of(
              find(attention + "q_proj.weight", query, hidden),
              find(attention + "k_proj.weight", keyOrValue, hidden),
              find(attention + "v_proj.weight", keyOrValue, hidden));
      for (Tensor part : parts) {
        Tensor first = parts.getFirst();
        if (part.dtype() != first.dtype()) {
          throw inTensor(
              part.file(),
              part.name(),
              "is %s, expected %s as '%s', which it is joined with"
                  .formatted(part.dtype(), first.dtype(), first.name()));
        }
      }
      return parts;
    }

    private List<Tensor> splitBiases(String attention) {
      return Stream.of(
              bias(attention + "q_proj.bias", query),
              bias(attention + "k_proj.bias", keyOrValue),
              bias(attention + "v_proj.bias", keyOrValue))
          .flatMap(List::stream)
          .toList();
    }

    private List<Tensor> fusedBias(String fused) {
      return bias(fused + ".bias", queryKeyValue);
    }

    /// The bias, or nothing if the configuration says that there is none.
    private List<Tensor> bias(String name, Size size) {
      if (config.queryKeyValueBias()) {
        return List.of(find(name, size));
      }
      Tensor tensor = folder.tensors().get(name);
      if (tensor != null) {
        throw inTensor(
            tensor.file(),
            name,
            "is there, expected no bias (%s in %s is not true)"
                .formatted(keys.bias(), ConfigFile.NAME));
      }
      return List.of();
    }

    private Tensor find(String name, Size... sizes) {
      List<Long> shape = Arrays.stream(sizes).map(Size::value).toList();
      Tensor tensor = folder.tensors().get(name);
      if (tensor == null) {
        throw inTensor(
            folder.directory(),
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
      requireFloat(tensor);
      return tensor;
    }

    /// The sizes that differ, or all if the number of dimensions does.
    private static List<Size> wrong(List<Long> found, Size... expected) {
      return IntStream.range(0, expected.length)
          .filter(i -> found.size() != expected.length || found.get(i) != expected[i].value())
          .mapToObj(i -> expected[i])
          .toList();
    }

    private static String origin(List<Size> sizes) {
      return sizes.stream()
              .flatMap(size -> size.keys().stream())
              .distinct()
              .collect(Collectors.joining(", "))
          + " in "
          + ConfigFile.NAME;
    }

    private static void requireFloat(Tensor tensor) {
      DType dtype = tensor.dtype();
      if (dtype != DType.F32 && dtype != DType.F16 && dtype != DType.BF16) {
        throw inTensor(
            tensor.file(), tensor.name(), "is %s, expected F32, F16 or BF16".formatted(dtype));
      }
    }

    /// A tensor that nobody asked for means that this is another model than the configuration says.
    void requireNothingLeft() {
      for (String name : left) {
        if (!IGNORED.matcher(name).matches()) {
          Tensor tensor = Objects.requireNonNull(folder.tensors().get(name));
          throw inTensor(
              tensor.file(),
              name,
              "is %s, expected no such tensor in a GLM-4 of %d layers (%s in %s)"
                  .formatted(tensor.shape(), config.layers(), keys.layers(), ConfigFile.NAME));
        }
      }
    }

    private static MalformedModelException inTensor(String file, String name, String problem) {
      return new MalformedModelException(file, "tensor '" + name + "'", problem);
    }
  }
}
