package org.glmspark.job;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.glmspark.cache.KvCacheType;
import org.glmspark.cache.PagedKvCache;
import org.glmspark.kernel.KernelChoice;
import org.glmspark.kernel.MatMul;
import org.glmspark.model.Hyperparameter;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.ModelDescription;
import org.glmspark.model.ModelFamily;
import org.glmspark.model.PackDescription;
import org.glmspark.model.YarnScaling;
import org.glmspark.prompt.ChatFormat;
import org.glmspark.prompt.ChatMessage;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/// What `glm inspect` says of a model: for people, a fact a line with where it was read; for
/// programs, one JSON object.
final class ModelReport {
  private static final String NONE = "none";

  private ModelReport() {}

  /// One fact for people.
  ///
  /// @param origin where it was read or why it is so; may be empty
  private record Fact(String name, String value, String origin) {}

  static List<String> lines(ModelDescription description) {
    List<Fact> facts = facts(description);
    int names = facts.stream().mapToInt(fact -> fact.name().length()).max().orElse(0);
    int values =
        facts.stream()
            .filter(fact -> !fact.origin().isEmpty())
            .mapToInt(fact -> DisplayText.width(fact.value()))
            .max()
            .orElse(0);
    var lines = new ArrayList<String>();
    for (Fact fact : facts) {
      String name = DisplayText.pad(fact.name(), names);
      lines.add(
          fact.origin().isEmpty()
              ? name + "  " + fact.value()
              : name + "  " + DisplayText.pad(fact.value(), values) + "  " + fact.origin());
    }
    description.warnings().forEach(warning -> lines.add("warning: " + warning));
    return lines;
  }

  private static List<Fact> facts(ModelDescription description) {
    ModelConfig config = description.config();
    var facts = new ArrayList<Fact>();
    @Nullable ModelFamily family = description.family().family();
    facts.add(
        new Fact(
            "family", family == null ? "unknown" : family.label(), description.family().reason()));
    facts.add(new Fact("parameters", number(config.parameters()), ""));
    facts.add(new Fact("weights", weights(description), ""));
    @Nullable PackDescription pack = description.pack();
    if (pack != null) {
      facts.add(new Fact("pack digest", pack.digest(), "packed by " + pack.packer()));
      facts.add(new Fact("source digest", pack.sourceDigest(), "of the files it was made of"));
    }
    for (Hyperparameter parameter : Hyperparameter.values()) {
      facts.add(
          new Fact(
              parameter.key().replace('_', ' '),
              text(parameter, config),
              description.origins().getOrDefault(parameter, "")));
    }
    facts.add(new Fact("cache for a token", cache(config), ""));
    facts.add(
        new Fact(
            "kernels", MatMul.of(KernelChoice.AUTO).description(), "for quantised weights, here"));
    @Nullable Tokenizer tokenizer = description.tokenizer();
    facts.add(
        new Fact(
            "tokenizer",
            tokenizer == null
                ? NONE
                : "%s tokens, %d of them special"
                    .formatted(
                        number(tokenizer.vocabulary().size()),
                        tokenizer.vocabulary().specialTokens().size()),
            description.tokenizerOrigin()));
    if (tokenizer != null) {
      facts.add(new Fact("special tokens", specialTokens(tokenizer), ""));
    }
    facts.add(new Fact("stops at", stopTokens(description), ""));
    @Nullable ChatTemplate template = description.chatTemplate();
    facts.add(
        new Fact(
            "chat format",
            template == null ? NONE : template.format().optionName(),
            description.chatFormatReason()));
    if (tokenizer != null && template != null) {
      facts.add(new Fact("a prompt", prompt(tokenizer, template), ""));
    }
    description
        .generationDefaults()
        .forEach((key, value) ->
            facts.add(new Fact("its default " + key, value, "generation_config.json, not used")));
    return facts;
  }

