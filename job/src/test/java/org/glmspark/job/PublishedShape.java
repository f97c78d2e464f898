package org.glmspark.job;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.glmspark.tensor.DType;

/// The five models in the shapes and with the settings of their makers, as safetensors in several
/// shards: with all layers and holes for weights, which take no space on disk, or with few layers
/// and random weights.
enum PublishedShape {
  CHATGLM2_6B(
      Names.REMOTE_CODE,
      4096,
      32,
      2,
      13_696,
      65_024,
      true,
      DType.F16,
      2_000_000_000L,
      Settings.remoteCode(
          """
          "_name_or_path": "THUDM/chatglm2-6b", "ffn_hidden_size": 13696, "hidden_size": 4096,
          "layernorm_epsilon": 1e-05, "multi_query_group_num": 2, "num_attention_heads": 32,
          "num_layers": 28, "padded_vocab_size": 65024, "seq_length": 32768,
          "torch_dtype": "float16", "eos_token_id": 2, "pad_token_id": 0
          """)),
  CHATGLM3_6B_32K(
      Names.REMOTE_CODE,
      4096,
      32,
      2,
      13_696,
      65_024,
      true,
      DType.F16,
      2_000_000_000L,
      Settings.remoteCode(
          """
          "_name_or_path": "THUDM/chatglm3-6b-32k", "ffn_hidden_size": 13696, "hidden_size": 4096,
          "layernorm_epsilon": 1e-05, "multi_query_group_num": 2, "num_attention_heads": 32,
          "num_layers": 28, "padded_vocab_size": 65024, "rope_ratio": 50, "seq_length": 32768,
          "torch_dtype": "float16", "eos_token_id": 2, "pad_token_id": 0
          """)),
  GLM_4_9B_CHAT(
      Names.REMOTE_CODE,
      4096,
      32,
      2,
      13_696,
      151_552,
      true,
      DType.BF16,
      2_000_000_000L,
      Settings.remoteCode(
          """
          "_name_or_path": "THUDM/glm-4-9b-chat", "ffn_hidden_size": 13696, "hidden_size": 4096,
          "layernorm_epsilon": 1.5625e-07, "multi_query_group_num": 2, "num_attention_heads": 32,
          "num_layers": 40, "padded_vocab_size": 151552, "rope_ratio": 500, "seq_length": 131072,
          "torch_dtype": "bfloat16", "eos_token_id": [151329, 151336, 151338],
          "pad_token_id": 151329
          """)),
  GLM_4_9B_CHAT_1M(
      Names.REMOTE_CODE,
      4096,
      32,
      4,
      13_696,
      151_552,
      true,
      DType.BF16,
      2_000_000_000L,
      Settings.remoteCode(
          """
          "_name_or_path": "THUDM/glm-4-9b-chat-1m", "ffn_hidden_size": 13696, "hidden_size": 4096,
          "layernorm_epsilon": 1.5625e-07, "multi_query_group_num": 4, "num_attention_heads": 32,
          "num_layers": 40, "padded_vocab_size": 151552, "rope_ratio": 10000,
          "seq_length": 1048576, "torch_dtype": "bfloat16",
          "eos_token_id": [151329, 151336, 151338], "pad_token_id": 151329
          """)),
  GLM_4_32B_0414(
      Names.HUGGING_FACE,
      6144,
      48,
      2,
      23_040,
      151_552,
      false,
      DType.BF16,
      5_000_000_000L,
      """
      {"architectures": ["Glm4ForCausalLM"], "model_type": "glm4", "attention_bias": false,
       "attention_dropout": 0.0, "head_dim": 128, "hidden_act": "silu", "hidden_size": 6144,
       "initializer_range": 0.02, "intermediate_size": 23040, "max_position_embeddings": 32768,
       "num_attention_heads": 48, "num_hidden_layers": 61, "num_key_value_heads": 2,
       "partial_rotary_factor": 0.5, "rms_norm_eps": 1e-05, "rope_theta": 10000.0,
       "tie_word_embeddings": false, "torch_dtype": "bfloat16", "use_cache": true,
       "vocab_size": 151552, "eos_token_id": [151329, 151336, 151338], "pad_token_id": 151329}
      """);

  private static final int HEAD_SIZE = 128;
  private static final int BUFFER_BYTES = 1 << 20;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Names names;
  private final int hidden;
  private final int heads;
  private final int keyValueHeads;
  private final int feedForward;
  private final int vocabulary;
  private final boolean bias;
  private final DType dtype;
  private final long shardBytes;
  private final String config;

