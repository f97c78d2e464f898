package org.glmspark.model;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.glmspark.format.GgufFile;
import org.glmspark.format.GgufMetadata;
import org.glmspark.format.MalformedModelException;
import org.glmspark.model.PublishedConfig.Layout;
import org.glmspark.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Reads the hyper-parameters of a GGUF file of the architectures `chatglm` and `glm4`.
///
/// The block type follows from the tensors, not from the architecture: there are files of sandwich
/// norms that call themselves `chatglm`. So do bias and a missing output matrix.
final class GgufConfig {
  private static final String ARCHITECTURE = "general.architecture";

  private final GgufMetadata metadata;
  private final Map<String, Tensor> tensors;
  private final String architecture;
  private final Map<Hyperparameter, String> origins = new EnumMap<>(Hyperparameter.class);

  private GgufConfig(GgufFile file) {
    metadata = file.metadata();
    tensors = file.tensors();
    architecture = metadata.text(ARCHITECTURE);
    if (!architecture.equals("chatglm") && !architecture.equals("glm4")) {
      throw metadata.unexpected(ARCHITECTURE, "chatglm or glm4, the supported models");
    }
  }

  /// @throws MalformedModelException if a key is missing, of another type or out of range, or if it
  ///   asks for what the engine does not compute
  static PublishedConfig of(GgufFile file) {
    return new GgufConfig(file).read();
  }

  private PublishedConfig read() {
    int hidden = integer(Hyperparameter.HIDDEN_SIZE, "embedding_length", ModelConfig.MAX_WIDTH);
    int heads = integer(Hyperparameter.HEADS, "attention.head_count", ModelConfig.MAX_HEADS);
    int headSize = headSize(hidden, heads);
    int vocabulary = vocabulary();
    int trained = integer(Hyperparameter.CONTEXT, "context_length", ModelConfig.MAX_CONTEXT);
    RotarySettings rope = new RotarySettings(ropeBase(), rotatedSize(headSize), yarn(trained));
    ModelConfig config =
        new ModelConfig(
            blockType(),
            hidden,
            integer(Hyperparameter.LAYERS, "block_count", ModelConfig.MAX_LAYERS),
            heads,
            keyValueHeads(heads),
            headSize,
            integer(Hyperparameter.FEED_FORWARD_SIZE, "feed_forward_length", ModelConfig.MAX_WIDTH),
            vocabulary,
            normEpsilon(),
            rope,
            context(trained, rope.yarn()),
            bias(),
            tiedEmbeddings(),
            stopTokens(vocabulary));
    String name = "general.name";
    return new PublishedConfig(
        Layout.GGUF, config, origins, 0, metadata.has(name) ? metadata.text(name) : null);
  }

  private String key(String name) {
    return architecture + "." + name;
  }

  private int integer(Hyperparameter parameter, String name, int most) {
    origins.put(parameter, key(name));
    return metadata.integer(key(name), 1, most);
  }

  private int headSize(int hidden, int heads) {
    String name = "attention.key_length";
    int size;
    if (metadata.has(key(name))) {
      size =
          integer(
              Hyperparameter.HEAD_SIZE,
              name,
              Math.min(ModelConfig.MAX_HEADS, ModelConfig.MAX_WIDTH / heads));
      String value = key("attention.value_length");
      if (metadata.has(value) && metadata.integer(value, 1, ModelConfig.MAX_HEADS) != size) {
        throw metadata.unexpected(value, "%d, the length of a key".formatted(size));
      }
    } else {
      name = "embedding_length";
      size = hidden / heads;
      origins.put(Hyperparameter.HEAD_SIZE, key(name) + " / " + key("attention.head_count"));
    }
    if (size == 0 || size % ModelConfig.HEAD_UNIT != 0 || size > ModelConfig.MAX_HEADS) {
      throw metadata.unexpected(
          key(name),
          "a head of a multiple of %d elements, not %d".formatted(ModelConfig.HEAD_UNIT, size));
    }
    return size;
  }

  private int keyValueHeads(int heads) {
    String name = "attention.head_count_kv";
    int keyValueHeads = integer(Hyperparameter.KEY_VALUE_HEADS, name, heads);
    if (heads % keyValueHeads != 0) {
      throw metadata.unexpected(key(name), "a divisor of the %d heads".formatted(heads));
    }
    return keyValueHeads;
  }

  /// The rows of the embedding: files that name a size besides do not agree on what it counts.
  private int vocabulary() {
    String name = TensorNames.of(Layout.GGUF).embedding();
    Tensor embedding = tensors.get(name);
    if (embedding == null || embedding.shape().size() != 2) {
      throw metadata.unexpected(ARCHITECTURE, "a matrix '%s' beside it".formatted(name));
    }
    origins.put(Hyperparameter.VOCABULARY_SIZE, "rows of tensor " + name);
    long rows = embedding.shape().getFirst();
    if (rows < 1 || rows > ModelConfig.MAX_VOCABULARY) {
      throw new MalformedModelException(
          embedding.file(),
          "tensor '" + name + "'",
          "has %d rows, expected 1 to %d".formatted(rows, ModelConfig.MAX_VOCABULARY));
    }
    return (int) rows;
  }

