package org.glmspark.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.glmspark.generation.EngineOptions;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.GenerationResult;
import org.glmspark.generation.ScoringRequest;
import org.glmspark.generation.ScoringResult;
import org.glmspark.pack.IfPresent;
import org.glmspark.pack.ModelPacker;
import org.glmspark.pack.PackOptions;
import org.glmspark.pack.PackProgress;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.tensor.WeightType;
import org.glmspark.tests.SampleModel.Document;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What weights of fewer bits cost, on the sample model: how much less probable it finds the
/// summaries of the reference, and how many of its own stay the same.
class WeightTypesIT {
  private static final int SOME = 60;

  @TempDir Path folder;

  /// What a weight type makes of some documents.
  ///
  /// @param loss mean negative log-likelihood of the tokens of the reference summaries
  private record Quality(double loss, List<List<Integer>> summaries) {
    /// In nats a token, not as a share: the model is so sure of these summaries, at some 0.001 nats
    /// a token, that any share of that is nothing.
    double lossIncrease(Quality exact) {
      return loss - exact.loss;
    }

    double identical(Quality exact) {
      long same =
          IntStream.range(0, summaries.size())
              .filter(i -> summaries.get(i).equals(exact.summaries.get(i)))
              .count();
      return (double) same / summaries.size();
    }
  }

  private Quality quality(WeightType type, List<Document> documents) {
    Path pack = folder.resolve(type.optionName() + ".glmpack");
    new ModelPacker(new PackOptions(type, null), PackProgress.SILENT)
        .pack(SampleModel.FOLDER, pack, IfPresent.REFUSE);
    try (GenerationEngine engine = GenerationEngine.open(pack, EngineOptions.defaults())) {
      List<CompletableFuture<ScoringResult>> scores = new ArrayList<>();
      List<CompletableFuture<GenerationResult>> summaries = new ArrayList<>();
      for (Document document : documents) {
        int[] prompt = document.promptTokens().stream().mapToInt(Integer::intValue).toArray();
        int[] all =
            IntStream.concat(
                    IntStream.of(prompt), document.tokens().stream().mapToInt(Integer::intValue))
                .toArray();
        scores.add(engine.submit(new ScoringRequest(all, prompt.length)));
        summaries.add(engine.submit(new GenerationRequest(prompt, SamplingParameters.greedy(160))));
      }
      double sum = 0;
      long tokens = 0;
      for (CompletableFuture<ScoringResult> score : scores) {
        sum -= score.join().sum();
        tokens += score.join().logProbabilities().length;
      }
      return new Quality(
          sum / tokens, summaries.stream().map(summary -> summary.join().tokens()).toList());
    }
  }

  @Test
  void eightBitsCostNextToNothingAndFourBitsLittle() {
    assertCosts(SampleModel.documents().subList(0, SOME));
  }

  @Test
  @Tag("proof")
  void eightBitsCostNextToNothingAndFourBitsLittleOverAllDocuments() {
    assertCosts(SampleModel.documents());
  }

  private void assertCosts(List<Document> documents) {
    Quality exact = quality(WeightType.F32, documents);
    Quality eight = quality(WeightType.Q8, documents);
    Quality four = quality(WeightType.Q4, documents);
    Quality fourWithMinimum = quality(WeightType.Q4M, documents);
    assertThat(eight.lossIncrease(exact)).isLessThan(0.0002);
    assertThat(four.lossIncrease(exact)).isLessThan(0.001);
    assertThat(fourWithMinimum.lossIncrease(exact)).isLessThan(0.001);
    assertThat(eight.identical(exact)).isGreaterThanOrEqualTo(0.98);
    assertThat(four.identical(exact)).isGreaterThanOrEqualTo(0.85);
    assertThat(fourWithMinimum.identical(exact)).isGreaterThanOrEqualTo(0.85);
  }
}
