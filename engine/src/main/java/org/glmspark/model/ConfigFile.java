package org.glmspark.model;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.glmspark.format.JsonObject;
import org.glmspark.format.MalformedModelException;
import org.glmspark.model.PublishedConfig.Layout;
import org.jspecify.annotations.Nullable;

/// Reads the `config.json` of a model folder. A setting that the engine does not compute is
/// refused, never ignored.
///
/// Defaults of absent keys are those of the published configuration classes: `ChatGLMConfig` of the
/// models' own code, `GlmConfig` and `Glm4Config` of transformers.
final class ConfigFile {
  static final String NAME = "config.json";

  private static final double ROTATED_PART = 0.5;

  /// Of `GlmConfig` and `Glm4Config`.
  private static final float NORM_EPSILON = 1.5625e-7f;

  private final JsonObject json;
  private final Map<Hyperparameter, String> origins = new EnumMap<>(Hyperparameter.class);

  private ConfigFile(JsonObject json) {
    this.json = json;
  }

  /// The file of a folder, which must be there.
  ///
  /// @throws MalformedModelException if there is none, or it is no JSON object
  static JsonObject read(Path folder) {
    return JsonObject.read(folder.resolve(NAME));
  }

  /// Interprets the file.
  ///
  /// @param tensors names of the checkpoint's tensors: they decide where the file is silent
  /// @throws MalformedModelException if a key is missing, of another type or out of range, or if it
  ///   asks for what the engine does not compute
  static PublishedConfig of(JsonObject json, Set<String> tensors) {
    var file = new ConfigFile(json);
    return switch (json.text("model_type")) {
      case "chatglm" -> file.remoteCode();
      case "glm" -> file.huggingFace(BlockType.PRE_NORM, tensors);
      case "glm4" -> file.huggingFace(BlockType.SANDWICH_NORM, tensors);
      default -> throw json.unexpected("model_type", "chatglm, glm or glm4, the supported models");
    };
  }

  private PublishedConfig remoteCode() {
    refuseUnsupported();
    refuseUnsupportedOfRemoteCode();
    int heads = heads();
    int headSize = headSize("kv_channels", heads);
    boolean grouped = json.isTrue("multi_query_attention");
    if (!grouped) {
      origins.put(Hyperparameter.KEY_VALUE_HEADS, "multi_query_attention is not true in " + NAME);
    }
    int vocabulary =
        integer(Hyperparameter.VOCABULARY_SIZE, "padded_vocab_size", ModelConfig.MAX_VOCABULARY);
    origins.put(Hyperparameter.BLOCK_TYPE, key("model_type"));
    ModelConfig config =
        new ModelConfig(
            BlockType.PRE_NORM,
            integer(Hyperparameter.HIDDEN_SIZE, "hidden_size", ModelConfig.MAX_WIDTH),
            integer(Hyperparameter.LAYERS, "num_layers", ModelConfig.MAX_LAYERS),
            heads,
            grouped ? keyValueHeads("multi_query_group_num", heads) : heads,
            headSize,
            integer(Hyperparameter.FEED_FORWARD_SIZE, "ffn_hidden_size", ModelConfig.MAX_WIDTH),
            vocabulary,
            normEpsilon("layernorm_epsilon"),
            remoteCodeRope(headSize),
            integer(Hyperparameter.CONTEXT, "seq_length", ModelConfig.MAX_CONTEXT),
            flag(Hyperparameter.QUERY_KEY_VALUE_BIAS, "add_qkv_bias"),
            flag(Hyperparameter.TIED_EMBEDDINGS, "tie_word_embeddings"),
            stopTokens(vocabulary));
    return published(Layout.REMOTE_CODE, config, quantizationBits());
  }