  PublishedShape(
      Names names,
      int hidden,
      int heads,
      int keyValueHeads,
      int feedForward,
      int vocabulary,
      boolean bias,
      DType dtype,
      long shardBytes,
      String config) {
    this.names = names;
    this.hidden = hidden;
    this.heads = heads;
    this.keyValueHeads = keyValueHeads;
    this.feedForward = feedForward;
    this.vocabulary = vocabulary;
    this.bias = bias;
    this.dtype = dtype;
    this.shardBytes = shardBytes;
    this.config = config;
  }

  private enum Names {
    REMOTE_CODE("num_layers"),
    HUGGING_FACE("num_hidden_layers");

    private final String layersKey;

    Names(String layersKey) {
      this.layersKey = layersKey;
    }
  }

  /// What the configurations of all models with code of their own share.
  private static final class Settings {
    private Settings() {}

    static String remoteCode(String own) {
      return """
      {"architectures": ["ChatGLMModel"], "model_type": "chatglm", "add_bias_linear": false,
       "add_qkv_bias": true, "apply_query_key_layer_scaling": true,
       "apply_residual_connection_post_layernorm": false, "attention_dropout": 0.0,
       "attention_softmax_in_fp32": true, "bias_dropout_fusion": true,
       "fp32_residual_connection": false, "hidden_dropout": 0.0, "kv_channels": 128,
       "multi_query_attention": true, "original_rope": true, "post_layer_norm": true,
       "rmsnorm": true, "tie_word_embeddings": false, "use_cache": true,
      """
          + own
          + "}";
    }
  }

  /// A tensor of the checkpoint.
  record Shape(String name, List<Long> sizes) {
    long elements() {
      return sizes.stream().reduce(1L, Math::multiplyExact);
    }
  }

  /// Bytes of one element.
  int elementBytes() {
    return dtype.bytes();
  }

  /// Layers of the published model.
  int layers() throws IOException {
    return JSON.readTree(config).required(names.layersKey).intValue();
  }

  /// All tensors of a model of so many layers.
  List<Shape> tensors(int layers) {
    var tensors = new ArrayList<Shape>();
    switch (names) {
      case REMOTE_CODE -> {
        add(tensors, "transformer.embedding.word_embeddings.weight", vocabulary, hidden);
        add(tensors, "transformer.rotary_pos_emb.inv_freq", HEAD_SIZE / 4);
        for (int i = 0; i < layers; i++) {
          addRemoteCodeLayer(tensors, "transformer.encoder.layers." + i + ".");
        }
        add(tensors, "transformer.encoder.final_layernorm.weight", hidden);
        add(tensors, "transformer.output_layer.weight", vocabulary, hidden);
      }
      case HUGGING_FACE -> {
        add(tensors, "model.embed_tokens.weight", vocabulary, hidden);
        for (int i = 0; i < layers; i++) {
          addHuggingFaceLayer(tensors, "model.layers." + i + ".");
        }
        add(tensors, "model.norm.weight", hidden);
        add(tensors, "lm_head.weight", vocabulary, hidden);
      }
    }
    return tensors;
  }

  private void addRemoteCodeLayer(List<Shape> tensors, String layer) {
    int rows = (heads + 2 * keyValueHeads) * HEAD_SIZE;
    add(tensors, layer + "input_layernorm.weight", hidden);
    add(tensors, layer + "self_attention.query_key_value.weight", rows, hidden);
    if (bias) {
      add(tensors, layer + "self_attention.query_key_value.bias", rows);
    }
    add(tensors, layer + "self_attention.dense.weight", hidden, heads * HEAD_SIZE);
    add(tensors, layer + "post_attention_layernorm.weight", hidden);
    add(tensors, layer + "mlp.dense_h_to_4h.weight", 2 * feedForward, hidden);
    add(tensors, layer + "mlp.dense_4h_to_h.weight", hidden, feedForward);
  }

  private void addHuggingFaceLayer(List<Shape> tensors, String layer) {
    String attention = layer + "self_attn.";
    for (String norm : List.of("input", "post_attention", "post_self_attn")) {
      add(tensors, layer + norm + "_layernorm.weight", hidden);
    }
    add(tensors, layer + "post_mlp_layernorm.weight", hidden);
    Map<String, Integer> projections = new LinkedHashMap<>();
    projections.put("q_proj", heads);
    projections.put("k_proj", keyValueHeads);
    projections.put("v_proj", keyValueHeads);
    projections.forEach((name, count) -> {
      add(tensors, attention + name + ".weight", count * HEAD_SIZE, hidden);
      if (bias) {
        add(tensors, attention + name + ".bias", count * HEAD_SIZE);
      }
    });
    add(tensors, attention + "o_proj.weight", hidden, heads * HEAD_SIZE);
    add(tensors, layer + "mlp.gate_up_proj.weight", 2 * feedForward, hidden);
    add(tensors, layer + "mlp.down_proj.weight", hidden, feedForward);
  }

