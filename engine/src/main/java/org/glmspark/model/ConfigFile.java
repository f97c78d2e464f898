package org.glmspark.model;

import java.nio.file.Path;
import java.util.List;
import org.glmspark.format.JsonObject;
import org.glmspark.format.MalformedModelException;

/// What `config.json` of a model folder says. A setting that the engine does not compute is
/// refused, never ignored.
///
/// Defaults of absent keys are those of the published configuration classes: `ChatGLMConfig` of the
/// models' own code and `GlmConfig` of transformers.
///
/// @param layout how the checkpoint names tensors and settings
/// @param config the hyper-parameters
public record ConfigFile(Layout layout, ModelConfig config) {
  /// The file's name.
  public static final String NAME = "config.json";

  /// The layouts GLM-4-9B is published in.
  public enum Layout {
    /// Models that bring their own code, `ChatGLMModel`: `model_type` is `chatglm`.
    REMOTE_CODE,
    /// Models that the transformers library knows, `GlmForCausalLM`: `model_type` is `glm`.
    HUGGING_FACE
  }

  private static final double ROPE_BASE = 10_000;
  private static final double ROTATED_PART = 0.5;

  /// ChatGLM2 and ChatGLM3 have the layout of GLM-4 and are told from it by this vocabulary.
  private static final int CHATGLM3_VOCABULARY = 65_024;

  /// Reads the `config.json` of a folder.
  ///
  /// @throws MalformedModelException if there is none, if a key is missing, of another type or out
  ///   of range, or if it asks for what the engine does not compute
  public static ConfigFile read(Path folder) {
    return of(JsonObject.read(folder.resolve(NAME)));
  }

  static ConfigFile of(JsonObject json) {
    return switch (json.text("model_type")) {
      case "chatglm" -> new ConfigFile(Layout.REMOTE_CODE, remoteCode(json));
      case "glm" -> new ConfigFile(Layout.HUGGING_FACE, huggingFace(json));
      default -> throw json.unexpected("model_type", "chatglm or glm, the supported models");
    };
  }

  private static ModelConfig remoteCode(JsonObject json) {
    refuseUnsupported(json);
    refuseUnsupportedOfRemoteCode(json);
    int vocabulary = json.integer("padded_vocab_size", 1, ModelConfig.MAX_VOCABULARY);
    if (vocabulary == CHATGLM3_VOCABULARY) {
      throw json.unexpected(
          "padded_vocab_size",
          "another vocabulary: this is one of ChatGLM2 or ChatGLM3, which this version does not"
              + " support");
    }
    int heads = heads(json);
    int headSize = headSize(json, "kv_channels", heads);
    double ropeRatio = json.has("rope_ratio") ? json.positiveNumber("rope_ratio") : 1;
    return new ModelConfig(
        ModelFamily.GLM4,
        json.integer("hidden_size", 1, ModelConfig.MAX_WIDTH),
        json.integer("num_layers", 1, ModelConfig.MAX_LAYERS),
        heads,
        json.isTrue("multi_query_attention")
            ? keyValueHeads(json, "multi_query_group_num", heads)
            : heads,
        headSize,
        json.integer("ffn_hidden_size", 1, ModelConfig.MAX_WIDTH),
        vocabulary,
        normEpsilon(json, "layernorm_epsilon"),
        ropeBase(json, "rope_ratio", ROPE_BASE * ropeRatio),
        rotatedSize(json, "kv_channels", headSize, ROTATED_PART),
        json.integer("seq_length", 1, ModelConfig.MAX_CONTEXT),
        json.isTrue("add_qkv_bias"),
        stopTokens(json, vocabulary));
  }

  private static ModelConfig huggingFace(JsonObject json) {
    refuseUnsupported(json);
    refuseUnsupportedOfHuggingFace(json);
    int vocabulary = json.integer("vocab_size", 1, ModelConfig.MAX_VOCABULARY);
    int heads = heads(json);
    int headSize = headSize(json, "head_dim", heads);
    return new ModelConfig(
        ModelFamily.GLM4,
        json.integer("hidden_size", 1, ModelConfig.MAX_WIDTH),
        json.integer("num_hidden_layers", 1, ModelConfig.MAX_LAYERS),
        heads,
        keyValueHeads(json, "num_key_value_heads", heads),
        headSize,
        json.integer("intermediate_size", 1, ModelConfig.MAX_WIDTH),
        vocabulary,
        normEpsilon(json, "rms_norm_eps"),
        huggingFaceRopeBase(json),
        huggingFaceRotatedSize(json, headSize),
        json.integer("max_position_embeddings", 1, ModelConfig.MAX_CONTEXT),
        !json.isFalse("attention_bias"),
        stopTokens(json, vocabulary));
  }

