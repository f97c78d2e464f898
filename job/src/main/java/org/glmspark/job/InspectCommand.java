package org.glmspark.job;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.glmspark.cache.KvCacheType;
import org.glmspark.cache.PagedKvCache;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.ModelDescription;
import org.glmspark.model.ModelLoader;
import org.glmspark.prompt.ChatMessage;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.tokenizer.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `glm inspect`: what a model folder holds, without reading the weights.
@Command(
    name = "inspect",
    description = "Checks a model folder and shows what it holds, without reading the weights.",
    footer = {"", "Example:", "  glm inspect sample-data/model"})
final class InspectCommand implements Callable<Integer> {
  @SuppressWarnings("NullAway.Init") // picocli's work
  @Spec
  private CommandSpec spec;

  @Parameters(paramLabel = "MODEL", description = "the model's folder, with config.json")
  private Path model = Path.of("");

  @Override
  public Integer call() {
    var out = spec.commandLine().getOut();
    lines(facts(ModelLoader.describe(model))).forEach(out::println);
    out.flush();
    return 0;
  }

  /// One line for each fact, all values in one column.
  private static List<String> lines(Map<String, String> facts) {
    int width = facts.keySet().stream().mapToInt(String::length).max().orElse(0);
    return facts.entrySet().stream()
        .map(fact -> DisplayText.pad(fact.getKey(), width) + "  " + fact.getValue())
        .toList();
  }

  private static Map<String, String> facts(ModelDescription description) {
    ModelConfig config = description.config();
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("family", config.family().name());
    facts.put("parameters", number(config.parameters()));
    facts.put("weights", weights(description));
    facts.put("layers", number(config.layers()));
    facts.put("hidden size", number(config.hiddenSize()));
    facts.put("feed-forward size", number(config.feedForwardSize()));
    facts.put("heads", number(config.heads()));
    facts.put("key-value heads", number(config.keyValueHeads()));
    facts.put("head size", number(config.headSize()));
    facts.put("rotated of a head", number(config.rotatedSize()));
    facts.put("rope base", String.format(Locale.ROOT, "%,.0f", config.ropeBase()));
    facts.put("query-key-value bias", config.queryKeyValueBias() ? "yes" : "no");
    facts.put("norm epsilon", Float.toString(config.normEpsilon()));
    facts.put("vocabulary rows", number(config.vocabularySize()));
    facts.put("context", number(config.contextTokens()) + " tokens");
    facts.put("cache for a token", cache(config));
    Tokenizer tokenizer = description.tokenizer();
    ChatTemplate template = description.chatTemplate();
    if (tokenizer == null || template == null) {
      facts.put("tokenizer", "none (there is no tokenizer.model)");
      facts.put("stop tokens", config.stopTokens().toString());
    } else {
      facts.putAll(textFacts(config, tokenizer, template));
    }
    return facts;
  }

  private static Map<String, String> textFacts(
      ModelConfig config, Tokenizer tokenizer, ChatTemplate template) {
    Map<Integer, String> special =
        tokenizer.vocabulary().specialTokens().entrySet().stream()
            .collect(Collectors.toMap(Map.Entry::getValue, Map.Entry::getKey));
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put(
        "tokenizer",
        "%s tokens with bytes, %d special"
            .formatted(number(tokenizer.vocabulary().tokensWithBytes()), special.size()));
    facts.put(
        "special tokens", named(special.keySet().stream().mapToInt(Integer::intValue), special));
    facts.put(
        "stop tokens",
        named(
            IntStream.concat(
                config.stopTokens().stream().mapToInt(Integer::intValue),
                IntStream.of(template.stopTokens())),
            special));
    facts.put(
        "chat format",
        IntStream.of(template.encode(List.of(ChatMessage.user("{message}"))))
            .mapToObj(id -> special.getOrDefault(id, tokenizer.decode(id)))
            .collect(Collectors.joining())
            .replace("\n", "\\n"));
    return facts;
  }

  private static String named(IntStream ids, Map<Integer, String> special) {
    return ids.distinct()
        .sorted()
        .mapToObj(id -> id + " " + special.getOrDefault(id, "(no special token)"))
        .collect(Collectors.joining(", "));
  }

  private static String weights(ModelDescription description) {
    return description.weightBytes().entrySet().stream()
        .map(type -> number(type.getValue()) + " bytes of " + type.getKey())
        .collect(Collectors.joining(", "));
  }

  private static String cache(ModelConfig config) {
    return Stream.of(KvCacheType.values())
        .map(type ->
            "%s bytes as %s"
                .formatted(
                    number(
                        PagedKvCache.blockBytes(
                                type, config.layers(), config.keyValueHeads(), config.headSize())
                            / PagedKvCache.BLOCK_TOKENS),
                    type.name().toLowerCase(Locale.ROOT)))
        .collect(Collectors.joining(", "));
  }

  private static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }
}