  private PublishedConfig huggingFace(BlockType blockType, Set<String> tensors) {
    refuseUnsupported();
    refuseUnsupportedOfHuggingFace();
    int heads = heads();
    int headSize = headSize("head_dim", heads);
    int vocabulary =
        integer(Hyperparameter.VOCABULARY_SIZE, "vocab_size", ModelConfig.MAX_VOCABULARY);
    int positions =
        integer(Hyperparameter.CONTEXT, "max_position_embeddings", ModelConfig.MAX_CONTEXT);
    RotarySettings rope = huggingFaceRope(headSize, positions);
    origins.put(Hyperparameter.BLOCK_TYPE, key("model_type"));
    ModelConfig config =
        new ModelConfig(
            blockType,
            integer(Hyperparameter.HIDDEN_SIZE, "hidden_size", ModelConfig.MAX_WIDTH),
            integer(Hyperparameter.LAYERS, "num_hidden_layers", ModelConfig.MAX_LAYERS),
            heads,
            keyValueHeads("num_key_value_heads", heads),
            headSize,
            integer(Hyperparameter.FEED_FORWARD_SIZE, "intermediate_size", ModelConfig.MAX_WIDTH),
            vocabulary,
            huggingFaceNormEpsilon(),
            rope,
            context(positions, rope.yarn()),
            huggingFaceBias(tensors),
            flag(Hyperparameter.TIED_EMBEDDINGS, "tie_word_embeddings"),
            stopTokens(vocabulary));
    return published(Layout.HUGGING_FACE, config, 0);
  }

  private PublishedConfig published(Layout layout, ModelConfig config, int quantizationBits) {
    String name = json.has("_name_or_path") ? json.text("_name_or_path") : null;
    return new PublishedConfig(layout, config, origins, quantizationBits, name);
  }

  private RotarySettings remoteCodeRope(int headSize) {
    String key = "rope_ratio";
    double ratio = 1;
    if (json.has(key)) {
      ratio = json.positiveNumber(key);
      origins.put(Hyperparameter.ROPE_BASE, "10000 × " + key(key));
    } else {
      origins.put(Hyperparameter.ROPE_BASE, absent(key));
    }
    double base = ropeBase(json, key, RotarySettings.PLAIN_BASE * ratio);
    origins.put(Hyperparameter.ROTATED_SIZE, "half of " + key("kv_channels"));
    int rotated = rotatedSize(json, "kv_channels", headSize, ROTATED_PART);
    origins.put(Hyperparameter.YARN, "not part of this layout");
    return new RotarySettings(base, rotated, null);
  }

  private RotarySettings huggingFaceRope(int headSize, int positions) {
    return new RotarySettings(
        huggingFaceRopeBase(), huggingFaceRotatedSize(headSize), yarn(positions));
  }

  private double huggingFaceRopeBase() {
    String key = "rope_theta";
    JsonObject rope = ropeSettings(key);
    if (!rope.has(key)) {
      origins.put(Hyperparameter.ROPE_BASE, absent(key));
      return RotarySettings.PLAIN_BASE;
    }
    origins.put(Hyperparameter.ROPE_BASE, key(key));
    return ropeBase(rope, key, rope.positiveNumber(key));
  }

  private int huggingFaceRotatedSize(int headSize) {
    String key = "partial_rotary_factor";
    JsonObject rope = ropeSettings(key);
    if (!rope.has(key)) {
      origins.put(Hyperparameter.ROTATED_SIZE, "half of the head: " + absent(key));
      return rotatedSize(json, "head_dim", headSize, ROTATED_PART);
    }
    origins.put(Hyperparameter.ROTATED_SIZE, key(key));
    return rotatedSize(rope, key, headSize, rope.positiveNumber(key));
  }

  /// The object that holds a setting of rotary embedding: newer files have one of its own for them.
  private JsonObject ropeSettings(String key) {
    if (json.has("rope_parameters")) {
      JsonObject rope = json.object("rope_parameters");
      if (rope.has(key)) {
        return rope;
      }
    }
    return json;
  }

