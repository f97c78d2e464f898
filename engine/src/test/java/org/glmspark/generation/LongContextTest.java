package org.glmspark.generation;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.glmspark.cache.KvCacheStorage;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.sampling.TokenLogProbability;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A model of a million tokens of context, whose keys and values lie in a file.
class LongContextTest {
  private static final Path MODEL = Path.of("src/test/resources/golden/glm-4-9b-chat-1m");
  private static final int NEW_TOKENS = 20;

  private static List<TokenLogProbability> complete(int promptTokens, EngineOptions options) {
    int[] prompt = new Random(promptTokens).ints(promptTokens, 0, 320).toArray();
    SamplingParameters sampling =
        SamplingParameters.greedy(NEW_TOKENS).toBuilder().ignoreEos().logprobs(5).build();
    try (GenerationEngine engine = GenerationEngine.open(MODEL, options)) {
      GenerationResult result = engine.submit(new GenerationRequest(prompt, sampling)).join();
      assertThat(result.error()).isNull();
      return result.logProbabilities();
    }
  }

  private static void assertSameBitsInAFile(int promptTokens, Path folder) {
    EngineOptions memory =
        EngineOptions.defaults()
            .withMaxBatch(1)
            .withKvCacheBytes((promptTokens + NEW_TOKENS + 16) * 768L);
    EngineOptions file =
        memory.withKvCacheStorage(KvCacheStorage.FILE).withKvCacheFolder(folder.toString());

    List<TokenLogProbability> expected = complete(promptTokens, memory);

    assertThat(expected).hasSize(NEW_TOKENS);
    assertThat(complete(promptTokens, file)).isEqualTo(expected);
  }

  @Test
  void aCacheInAFileGivesTheSameBits(@TempDir Path folder) {
    assertSameBitsInAFile(2_500, folder);
  }

  @Test
  @Tag("proof")
  void twoHundredThousandTokensInAFileGiveTheSameBits(@TempDir Path folder) {
    assertSameBitsInAFile(200_000, folder);
  }
}
