package org.glmspark.tests;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import org.glmspark.cache.PagedKvCache;
import org.glmspark.generation.EngineOptions;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.GenerationResult;
import org.glmspark.model.Model;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.ModelLoader;
import org.glmspark.sampling.SamplingParameters;

/// A program that completes a prompt with a pack, says how that went, and stays until its standard
/// input ends.
final class PackUser {
  static final String DONE = "done: ";

  private PackUser() {}

  /// @param arguments the pack, tokens of the prompt, tokens to generate, tokens that the cache has
  ///   room for
  public static void main(String... arguments) throws IOException {
    int promptTokens = Integer.parseInt(arguments[1]);
    int newTokens = Integer.parseInt(arguments[2]);
    int cacheTokens = Integer.parseInt(arguments[3]);
    Model model = ModelLoader.load(Path.of(arguments[0]));
    int[] prompt = new int[promptTokens];
    for (int i = 0; i < promptTokens; i++) {
      prompt[i] = 37 * i % model.config().vocabularySize();
    }
    try (GenerationEngine engine =
        new GenerationEngine(model, options(model.config(), cacheTokens))) {
      var sampling = SamplingParameters.builder().maxTokens(newTokens).ignoreEos().build();
      GenerationResult result = engine.submit(new GenerationRequest(prompt, sampling)).join();
      if (result.error() != null) {
        throw new IllegalStateException(result.error().sentence());
      }
      Instant start = ProcessHandle.current().info().startInstant().orElseThrow();
      double seconds = Duration.between(start, Instant.now()).toMillis() / 1e3;
      double decode = result.timing().decodeMillis() / 1e3;
      System.out.printf(
          Locale.ROOT,
          DONE
              + "%d prompt tokens, the first new one after %.2f s (%.2f s of it prefill), then %d in %.2f s%n",
          promptTokens,
          seconds - decode,
          result.timing().prefillMillis() / 1e3,
          result.tokens().size() - 1,
          decode);
      while (System.in.read() >= 0) {
        // whoever started this wants it to stay
      }
    }
  }

  private static EngineOptions options(ModelConfig config, int cacheTokens) {
    EngineOptions defaults = EngineOptions.defaults();
    long blockBytes =
        PagedKvCache.blockBytes(
            defaults.kvCacheType(), config.layers(), config.keyValueHeads(), config.headSize());
    int blocks = Math.ceilDiv(cacheTokens, PagedKvCache.BLOCK_TOKENS);
    return defaults.withMaxBatch(1).withKvCacheBytes(blocks * blockBytes);
  }
}
