package org.glmspark.model;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.glmspark.format.JsonObject;
import org.glmspark.format.MalformedModelException;
import org.glmspark.model.PublishedConfig.Layout;

/// What the published files said about a model, as a pack keeps it: one JSON object, so that a pack
/// is told its family, and warned about and overridden, as the files that it was made of.
///
/// Numbers are written so that they are read to the last bit.
///
/// @param published the matrices have no scales for rows any more: `quantizationBits` is 0
/// @param generationDefaults as in [ModelDescription]
record PackedConfig(PublishedConfig published, Map<String, String> generationDefaults) {
  /// What the part of a pack is called.
  static final String PART = "model.json";

  private static final String NAME = "name";
  private static final String LAYOUT = "layout";
  private static final String BLOCK_TYPE = "block_type";
  private static final String BIAS = "query_key_value_bias";
  private static final String TIED = "tied_embeddings";
  private static final String ROPE = "rope";
  private static final String YARN = "yarn";
  private static final String ORIGINS = "origins";
  private static final String GENERATION_DEFAULTS = "generation_defaults";

  byte[] encode() {
    ModelConfig config = published.config();
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put(NAME, published.name());
    json.put(LAYOUT, key(published.layout()));
    json.put(BLOCK_TYPE, key(config.blockType()));
    json.put("hidden_size", config.hiddenSize());
    json.put("layers", config.layers());
    json.put("heads", config.heads());
    json.put("key_value_heads", config.keyValueHeads());
    json.put("head_size", config.headSize());
    json.put("feed_forward_size", config.feedForwardSize());
    json.put("vocabulary_size", config.vocabularySize());
    json.put("norm_epsilon", (double) config.normEpsilon());
    ObjectNode rope = json.putObject(ROPE);
    rope.put("base", config.rope().base());
    rope.put("rotated_size", config.rope().rotatedSize());
    YarnScaling yarn = config.rope().yarn();
    if (yarn != null) {
      rope.putObject(YARN)
          .put("factor", yarn.factor())
          .put("original_tokens", yarn.originalTokens())
          .put("beta_fast", yarn.betaFast())
          .put("beta_slow", yarn.betaSlow())
          .put("attention_factor", yarn.attentionFactor());
    }
    json.put("context_tokens", config.contextTokens());
    json.put(BIAS, config.queryKeyValueBias());
    json.put(TIED, config.tiedEmbeddings());
    var stops = json.putArray("stop_tokens");
    config.stopTokens().forEach(stops::add);
    ObjectNode origins = json.putObject(ORIGINS);
    published.origins().forEach((parameter, origin) -> origins.put(parameter.key(), origin));
    ObjectNode defaults = json.putObject(GENERATION_DEFAULTS);
    generationDefaults.forEach(defaults::put);
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  /// @param file the pack's name, for messages
  /// @throws MalformedModelException if a key is missing, of another type or out of range
  static PackedConfig parse(String file, byte[] bytes) {
    JsonObject json = JsonObject.parse(file, bytes);
    try {
      return new PackedConfig(
          new PublishedConfig(
              constant(json, LAYOUT, Layout.values()),
              config(json),
              origins(json),
              0,
              json.has(NAME) ? json.text(NAME) : null),
          json.texts(GENERATION_DEFAULTS));
    } catch (IllegalArgumentException e) { // a size that the records refuse
      throw new MalformedModelException(file, PART, String.valueOf(e.getMessage()), e);
    }
  }

  private static ModelConfig config(JsonObject json) {
    JsonObject rope = json.object(ROPE);
    return new ModelConfig(
        constant(json, BLOCK_TYPE, BlockType.values()),
        size(json, "hidden_size"),
        size(json, "layers"),
        size(json, "heads"),
        size(json, "key_value_heads"),
        size(json, "head_size"),
        size(json, "feed_forward_size"),
        size(json, "vocabulary_size"),
        (float) json.positiveNumber("norm_epsilon"),
        new RotarySettings(
            rope.positiveNumber("base"),
            size(rope, "rotated_size"),
            rope.has(YARN) ? yarn(rope.object(YARN)) : null),
        size(json, "context_tokens"),
        json.isTrue(BIAS),
        json.isTrue(TIED),
        json.integers("stop_tokens", 0, Integer.MAX_VALUE));
  }

  private static YarnScaling yarn(JsonObject json) {
    return new YarnScaling(
        json.positiveNumber("factor"),
        size(json, "original_tokens"),
        json.positiveNumber("beta_fast"),
        json.positiveNumber("beta_slow"),
        json.positiveNumber("attention_factor"));
  }

  private static int size(JsonObject json, String key) {
    return json.integer(key, 1, Integer.MAX_VALUE);
  }

  private static Map<Hyperparameter, String> origins(JsonObject json) {
    JsonObject texts = json.object(ORIGINS);
    var origins = new EnumMap<Hyperparameter, String>(Hyperparameter.class);
    for (Hyperparameter parameter : Hyperparameter.values()) {
      origins.put(parameter, texts.text(parameter.key()));
    }
    return origins;
  }

  private static <E extends Enum<E>> E constant(JsonObject json, String key, E[] constants) {
    String found = json.text(key);
    return Arrays.stream(constants)
        .filter(constant -> key(constant).equals(found))
        .findAny()
        .orElseThrow(() ->
            json.unexpected(
                key,
                "one of "
                    + Arrays.stream(constants)
                        .map(PackedConfig::key)
                        .collect(Collectors.joining(", "))));
  }

  private static String key(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
