package org.glmspark.model;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.glmspark.format.GgufBytes;

/// A GGUF file of one layer on its way to disk, whose keys and tensors can be changed. All weights
/// are zero, in float16.
final class GgufModel {
  private static final int HIDDEN = 32;
  private static final int FEED_FORWARD = 48;
  private static final int FLOAT16 = 1;
  private static final String LAYER = "blk.0.";

  private final Map<String, Consumer<GgufBytes>> keys = new LinkedHashMap<>();
  private final Map<String, long[]> tensors = new LinkedHashMap<>();

  /// @param heads query heads of 16 elements each, or as many as `attention.key_length` says
  private GgufModel(String architecture, int vocabulary, int heads, int keyValueHeads) {
    text("general.architecture", architecture);
    String prefix = architecture + ".";
    uint32(prefix + "block_count", 1);
    uint32(prefix + "embedding_length", HIDDEN);
    uint32(prefix + "feed_forward_length", FEED_FORWARD);
    uint32(prefix + "context_length", 131_072);
    uint32(prefix + "attention.head_count", heads);
    uint32(prefix + "attention.head_count_kv", keyValueHeads);
    float32(prefix + "attention.layer_norm_rms_epsilon", 1.5625e-7f);
    uint32(prefix + "rope.dimension_count", 8);
    float32(prefix + "rope.freq_base", 5e6f);
    tensor("token_embd.weight", vocabulary, HIDDEN);
    tensor("output_norm.weight", HIDDEN);
    tensor("output.weight", vocabulary, HIDDEN);
    tensor(LAYER + "attn_norm.weight", HIDDEN);
    tensor(LAYER + "ffn_norm.weight", HIDDEN);
    tensor(LAYER + "ffn_up.weight", 2 * FEED_FORWARD, HIDDEN);
    tensor(LAYER + "ffn_down.weight", HIDDEN, FEED_FORWARD);
  }

  /// As converters write the layout with code of its own: query, key and value fused, with a bias.
  static GgufModel chatGlm(int vocabulary) {
    var model = new GgufModel("chatglm", vocabulary, 2, 1);
    model.tensor(LAYER + "attn_qkv.weight", 64, HIDDEN);
    model.tensor(LAYER + "attn_qkv.bias", 64);
    model.tensor(LAYER + "attn_output.weight", HIDDEN, HIDDEN);
    return model;
  }

  /// As converters write the 0414 models: sandwich norms, and heads of another size than hidden
  /// size over heads.
  static GgufModel glm4(int vocabulary) {
    var model = new GgufModel("glm4", vocabulary, 4, 2);
    model.uint32("glm4.attention.key_length", 16);
    model.uint32("glm4.attention.value_length", 16);
    model.float32("glm4.attention.layer_norm_rms_epsilon", 1e-5f);
    model.float32("glm4.rope.freq_base", 1e4f);
    model.tensor(LAYER + "attn_q.weight", 64, HIDDEN);
    model.tensor(LAYER + "attn_k.weight", 32, HIDDEN);
    model.tensor(LAYER + "attn_v.weight", 32, HIDDEN);
    model.tensor(LAYER + "attn_output.weight", HIDDEN, 64);
    model.sandwichNorms();
    return model;
  }

  GgufModel sandwichNorms() {
    tensor(LAYER + "post_attention_norm.weight", HIDDEN);
    return tensor(LAYER + "post_ffw_norm.weight", HIDDEN);
  }

  GgufModel uint32(String key, long value) {
    keys.put(key, file -> file.uint32(key, value));
    return this;
  }

  GgufModel float32(String key, float value) {
    keys.put(key, file -> file.float32(key, value));
    return this;
  }

  GgufModel text(String key, String value) {
    keys.put(key, file -> file.text(key, value));
    return this;
  }

  /// Keys of any kind, under a name of this fixture.
  GgufModel keys(String name, Consumer<GgufBytes> writer) {
    keys.put(name, writer);
    return this;
  }

  GgufModel without(String key) {
    if (keys.remove(key) == null) {
      throw new IllegalArgumentException("no key " + key);
    }
    return this;
  }

  /// @param shape rows first
  GgufModel tensor(String name, long... shape) {
    tensors.put(name, shape);
    return this;
  }

  GgufModel withoutTensor(String name) {
    if (tensors.remove(name) == null) {
      throw new IllegalArgumentException("no tensor " + name);
    }
    return this;
  }

  void write(Path path) {
    var file = new GgufBytes();
    keys.values().forEach(key -> key.accept(file));
    tensors.forEach((name, shape) -> {
      long elements = LongStream.of(shape).reduce(1, Math::multiplyExact);
      List<Long> columnsFirst = LongStream.of(shape).boxed().toList().reversed();
      file.tensor(
          name,
          FLOAT16,
          new byte[Math.toIntExact(Short.BYTES * elements)],
          columnsFirst.stream().mapToLong(Long::longValue).toArray());
    });
    file.write(path);
  }
}
