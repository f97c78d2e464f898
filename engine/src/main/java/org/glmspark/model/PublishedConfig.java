package org.glmspark.model;

import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What the files of a model say about it, and where they say so.
///
/// @param layout how its tensors and settings are named
/// @param config the hyper-parameters
/// @param origins for each hyper-parameter the key and file, default or option that it comes from
/// @param quantizationBits 4 or 8 if the layers' matrices hold integers with a scale for each row,
///   as the official ChatGLM checkpoints do; otherwise 0
/// @param name what the files call the model, such as `THUDM/chatglm3-6b`; null if they do not
record PublishedConfig(
    Layout layout,
    ModelConfig config,
    Map<Hyperparameter, String> origins,
    int quantizationBits,
    @Nullable String name) {

  /// The layouts GLM models are published in.
  enum Layout {
    /// Models that bring their own code, `ChatGLMModel`: `model_type` is `chatglm`.
    REMOTE_CODE,
    /// Models that the transformers library knows, `GlmForCausalLM` and `Glm4ForCausalLM`.
    HUGGING_FACE,
    /// GGUF files of the architectures `chatglm` and `glm4`.
    GGUF
  }

  PublishedConfig {
    origins = Collections.unmodifiableMap(new EnumMap<>(origins));
  }

  /// The same model under a user's settings.
  ///
  /// @throws IllegalArgumentException if a number is out of range
  PublishedConfig with(ModelOverrides overrides) {
    var changed = new EnumMap<Hyperparameter, String>(origins);
    if (overrides.ropeBase() != null) {
      changed.put(Hyperparameter.ROPE_BASE, "option model.rope-base");
    }
    if (overrides.normEpsilon() != null) {
      changed.put(Hyperparameter.NORM_EPSILON, "option model.norm-epsilon");
    }
    if (overrides.contextTokens() != null) {
      changed.put(Hyperparameter.CONTEXT, "option model.context");
    }
    return new PublishedConfig(layout, config.with(overrides), changed, quantizationBits, name);
  }

  /// The same model, whose answers end at some more tokens.
  ///
  /// @param origin who says so, which is added to the origin of those that are there
  PublishedConfig alsoStoppedBy(Collection<Integer> tokens, String origin) {
    var all = new TreeSet<Integer>(config.stopTokens());
    List<Integer> added = tokens.stream().filter(all::add).sorted().toList();
    if (added.isEmpty()) {
      return this;
    }
    String ids = added.stream().map(String::valueOf).collect(Collectors.joining(", "));
    var changed = new EnumMap<Hyperparameter, String>(origins);
    changed.merge(
        Hyperparameter.STOP_TOKENS, "%s of %s".formatted(ids, origin), (a, b) -> a + "; " + b);
    return new PublishedConfig(
        layout, config.withStopTokens(List.copyOf(all)), changed, quantizationBits, name);
  }

  /// The origins of some hyper-parameters, each once, for a message: `a, b in config.json`.
  String origins(Collection<Hyperparameter> parameters) {
    List<String> found = parameters.stream().map(origins::get).distinct().toList();
    String end = " in " + ConfigFile.NAME;
    return found.stream().allMatch(origin -> origin.endsWith(end))
        ? found.stream()
            .map(origin -> origin.substring(0, origin.length() - end.length()))
            .collect(Collectors.joining(", ", "", end))
        : String.join(", ", found);
  }
}
