package org.glmspark.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.glmspark.cache.KvCacheType;
import org.glmspark.cache.PagedKvCache;
import org.glmspark.generation.EngineOptions;
import org.glmspark.generation.EngineStats;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.GenerationResult;
import org.glmspark.generation.PrefixCache;
import org.glmspark.generation.PromptLookup;
import org.glmspark.kernel.KernelChoice;
import org.glmspark.kernel.MatMul;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.ModelLoader;
import org.glmspark.model.ModelOverrides;
import org.glmspark.pack.IfPresent;
import org.glmspark.pack.ModelPacker;
import org.glmspark.pack.PackOptions;
import org.glmspark.pack.PackProgress;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.tensor.WeightType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The sample model, its weights in 8 bits so that there are kernels to choose from, says the same
/// about a document whatever the engine does besides.
class SameSampleIT {
  private static final int SOME_DOCUMENTS = 16;
  private static final int SOME_SETTINGS = 8;
  private static final int MAX_TOKENS = 100;

  @TempDir Path folder;
  private Path pack;

  @BeforeEach
  void packTheModel() {
    pack = folder.resolve("sample.glmpack");
    new ModelPacker(new PackOptions(WeightType.Q8, null), PackProgress.SILENT)
        .pack(SampleModel.FOLDER, pack, IfPresent.REFUSE);
  }

  /// How much of the cache there is.
  private enum Room {
    /// For the largest request.
    TIGHT,
    /// For some requests.
    SCARCE,
    /// For all.
    AMPLE;

    long tokens(int largest) {
      return switch (this) {
        case TIGHT -> largest + PagedKvCache.BLOCK_TOKENS;
        case SCARCE -> 3L * largest;
        case AMPLE -> 64L * largest;
      };
    }
  }

  private record Setting(
      int threads,
      int maxBatch,
      int stepTokens,
      Room room,
      PrefixCache prefixCache,
      PromptLookup promptLookup,
      KernelChoice kernels) {

    EngineOptions options(ModelConfig config, int largest) {
      long blockBytes =
          PagedKvCache.blockBytes(
              KvCacheType.FLOAT16, config.layers(), config.keyValueHeads(), config.headSize());
      return EngineOptions.defaults()
          .withThreads(threads)
          .withMaxBatch(1) // so that any number of step tokens is right for the moment
          .withStepTokens(stepTokens)
          .withMaxBatch(maxBatch)
          .withKvCacheBytes(room.tokens(largest) / PagedKvCache.BLOCK_TOKENS * blockBytes)
          .withPrefixCache(prefixCache)
          .withPromptLookup(promptLookup)
          .withKernels(kernels);
    }

    /// Any three of the values, and which they are.
    List<List<Object>> triples() {
      List<Object> values =
          List.of(threads, maxBatch, stepTokens, room, prefixCache, promptLookup, kernels);
      List<List<Object>> triples = new ArrayList<>();
      for (int i = 0; i < values.size(); i++) {
        for (int j = 0; j < i; j++) {
          for (int k = 0; k < j; k++) {
            triples.add(List.of(i, values.get(i), j, values.get(j), k, values.get(k)));
          }
        }
      }
      return triples;
    }
  }

  private static List<Setting> settings() {
    List<Setting> settings = new ArrayList<>();
    for (KernelChoice kernels : kernels()) {
      for (PrefixCache prefixCache : PrefixCache.values()) {
        for (Room room : Room.values()) {
          for (int stepTokens : new int[] {16, 64, 512}) {
            for (int maxBatch : new int[] {1, 2, 7, 32}) {
              for (int threads : new int[] {1, 2}) {
                for (PromptLookup promptLookup : PromptLookup.values()) {
                  int step = Math.max(stepTokens, maxBatch); // the least there is
                  settings.add(
                      new Setting(
                          threads, maxBatch, step, room, prefixCache, promptLookup, kernels));
                }
              }
            }
          }
        }
      }
    }
    return settings;
  }