  private @Nullable YarnScaling yarn(int positions) {
    String key = json.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
    if (!json.has(key)) {
      origins.put(Hyperparameter.YARN, absent("rope_scaling"));
      return null;
    }
    origins.put(Hyperparameter.YARN, key(key));
    JsonObject scaling = json.object(key);
    String typeKey = scaling.has("rope_type") || !scaling.has("type") ? "rope_type" : "type";
    return switch (scaling.text(typeKey)) {
      case "default" -> null;
      case "yarn" -> yarn(scaling, positions);
      default ->
          throw scaling.unexpected(typeKey, "yarn or default: no other rope scaling is supported");
    };
  }

  private static YarnScaling yarn(JsonObject scaling, int positions) {
    for (String key : List.of("mscale", "mscale_all_dim")) {
      if (scaling.has(key)) {
        throw scaling.unexpected(key, "none: GLM's YaRN has no such setting");
      }
    }
    if (scaling.isFalse("truncate")) {
      throw scaling.unexpected("truncate", "true: YaRN of GLM rounds its bounds");
    }
    double factor = scaling.positiveNumber("factor");
    if (factor < 1) {
      throw scaling.unexpected("factor", "a number from 1");
    }
    String original = "original_max_position_embeddings";
    double betaFast = number(scaling, "beta_fast", YarnScaling.BETA_FAST);
    double betaSlow = number(scaling, "beta_slow", YarnScaling.BETA_SLOW);
    if (betaFast < betaSlow) {
      throw scaling.unexpected(
          "beta_fast", "a number from %s, which is beta_slow".formatted(betaSlow));
    }
    return new YarnScaling(
        factor,
        scaling.has(original) ? scaling.integer(original, 1, ModelConfig.MAX_CONTEXT) : positions,
        betaFast,
        betaSlow,
        number(scaling, "attention_factor", YarnScaling.attentionFactor(factor)));
  }

  private static double number(JsonObject json, String key, double absent) {
    return json.has(key) ? json.positiveNumber(key) : absent;
  }

  /// What YaRN stretches the context to, unless the file already says more.
  private int context(int positions, @Nullable YarnScaling yarn) {
    if (yarn == null || yarn.stretchedTokens() <= positions) {
      return positions;
    }
    origins.put(
        Hyperparameter.CONTEXT, "factor × original_max_position_embeddings of YaRN in " + NAME);
    return (int) Math.min(ModelConfig.MAX_CONTEXT, yarn.stretchedTokens());
  }

  private boolean huggingFaceBias(Set<String> tensors) {
    if (json.has("attention_bias")) {
      return flag(Hyperparameter.QUERY_KEY_VALUE_BIAS, "attention_bias");
    }
    boolean bias =
        TensorNames.of(Layout.HUGGING_FACE).firstBiases().stream().anyMatch(tensors::contains);
    origins.put(
        Hyperparameter.QUERY_KEY_VALUE_BIAS,
        "tensors: there are %s".formatted(bias ? "biases" : "no biases"));
    return bias;
  }

  private int quantizationBits() {
    String key = "quantization_bit";
    if (!json.has(key)) {
      return 0;
    }
    int bits = json.integer(key, 0, 32);
    if (bits != 0 && bits != 4 && bits != 8) {
      throw json.unexpected(key, "0, 4 or 8");
    }
    return bits;
  }

  private void refuseUnsupported() {
    if (json.has("quantization_config")) {
      throw json.unexpected(
          "quantization_config",
          "none: quantized weights are read from GGUF files and from ChatGLM's own checkpoints");
    }
  }

