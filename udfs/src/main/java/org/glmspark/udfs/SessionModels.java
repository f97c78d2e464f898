package org.glmspark.udfs;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;
import org.glmspark.cache.KvCacheStorage;
import org.glmspark.cache.KvCacheType;
import org.glmspark.generation.EngineOptions;
import org.glmspark.generation.PrefixCache;
import org.glmspark.generation.PromptLookup;
import org.glmspark.kernel.KernelChoice;
import org.glmspark.model.ModelOverrides;
import org.glmspark.pack.PackOptions;
import org.glmspark.prompt.ChatFormat;
import org.glmspark.tensor.WeightType;
import org.glmspark.udfs.distribution.ModelLocation;
import org.jspecify.annotations.Nullable;

/// The models that a session's settings name; nobody has looked at them yet.
///
/// | setting | |
/// |---|---|
/// | `spark.glm.models.<name>.path` | a pack, a model's folder or a GGUF file: a path that is the same on every node, a URI, or `files:NAME` |
/// | `spark.glm.models.<name>.<option>` | what holds for this model |
/// | `spark.glm.<option>` | what holds for models that say nothing themselves |
/// | `spark.glm.model` | the default: one of the names, or a path; if absent, the only model there is |
/// | `spark.glm.unknown-endpoint` | `fail`, or `default` to let the default model answer for names that nobody configured |
///
/// `spark.glm.fail-on-error` and `spark.glm.result-cache-bytes` are about no model; other names
/// under `spark.glm.` are refused.
///
/// Options of the model are `weights`, `output-weights`, `pack-cache`, `rope-base`, `norm-epsilon`,
/// `context` and `chat-format`; of the engine `threads` (0 for one to each core of the executor),
/// `max-batch`, `step-tokens`, `kv-cache-type`, `kv-cache-bytes` (0 for a share of the executor's
/// memory), `kernels`, `prefix-cache`, `prompt-lookup`, `kv-cache-storage` and `kv-cache-folder`;
/// `part-tokens` is how long a part of a long document may be, 0 for as long as fits.
public final class SessionModels {
  private static final String PREFIX = "spark.glm.";
  private static final String MODELS = PREFIX + "models.";
  private static final String DEFAULT = PREFIX + "model";
  private static final String UNKNOWN_ENDPOINT = PREFIX + "unknown-endpoint";
  private static final String PATH = "path";
  private static final List<String> OPTIONS =
      List.of(
          "weights",
          "output-weights",
          "pack-cache",
          "rope-base",
          "norm-epsilon",
          "context",
          "chat-format",
          "threads",
          "max-batch",
          "step-tokens",
          "kv-cache-type",
          "kv-cache-bytes",
          "kernels",
          "prefix-cache",
          "prompt-lookup",
          "kv-cache-storage",
          "kv-cache-folder",
          "part-tokens");
  private static final List<String> SETTINGS_OF_ONE = with(OPTIONS, PATH);
  private static final List<String> SETTINGS_OF_ALL =
      with(OPTIONS, "model", "unknown-endpoint", "fail-on-error", "result-cache-bytes");

  private final Map<String, String> settings;
  private final TreeSet<String> names = new TreeSet<>();

  /// @param settings of the session, those of other things among them
  /// @throws IllegalArgumentException for a name under `spark.glm.` that is no setting
  public SessionModels(Map<String, String> settings) {
    this.settings = settings;
    for (String key : settings.keySet()) {
      if (key.startsWith(MODELS)) {
        names.add(modelOf(key));
      } else if (key.startsWith(PREFIX)) {
        requireSetting(key);
      }
    }
  }

  private static String modelOf(String key) {
    String nameAndOption = key.substring(MODELS.length());
    int dot = nameAndOption.lastIndexOf('.');
    String option = nameAndOption.substring(dot + 1);
    if (dot < 1 || !SETTINGS_OF_ONE.contains(option)) {
      throw new IllegalArgumentException(
          "%s is no setting of a model%s; expected %s<name>. and one of %s"
              .formatted(
                  key,
                  suggestion(option, SETTINGS_OF_ONE),
                  MODELS,
                  String.join(", ", SETTINGS_OF_ONE)));
    }
    return nameAndOption.substring(0, dot);
  }

  private static void requireSetting(String key) {
    String setting = key.substring(PREFIX.length());
    if (!SETTINGS_OF_ALL.contains(setting)) {
      throw new IllegalArgumentException(
          "%s is no setting%s; expected %s and one of %s, or %s<name>. and one of a model"
              .formatted(
                  key,
                  suggestion(setting, SETTINGS_OF_ALL),
                  PREFIX,
                  String.join(", ", SETTINGS_OF_ALL),
                  MODELS));
    }
  }

  private static String suggestion(String found, List<String> expected) {
    @Nullable String nearest = NearestName.of(found, expected);
    return nearest == null ? "" : ", did you mean '%s'?".formatted(nearest);
  }

  private static List<String> with(List<String> options, String... more) {
    return Stream.concat(Arrays.stream(more), options.stream()).toList();
  }

  /// The model that answers where no other is named, or null if no setting tells.
  ///
  /// @throws IllegalArgumentException if a setting of the model is wrong, naming it
  public @Nullable ModelSettings defaultModel() {
    String configured = settings.get(DEFAULT);
    if (configured == null) {
      return names.size() == 1 ? model(names.first()) : null;
    }
    return names.contains(configured)
        ? model(configured)
        : model("default", location(DEFAULT, configured));
  }

