package org.glmspark.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.glmspark.generation.EngineOptions;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.GenerationResult;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.tensor.WeightType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RandomModelTest {
  private static final ModelConfig SMALL =
      new ModelConfig(
          BlockType.SANDWICH_NORM,
          64,
          2,
          4,
          2,
          16,
          96,
          128,
          1e-5f,
          new RotarySettings(1e4, 8, null),
          256,
          true,
          false,
          List.of());

  @ParameterizedTest
  @EnumSource
  void everyWeightTypeGivesFiniteLogits(WeightType type) {
    Model model = RandomModel.load(SMALL, type, type);
    assertThat(model.weights().layers()).hasSize(2);
    assertThat(model.weights().layers().getFirst().down().type()).isEqualTo(type);
    float[] row = new float[96];
    model.weights().layers().getLast().down().decodeRow(63, 0, 96, row, 0);
    for (float weight : row) {
      assertThat(Math.abs(weight)).isLessThan(1 / 8f);
    }
    try (var engine = new GenerationEngine(model, EngineOptions.defaults().withThreads(1))) {
      CompletableFuture<GenerationResult> result =
          engine.submit(new GenerationRequest(new int[] {1, 2, 3}, SamplingParameters.greedy(20)));
      assertThat(result.join().error()).isNull();
      assertThat(result.join().tokens()).hasSize(20);
    }
  }
}