  private static String text(Hyperparameter parameter, ModelConfig config) {
    return switch (parameter) {
      case BLOCK_TYPE -> blockType(config);
      case LAYERS -> number(config.layers());
      case HIDDEN_SIZE -> number(config.hiddenSize());
      case FEED_FORWARD_SIZE -> number(config.feedForwardSize());
      case HEADS -> number(config.heads());
      case KEY_VALUE_HEADS -> number(config.keyValueHeads());
      case HEAD_SIZE -> number(config.headSize());
      case ROTATED_SIZE -> number(config.rope().rotatedSize());
      case ROPE_BASE -> String.format(Locale.ROOT, "%,.0f", config.rope().base());
      case YARN -> yarn(config.rope().yarn());
      case QUERY_KEY_VALUE_BIAS -> yesOrNo(config.queryKeyValueBias());
      case NORM_EPSILON -> Float.toString(config.normEpsilon());
      case VOCABULARY_SIZE -> number(config.vocabularySize());
      case TIED_EMBEDDINGS -> yesOrNo(config.tiedEmbeddings());
      case CONTEXT -> number(config.contextTokens()) + " tokens";
      case STOP_TOKENS ->
          config.stopTokens().isEmpty()
              ? NONE
              : config.stopTokens().stream().map(String::valueOf).collect(Collectors.joining(", "));
    };
  }

  private static String blockType(ModelConfig config) {
    return switch (config.blockType()) {
      case PRE_NORM -> "two norms";
      case SANDWICH_NORM -> "four norms (sandwich)";
    };
  }

  private static String yarn(@Nullable YarnScaling yarn) {
    return yarn == null
        ? NONE
        : "factor %s from %s tokens".formatted(yarn.factor(), number(yarn.originalTokens()));
  }

  private static String yesOrNo(boolean value) {
    return value ? "yes" : "no";
  }

  private static String weights(ModelDescription description) {
    return description.weightBytes().entrySet().stream()
        .map(type -> number(type.getValue()) + " bytes of " + type.getKey())
        .collect(Collectors.joining(", "));
  }

  private static String cache(ModelConfig config) {
    return Arrays.stream(KvCacheType.values())
        .map(type -> "%s bytes as %s".formatted(number(cacheBytes(config, type)), lowerCase(type)))
        .collect(Collectors.joining(", "));
  }

  /// Keys and values of one token.
  private static long cacheBytes(ModelConfig config, KvCacheType type) {
    return PagedKvCache.blockBytes(type, config.layers(), config.keyValueHeads(), config.headSize())
        / PagedKvCache.BLOCK_TOKENS;
  }

  private static String specialTokens(Tokenizer tokenizer) {
    return tokenizer.vocabulary().specialTokens().entrySet().stream()
        .map(token -> token.getValue() + " " + token.getKey())
        .collect(Collectors.joining(", "));
  }

  private static String stopTokens(ModelDescription description) {
    @Nullable Tokenizer tokenizer = description.tokenizer();
    return allStopTokens(description)
        .mapToObj(id -> tokenizer == null ? String.valueOf(id) : id + " " + name(tokenizer, id))
        .collect(Collectors.joining(", "));
  }

  /// Those of the model's files and those that its chat format knows.
  private static IntStream allStopTokens(ModelDescription description) {
    @Nullable ChatTemplate template = description.chatTemplate();
    return IntStream.concat(
            description.config().stopTokens().stream().mapToInt(Integer::intValue),
            template == null ? IntStream.empty() : IntStream.of(template.stopTokens()))
        .distinct()
        .sorted();
  }

  private static String prompt(Tokenizer tokenizer, ChatTemplate template) {
    return IntStream.of(template.encode(List.of(ChatMessage.user("{message}"))))
        .mapToObj(id -> name(tokenizer, id))
        .collect(Collectors.joining(" "));
  }

  private static String name(Tokenizer tokenizer, int id) {
    return TokenPiece.text(tokenizer.vocabulary(), id);
  }

