package org.glmspark.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.glmspark.cache.KvCacheType;
import org.glmspark.generation.EngineOptions;
import org.glmspark.generation.FinishReason;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.GenerationResult;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The trained sample model: whoever computes it wrongly does not write these summaries.
class SampleSummariesTest {
  @ParameterizedTest
  @EnumSource(KvCacheType.class)
  void allDocumentsGetTheSummariesOfTheFloat64Reference(KvCacheType cacheType) {
    List<SampleModel.Document> documents = SampleModel.documents();
    assertThat(documents).hasSize(300);
    EngineOptions options = EngineOptions.defaults().withKvCacheType(cacheType);
    try (GenerationEngine engine = GenerationEngine.open(SampleModel.FOLDER, options)) {
      List<GenerationRequest> requests =
          documents.stream().map(document -> document.request(engine)).toList();
      List<CompletableFuture<GenerationResult>> results =
          requests.stream().map(engine::submit).toList();

      for (int i = 0; i < documents.size(); i++) {
        SampleModel.Document document = documents.get(i);
        GenerationResult result = results.get(i).join();
        assertThat(IntStream.of(requests.get(i).promptTokens()).boxed().toList())
            .as(document.id())
            .isEqualTo(document.promptTokens());
        assertThat(result.tokens()).as(document.id()).isEqualTo(document.tokens());
        assertThat(result.text()).as(document.id()).isEqualTo(document.summary());
        assertThat(result.finishReason()).as(document.id()).isEqualTo(FinishReason.STOP);
      }
    }
  }
}