  /// The model of a name, or null if there is none.
  ///
  /// @throws IllegalArgumentException if a setting of the model is wrong, naming it
  public @Nullable ModelSettings named(String endpoint) {
    if (names.contains(endpoint)) {
      return model(endpoint);
    }
    String unknown = settings.getOrDefault(UNKNOWN_ENDPOINT, "fail");
    return switch (unknown) {
      case "default" -> defaultModel();
      case "fail" -> null;
      default ->
          throw new IllegalArgumentException(
              "%s is '%s', expected fail or default".formatted(UNKNOWN_ENDPOINT, unknown));
    };
  }

  /// Every model that a setting names, the default too where it is a path.
  ///
  /// @throws IllegalArgumentException if a setting of a model is wrong, naming it
  public List<ModelSettings> all() {
    List<ModelSettings> all = new ArrayList<>(names.stream().map(this::model).toList());
    @Nullable ModelSettings standard = defaultModel();
    if (standard != null && !all.contains(standard)) {
      all.add(standard);
    }
    return all;
  }

  /// The configured names, for messages.
  public List<String> names() {
    return List.copyOf(names);
  }

  private ModelSettings model(String name) {
    String key = MODELS + name + "." + PATH;
    String path = settings.get(key);
    if (path == null) {
      throw new IllegalArgumentException(
          "%s is missing: model '%s' has other settings, but no path".formatted(key, name));
    }
    return model(name, location(key, path));
  }

  private static ModelLocation location(String key, String text) {
    try {
      return ModelLocation.parse(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(key + " " + e.getMessage(), e);
    }
  }

  private ModelSettings model(String name, ModelLocation location) {
    var options = new Options(name);
    var source =
        new ModelSource(
            location,
            new ModelOverrides(
                options.value("rope-base", Double::valueOf),
                options.value("norm-epsilon", Double::valueOf),
                options.value("context", Integer::valueOf),
                options.constant("chat-format", ChatFormat.class)),
            new PackOptions(
                options.constant("weights", WeightType.class),
                options.constant("output-weights", WeightType.class)),
            options.value("pack-cache", Function.identity()));
    int threads = options.value("threads", 0, Integer::valueOf);
    long cacheBytes = options.value("kv-cache-bytes", 0L, Long::valueOf);
    EngineOptions standard = EngineOptions.defaults();
    var engine =
        standard
            .withThreads(threads == 0 ? standard.threads() : threads)
            .withMaxBatch(options.value("max-batch", standard.maxBatch(), Integer::valueOf))
            .withStepTokens(options.value("step-tokens", standard.stepTokens(), Integer::valueOf))
            .withKvCacheType(
                options.constant("kv-cache-type", standard.kvCacheType(), KvCacheType.class))
            .withKvCacheBytes(cacheBytes == 0 ? standard.kvCacheBytes() : cacheBytes)
            .withKernels(options.constant("kernels", standard.kernels(), KernelChoice.class))
            .withPrefixCache(
                options.constant("prefix-cache", standard.prefixCache(), PrefixCache.class))
            .withPromptLookup(
                options.constant("prompt-lookup", standard.promptLookup(), PromptLookup.class))
            .withKvCacheStorage(
                options.constant(
                    "kv-cache-storage", standard.kvCacheStorage(), KvCacheStorage.class))
            .withKvCacheFolder(options.value("kv-cache-folder", Function.identity()));
    return new ModelSettings(
        name,
        source,
        engine,
        threads == 0 ? ModelHandle.Threads.EXECUTOR_CORES : ModelHandle.Threads.AS_IN_OPTIONS,
        cacheBytes == 0 ? ModelHandle.Cache.SHARE_OF_EXECUTOR : ModelHandle.Cache.AS_IN_OPTIONS,
        options.value("part-tokens", 0, Integer::valueOf));
  }

  /// The options of one model, its own before those of all.
  private final class Options {
    private final String model;

    Options(String model) {
      this.model = model;
    }

    private String key(String option) {
      String own = MODELS + model + "." + option;
      return settings.containsKey(own) ? own : PREFIX + option;
    }

    <T> @Nullable T value(String option, Function<String, T> read) {
      String key = key(option);
      String text = settings.get(key);
      if (text == null) {
        return null;
      }
      try {
        return read.apply(text.strip());
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException("%s is '%s', expected a number".formatted(key, text), e);
      }
    }

    <T> T value(String option, T standard, Function<String, T> read) {
      @Nullable T value = value(option, read);
      return value == null ? standard : value;
    }

    <E extends Enum<E>> @Nullable E constant(String option, Class<E> type) {
      return value(option, text -> parse(key(option), text, type));
    }

    <E extends Enum<E>> E constant(String option, E standard, Class<E> type) {
      @Nullable E value = constant(option, type);
      return value == null ? standard : value;
    }

    private static <E extends Enum<E>> E parse(String key, String text, Class<E> type) {
      E[] constants = type.getEnumConstants();
      return Arrays.stream(constants)
          .filter(constant -> written(constant).equals(text.toLowerCase(Locale.ROOT)))
          .findAny()
          .orElseThrow(() ->
              new IllegalArgumentException(
                  "%s is '%s', expected one of %s"
                      .formatted(
                          key,
                          text,
                          String.join(
                              ", ", Arrays.stream(constants).map(Options::written).toList()))));
    }

    private static String written(Enum<?> constant) {
      return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }
}