  static ObjectNode json(ModelDescription description) {
    ModelConfig config = description.config();
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    @Nullable ModelFamily family = description.family().family();
    json.put("path", description.path().toString());
    json.put("family", family == null ? null : family.label());
    json.put("family_reason", description.family().reason());
    json.put("parameters", config.parameters());
    ObjectNode hyperparameters = json.putObject("hyperparameters");
    for (Hyperparameter parameter : Hyperparameter.values()) {
      ObjectNode entry = hyperparameters.putObject(parameter.key());
      put(entry, parameter, config);
      entry.put("origin", description.origins().getOrDefault(parameter, ""));
    }
    @Nullable PackDescription pack = description.pack();
    if (pack != null) {
      json.putObject("pack")
          .put("digest", pack.digest())
          .put("source_digest", pack.sourceDigest())
          .put("packer", pack.packer());
    }
    ObjectNode weights = json.putObject("weight_bytes");
    description.weightBytes().forEach((type, bytes) -> weights.put(type, bytes));
    ObjectNode cache = json.putObject("cache_bytes_per_token");
    for (KvCacheType type : KvCacheType.values()) {
      cache.put(lowerCase(type), cacheBytes(config, type));
    }
    putText(json, description);
    ObjectNode defaults = json.putObject("generation_defaults");
    description.generationDefaults().forEach(defaults::put);
    var warnings = json.putArray("warnings");
    description.warnings().forEach(warnings::add);
    return json;
  }

  private static void putText(ObjectNode json, ModelDescription description) {
    ObjectNode tokenizerJson = json.putObject("tokenizer");
    @Nullable Tokenizer tokenizer = description.tokenizer();
    tokenizerJson.put("origin", description.tokenizerOrigin());
    if (tokenizer != null) {
      tokenizerJson.put("tokens", tokenizer.vocabulary().size());
      ObjectNode special = tokenizerJson.putObject("special_tokens");
      tokenizer.vocabulary().specialTokens().forEach(special::put);
    }
    var stops = json.putArray("stops_at");
    allStopTokens(description).forEach(stops::add);
    @Nullable ChatFormat format = description.chatFormat();
    json.put("chat_format", format == null ? null : format.optionName());
    json.put("chat_format_reason", description.chatFormatReason());
  }

  private static void put(ObjectNode entry, Hyperparameter parameter, ModelConfig config) {
    String key = "value";
    switch (parameter) {
      case BLOCK_TYPE -> entry.put(key, lowerCase(config.blockType()));
      case LAYERS -> entry.put(key, config.layers());
      case HIDDEN_SIZE -> entry.put(key, config.hiddenSize());
      case FEED_FORWARD_SIZE -> entry.put(key, config.feedForwardSize());
      case HEADS -> entry.put(key, config.heads());
      case KEY_VALUE_HEADS -> entry.put(key, config.keyValueHeads());
      case HEAD_SIZE -> entry.put(key, config.headSize());
      case ROTATED_SIZE -> entry.put(key, config.rope().rotatedSize());
      case ROPE_BASE -> entry.put(key, config.rope().base());
      case YARN -> putYarn(entry, config.rope().yarn());
      case QUERY_KEY_VALUE_BIAS -> entry.put(key, config.queryKeyValueBias());
      case NORM_EPSILON -> entry.put(key, config.normEpsilon());
      case VOCABULARY_SIZE -> entry.put(key, config.vocabularySize());
      case TIED_EMBEDDINGS -> entry.put(key, config.tiedEmbeddings());
      case CONTEXT -> entry.put(key, config.contextTokens());
      case STOP_TOKENS -> {
        var tokens = entry.putArray(key);
        config.stopTokens().forEach(tokens::add);
      }
    }
  }

  private static void putYarn(ObjectNode entry, @Nullable YarnScaling yarn) {
    if (yarn == null) {
      entry.putNull("value");
      return;
    }
    entry
        .putObject("value")
        .put("factor", yarn.factor())
        .put("original_tokens", yarn.originalTokens())
        .put("beta_fast", yarn.betaFast())
        .put("beta_slow", yarn.betaSlow())
        .put("attention_factor", yarn.attentionFactor());
  }

  private static String lowerCase(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }
}