  private float normEpsilon() {
    String name = "attention.layer_norm_rms_epsilon";
    float epsilon = (float) metadata.positiveNumber(key(name));
    if (epsilon == 0 || Float.isInfinite(epsilon)) {
      throw metadata.unexpected(key(name), "a number above 0 that a float holds");
    }
    origins.put(Hyperparameter.NORM_EPSILON, key(name));
    return epsilon;
  }

  private double ropeBase() {
    String key = key("rope.freq_base");
    if (!metadata.has(key)) {
      origins.put(Hyperparameter.ROPE_BASE, "default, no " + key);
      return RotarySettings.PLAIN_BASE;
    }
    origins.put(Hyperparameter.ROPE_BASE, key);
    double base = metadata.positiveNumber(key);
    if (base <= 1) {
      throw metadata.unexpected(key, "a number above 1");
    }
    return base;
  }

  private int rotatedSize(int headSize) {
    String key = key("rope.dimension_count");
    if (!metadata.has(key)) {
      origins.put(Hyperparameter.ROTATED_SIZE, "half of the head: no " + key);
      return headSize / 2;
    }
    origins.put(Hyperparameter.ROTATED_SIZE, key);
    int rotated = metadata.integer(key, 2, headSize);
    if (rotated % 2 != 0) {
      throw metadata.unexpected(key, "an even number");
    }
    return rotated;
  }

  private @Nullable YarnScaling yarn(int trained) {
    String type = key("rope.scaling.type");
    if (!metadata.has(type)) {
      refuseLinearScaling();
      origins.put(Hyperparameter.YARN, "default, no " + type);
      return null;
    }
    origins.put(Hyperparameter.YARN, type);
    return switch (metadata.text(type)) {
      case "none" -> null;
      case "yarn" -> yarn(trained, key("rope.scaling.factor"));
      default ->
          throw metadata.unexpected(type, "yarn or none: no other rope scaling is supported");
    };
  }

  /// A factor without a type means linear scaling.
  private void refuseLinearScaling() {
    for (String name : List.of("rope.scaling.factor", "rope.scale_linear")) {
      if (number(name, 1) != 1) {
        throw metadata.unexpected(
            key(name),
            "1 without a %s: linear scaling is not supported".formatted(key("rope.scaling.type")));
      }
    }
  }

  private YarnScaling yarn(int trained, String factorKey) {
    double factor = metadata.positiveNumber(factorKey);
    if (factor < 1) {
      throw metadata.unexpected(factorKey, "a number from 1");
    }
    String original = key("rope.scaling.original_context_length");
    double betaFast = number("rope.scaling.yarn_beta_fast", YarnScaling.BETA_FAST);
    double betaSlow = number("rope.scaling.yarn_beta_slow", YarnScaling.BETA_SLOW);
    if (betaFast < betaSlow) {
      throw metadata.unexpected(
          key("rope.scaling.yarn_beta_fast"), "at least %s, beta_slow".formatted(betaSlow));
    }
    return new YarnScaling(
        factor,
        metadata.has(original) ? metadata.integer(original, 1, ModelConfig.MAX_CONTEXT) : trained,
        betaFast,
        betaSlow,
        number("rope.scaling.attn_factor", 1) * YarnScaling.attentionFactor(factor));
  }

  private double number(String name, double absent) {
    return metadata.has(key(name)) ? metadata.positiveNumber(key(name)) : absent;
  }

  private int context(int trained, @Nullable YarnScaling yarn) {
    if (yarn == null || yarn.stretchedTokens() <= trained) {
      return trained;
    }
    origins.put(Hyperparameter.CONTEXT, key("rope.scaling.factor") + " × the original context");
    return (int) Math.min(ModelConfig.MAX_CONTEXT, yarn.stretchedTokens());
  }

  private BlockType blockType() {
    String postNorm = TensorNames.of(Layout.GGUF).firstPostNorm();
    boolean sandwich = tensors.containsKey(postNorm);
    origins.put(
        Hyperparameter.BLOCK_TYPE,
        "tensors: there is %s%s".formatted(sandwich ? "" : "no ", postNorm));
    return sandwich ? BlockType.SANDWICH_NORM : BlockType.PRE_NORM;
  }

  private boolean bias() {
    boolean bias =
        TensorNames.of(Layout.GGUF).firstBiases().stream().anyMatch(tensors::containsKey);
    origins.put(
        Hyperparameter.QUERY_KEY_VALUE_BIAS,
        "tensors: there are %s".formatted(bias ? "biases" : "no biases"));
    return bias;
  }

  private boolean tiedEmbeddings() {
    String output = TensorNames.of(Layout.GGUF).output();
    boolean tied = !tensors.containsKey(output);
    origins.put(
        Hyperparameter.TIED_EMBEDDINGS,
        "tensors: there is %s%s".formatted(tied ? "no " : "", output));
    return tied;
  }

  private List<Integer> stopTokens(int vocabulary) {
    var tokens = new TreeSet<Integer>();
    var keys = new TreeSet<String>();
    for (String name : List.of("eos_token_id", "eot_token_id")) {
      String key = "tokenizer.ggml." + name;
      if (metadata.has(key)) {
        tokens.add(metadata.integer(key, 0, vocabulary - 1));
        keys.add(key);
      }
    }
    origins.put(
        Hyperparameter.STOP_TOKENS,
        keys.isEmpty() ? "default, no tokenizer.ggml.eos_token_id" : String.join(", ", keys));
    return List.copyOf(tokens);
  }
}