  private void refuseUnsupportedOfRemoteCode() {
    if (json.has("rope_scaling")) {
      throw json.unexpected("rope_scaling", "none: the code of this model does not read it");
    }
    if (json.isTrue("add_bias_linear")) {
      throw json.unexpected(
          "add_bias_linear", "false: only query, key and value have a bias in GLM");
    }
    if (json.isTrue("apply_residual_connection_post_layernorm")) {
      throw json.unexpected(
          "apply_residual_connection_post_layernorm",
          "false: the residual of GLM is taken before the norm");
    }
    if (json.isFalse("rmsnorm")) {
      throw json.unexpected("rmsnorm", "true: GLM has no other norm");
    }
    if (json.isFalse("post_layer_norm")) {
      throw json.unexpected("post_layer_norm", "true: GLM has a final norm");
    }
    if (json.isFalse("original_rope")) {
      throw json.unexpected(
          "original_rope", "true: rotary embedding of GLM turns neighbouring elements");
    }
  }

  private void refuseUnsupportedOfHuggingFace() {
    if (json.has("hidden_act") && !json.text("hidden_act").equals("silu")) {
      throw json.unexpected("hidden_act", "silu, the activation of GLM");
    }
  }

  private int heads() {
    return integer(Hyperparameter.HEADS, "num_attention_heads", ModelConfig.MAX_HEADS);
  }

  private int headSize(String key, int heads) {
    int size =
        integer(
            Hyperparameter.HEAD_SIZE,
            key,
            Math.min(ModelConfig.MAX_HEADS, ModelConfig.MAX_WIDTH / heads));
    if (size % ModelConfig.HEAD_UNIT != 0) {
      throw json.unexpected(key, "a multiple of %d".formatted(ModelConfig.HEAD_UNIT));
    }
    return size;
  }

  private int keyValueHeads(String key, int heads) {
    int keyValueHeads = integer(Hyperparameter.KEY_VALUE_HEADS, key, heads);
    if (heads % keyValueHeads != 0) {
      throw json.unexpected(
          key, "a divisor of the %d heads (num_attention_heads)".formatted(heads));
    }
    return keyValueHeads;
  }

  private float huggingFaceNormEpsilon() {
    String key = "rms_norm_eps";
    if (!json.has(key)) {
      origins.put(Hyperparameter.NORM_EPSILON, absent(key));
      return NORM_EPSILON;
    }
    return normEpsilon(key);
  }

  private float normEpsilon(String key) {
    float epsilon = (float) json.positiveNumber(key);
    if (epsilon == 0 || Float.isInfinite(epsilon)) {
      throw json.unexpected(key, "a number above 0 that a float holds");
    }
    origins.put(Hyperparameter.NORM_EPSILON, key(key));
    return epsilon;
  }

  private static double ropeBase(JsonObject json, String key, double base) {
    if (base <= 1 || Double.isInfinite(base)) {
      throw json.unexpected(key, "a number that makes the rotary base greater than 1 and finite");
    }
    return base;
  }

  /// @param key the setting to blame if the part does not give an even number of elements
  private static int rotatedSize(JsonObject json, String key, int headSize, double part) {
    int rotated = (int) (headSize * part); // rounded down, as in transformers
    if (rotated < 2 || rotated > headSize || rotated % 2 != 0) {
      throw json.unexpected(
          key, "an even number of rotated elements, 2 to %d, not %d".formatted(headSize, rotated));
    }
    return rotated;
  }

  private List<Integer> stopTokens(int vocabulary) {
    String key = "eos_token_id";
    if (!json.has(key)) {
      origins.put(Hyperparameter.STOP_TOKENS, absent(key));
      return List.of();
    }
    origins.put(Hyperparameter.STOP_TOKENS, key(key));
    return json.integers(key, 0, vocabulary - 1);
  }

  private int integer(Hyperparameter parameter, String key, int most) {
    origins.put(parameter, key(key));
    return json.integer(key, 1, most);
  }

  /// A flag that is false where it is absent.
  private boolean flag(Hyperparameter parameter, String key) {
    origins.put(parameter, json.has(key) ? key(key) : absent(key));
    return json.isTrue(key);
  }

  private static String key(String key) {
    return key + " in " + NAME;
  }

  private static String absent(String key) {
    return "default, no " + key + " in " + NAME;
  }
}