  private static void add(List<Shape> tensors, String name, int... sizes) {
    tensors.add(new Shape(name, Arrays.stream(sizes).mapToObj(Long::valueOf).toList()));
  }

  /// Writes the whole model without its weights.
  ///
  /// @throws IOException if the file system has no place for files of this size, which take none
  void writeHoles(Path folder) throws IOException {
    write(
        folder,
        layers(),
        (channel, shard) -> {
          long last = channel.position() + bytes(shard) - 1;
          channel.write(ByteBuffer.wrap(new byte[1]), last);
        });
  }

  /// Writes a model of some layers. Norms are 1; all other weights are between 2^-7 and 2^-5 in
  /// size, either sign.
  void writeRandom(Path folder, int layers, long seed) throws IOException {
    var random = new SplittableRandom(seed);
    write(
        folder,
        layers,
        (channel, shard) -> {
          for (Shape tensor : shard) {
            writeRandom(channel, tensor, random);
          }
        });
  }

  private interface DataWriter {
    void write(FileChannel channel, List<Shape> shard) throws IOException;
  }

  private void write(Path folder, int layers, DataWriter data) throws IOException {
    ObjectNode settings = (ObjectNode) JSON.readTree(config);
    settings.put(names.layersKey, layers);
    JSON.writeValue(folder.resolve("config.json").toFile(), settings);
    List<List<Shape>> shards = shards(layers);
    ObjectNode index = JSON.createObjectNode();
    index.putObject("metadata").put("total_size", bytes(tensors(layers)));
    ObjectNode map = index.putObject("weight_map");
    for (int i = 0; i < shards.size(); i++) {
      List<Shape> shard = shards.get(i);
      String name = "model-%05d-of-%05d.safetensors".formatted(i + 1, shards.size());
      shard.forEach(tensor -> map.put(tensor.name(), name));
      try (FileChannel channel =
          FileChannel.open(
              folder.resolve(name),
              StandardOpenOption.CREATE_NEW,
              StandardOpenOption.SPARSE,
              StandardOpenOption.WRITE)) {
        channel.write(ByteBuffer.wrap(header(shard)));
        data.write(channel, shard);
      }
    }
    Files.writeString(folder.resolve("model.safetensors.index.json"), index.toString());
  }

  private List<List<Shape>> shards(int layers) {
    var shards = new ArrayList<List<Shape>>();
    var shard = new ArrayList<Shape>();
    for (Shape tensor : tensors(layers)) {
      if (!shard.isEmpty() && bytes(shard) + bytes(List.of(tensor)) > shardBytes) {
        shards.add(List.copyOf(shard));
        shard.clear();
      }
      shard.add(tensor);
    }
    shards.add(List.copyOf(shard));
    return shards;
  }

  private long bytes(List<Shape> tensors) {
    return tensors.stream().mapToLong(Shape::elements).sum() * elementBytes();
  }

  private byte[] header(List<Shape> shard) {
    ObjectNode header = JSON.createObjectNode();
    header.putObject("__metadata__").put("format", "pt");
    long start = 0;
    for (Shape tensor : shard) {
      long end = start + tensor.elements() * elementBytes();
      ObjectNode entry = header.putObject(tensor.name()).put("dtype", dtype.name());
      tensor.sizes().forEach(entry.withArray("/shape")::add);
      entry.putArray("data_offsets").add(start).add(end);
      start = end;
    }
    String text = header.toString();
    byte[] padded =
        (text + " ".repeat(Math.floorMod(-text.length(), Long.BYTES)))
            .getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(Long.BYTES + padded.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(padded.length)
        .put(padded)
        .array();
  }

  private void writeRandom(FileChannel channel, Shape tensor, SplittableRandom random)
      throws IOException {
    boolean norm = tensor.name().contains("norm");
    long mask = dtype == DType.F16 ? 0x87FF87FF87FF87FFL : 0x80FF80FF80FF80FFL;
    long smallest = dtype == DType.F16 ? 0x2000200020002000L : 0x3C003C003C003C00L;
    long one = dtype == DType.F16 ? 0x3C003C003C003C00L : 0x3F803F803F803F80L;
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    long left = tensor.elements() * elementBytes();
    while (left > 0) {
      buffer.clear();
      while (buffer.hasRemaining()) { // four elements
        buffer.putLong(norm ? one : (random.nextLong() & mask) | smallest);
      }
      buffer.flip().limit((int) Math.min(left, BUFFER_BYTES));
      left -= buffer.limit();
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
    }
  }
}