  /// Some of the settings, in which any three values that occur together in one of all do so too.
  private static List<Setting> covering(List<Setting> all) {
    Set<List<Object>> missing = new HashSet<>();
    all.forEach(setting -> missing.addAll(setting.triples()));
    List<Setting> chosen = new ArrayList<>();
    while (!missing.isEmpty()) {
      Setting next =
          Collections.max(
              all,
              Comparator.comparingLong(
                  setting -> setting.triples().stream().filter(missing::contains).count()));
      next.triples().forEach(missing::remove);
      chosen.add(next);
    }
    return chosen;
  }

  private static List<KernelChoice> kernels() {
    try {
      var _ = MatMul.of(KernelChoice.X86);
      return List.of(KernelChoice.VECTOR, KernelChoice.X86);
    } catch (IllegalStateException _) { // another CPU
      return List.of(KernelChoice.VECTOR);
    }
  }

  /// Two for each document: the most probable tokens, and drawn ones.
  private static List<GenerationRequest> requests(int documents) {
    SamplingParameters drawn =
        SamplingParameters.builder().temperature(0.8).seed(3).maxTokens(MAX_TOKENS).build();
    List<GenerationRequest> requests = new ArrayList<>();
    for (SampleModel.Document document : SampleModel.documents().subList(0, documents)) {
      int[] prompt = document.promptTokens().stream().mapToInt(Integer::intValue).toArray();
      requests.add(new GenerationRequest(prompt, SamplingParameters.greedy(MAX_TOKENS)));
      requests.add(new GenerationRequest(prompt, drawn));
    }
    return requests;
  }

  private record Outcome(List<String> results, EngineStats stats) {}

  /// What was said about each request, in their order.
  private Outcome run(Setting setting, List<GenerationRequest> requests, long order) {
    int largest =
        requests.stream().mapToInt(r -> r.promptTokens().length + MAX_TOKENS).max().orElseThrow();
    List<Integer> shuffled = new ArrayList<>();
    for (int i = 0; i < requests.size(); i++) {
      shuffled.add(i);
    }
    Collections.shuffle(shuffled, new Random(order));
    EngineOptions options =
        setting.options(ModelLoader.describe(pack, ModelOverrides.NONE).config(), largest);
    try (GenerationEngine engine = GenerationEngine.open(pack, options)) {
      List<CompletableFuture<GenerationResult>> results =
          new ArrayList<>(Collections.nCopies(requests.size(), null));
      for (int i : shuffled) {
        results.set(i, engine.submit(requests.get(i)));
      }
      List<String> said =
          results.stream()
              .map(CompletableFuture::join)
              .map(r -> r.finishReason() + " " + r.requestId() + r.tokens() + r.text())
              .toList();
      return new Outcome(said, engine.stats());
    }
  }

  private void assertSame(int documents, List<Setting> settings) {
    List<GenerationRequest> requests = requests(documents);
    var oneByOne =
        new Setting(1, 1, 512, Room.AMPLE, PrefixCache.OFF, PromptLookup.OFF, KernelChoice.VECTOR);
    List<String> expected = run(oneByOne, requests, 0).results();
    assertThat(expected).doesNotHaveDuplicates().noneMatch(said -> said.startsWith("ERROR"));
    long preemptions = 0;
    long rightGuesses = 0;
    for (Setting setting : settings) {
      Outcome outcome = run(setting, requests, settings.indexOf(setting));
      assertThat(outcome.results()).as(setting.toString()).isEqualTo(expected);
      preemptions += outcome.stats().preemptions();
      rightGuesses += outcome.stats().rightGuesses();
    }
    assertThat(preemptions).isPositive();
    assertThat(rightGuesses).isPositive();
  }

  @Test
  void whateverTheEngineDoesBesides() {
    List<Setting> settings = settings();
    Collections.shuffle(settings, new Random(3));
    assertSame(SOME_DOCUMENTS, settings.subList(0, SOME_SETTINGS));
  }

  @Test
  @Tag("proof")
  void whateverTheEngineDoesBesidesInSettingsThatCoverAll() {
    assertSame(SOME_DOCUMENTS, covering(settings()));
  }
}