  private static double huggingFaceRopeBase(JsonObject json) {
    JsonObject rope = ropeSettings(json, "rope_theta");
    return rope.has("rope_theta")
        ? ropeBase(rope, "rope_theta", rope.positiveNumber("rope_theta"))
        : ROPE_BASE;
  }

  private static int huggingFaceRotatedSize(JsonObject json, int headSize) {
    String key = "partial_rotary_factor";
    JsonObject rope = ropeSettings(json, key);
    return rope.has(key)
        ? rotatedSize(rope, key, headSize, rope.positiveNumber(key))
        : rotatedSize(json, "head_dim", headSize, ROTATED_PART);
  }

  /// The object that holds a setting of rotary embedding: newer files have one of its own for them.
  private static JsonObject ropeSettings(JsonObject json, String key) {
    if (json.has("rope_parameters")) {
      JsonObject rope = json.object("rope_parameters");
      if (rope.has(key)) {
        return rope;
      }
    }
    return json;
  }

  private static void refuseUnsupported(JsonObject json) {
    if (json.isTrue("tie_word_embeddings")) {
      throw json.unexpected(
          "tie_word_embeddings", "false: an output matrix of its own is what GLM-4 has");
    }
    if (json.has("rope_scaling")) {
      throw json.unexpected("rope_scaling", "none: rope scaling is not supported");
    }
    if (json.has("quantization_config")) {
      throw json.unexpected("quantization_config", "none: quantized weights are not supported");
    }
  }

  private static void refuseUnsupportedOfRemoteCode(JsonObject json) {
    if (json.has("quantization_bit") && json.integer("quantization_bit", 0, 32) > 0) {
      throw json.unexpected("quantization_bit", "0: quantized weights are not supported");
    }
    if (json.isTrue("add_bias_linear")) {
      throw json.unexpected(
          "add_bias_linear", "false: only query, key and value have a bias in GLM-4");
    }
    if (json.isTrue("apply_residual_connection_post_layernorm")) {
      throw json.unexpected(
          "apply_residual_connection_post_layernorm",
          "false: the residual of GLM-4 is taken before the norm");
    }
    if (json.isFalse("rmsnorm")) {
      throw json.unexpected("rmsnorm", "true: GLM-4 has no other norm");
    }
    if (json.isFalse("post_layer_norm")) {
      throw json.unexpected("post_layer_norm", "true: GLM-4 has a final norm");
    }
    if (json.isFalse("original_rope")) {
      throw json.unexpected(
          "original_rope", "true: rotary embedding of GLM-4 turns neighbouring elements");
    }
  }

  private static void refuseUnsupportedOfHuggingFace(JsonObject json) {
    if (json.has("hidden_act") && !json.text("hidden_act").equals("silu")) {
      throw json.unexpected("hidden_act", "silu, the activation of GLM-4");
    }
    JsonObject rope = ropeSettings(json, "rope_type");
    if (rope.has("rope_type") && !rope.text("rope_type").equals("default")) {
      throw rope.unexpected("rope_type", "default: rope scaling is not supported");
    }
  }

  private static int heads(JsonObject json) {
    return json.integer("num_attention_heads", 1, ModelConfig.MAX_HEADS);
  }

  private static int headSize(JsonObject json, String key, int heads) {
    int size = json.integer(key, 1, Math.min(ModelConfig.MAX_HEADS, ModelConfig.MAX_WIDTH / heads));
    if (size % ModelConfig.HEAD_UNIT != 0) {
      throw json.unexpected(key, "a multiple of %d".formatted(ModelConfig.HEAD_UNIT));
    }
    return size;
  }

  private static int keyValueHeads(JsonObject json, String key, int heads) {
    int keyValueHeads = json.integer(key, 1, heads);
    if (heads % keyValueHeads != 0) {
      throw json.unexpected(
          key, "a divisor of the %d heads (num_attention_heads)".formatted(heads));
    }
    return keyValueHeads;
  }

  private static float normEpsilon(JsonObject json, String key) {
    float epsilon = (float) json.positiveNumber(key);
    if (epsilon == 0 || Float.isInfinite(epsilon)) {
      throw json.unexpected(key, "a number above 0 that a float holds");
    }
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

  private static List<Integer> stopTokens(JsonObject json, int vocabulary) {
    return json.has("eos_token_id") ? json.integers("eos_token_id", 0, vocabulary - 1) : List.of();
  }
}
