package org.glmspark.sampling;

import java.util.Locale;

/// Settings that the makers of the models use in their own programs.
///
/// Source: `chat()` of the models' own code, and the demos of the ChatGLM3 and GLM-4 repositories.
public enum SamplingPreset {
  /// Always the most probable token; no model's own choice, but the one that needs no luck.
  GREEDY(256, 0, 1, 1),
  /// `chat()` of ChatGLM2, ChatGLM3 and GLM-4-9B.
  CHAT(256, 0.8, 0.8, 1),
  /// The servers with OpenAI's interface among the demos of ChatGLM3 and GLM-4-9B.
  SERVER(1024, 0.8, 0.8, 1.1),
  /// The demos of tools and code interpreter of ChatGLM3.
  TOOLS(1024, 0.1, 0.2, 1.1),
  /// The command line demo of the GLM-4-0414 models.
  CLI_0414(8192, 0.6, 0.8, 1.2);

  private final int maxTokens;
  private final double temperature;
  private final double topP;
  private final double repetitionPenalty;

  SamplingPreset(int maxTokens, double temperature, double topP, double repetitionPenalty) {
    this.maxTokens = maxTokens;
    this.temperature = temperature;
    this.topP = topP;
    this.repetitionPenalty = repetitionPenalty;
  }

  /// The name as options say it: `cli-0414`.
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /// The settings, with a seed.
  public SamplingParameters parameters(long seed) {
    return SamplingParameters.builder()
        .maxTokens(maxTokens)
        .temperature(temperature)
        .topP(topP)
        .repetitionPenalty(repetitionPenalty)
        .seed(seed)
        .build();
  }
}
