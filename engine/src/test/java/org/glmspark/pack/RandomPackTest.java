package org.glmspark.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.glmspark.format.MalformedModelException;
import org.glmspark.generation.EngineOptions;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.model.BlockType;
import org.glmspark.model.Model;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.ModelFamily;
import org.glmspark.model.ModelLoader;
import org.glmspark.model.PackContent;
import org.glmspark.model.RandomModel;
import org.glmspark.model.RotarySettings;
import org.glmspark.prompt.ChatMessage;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.WeightType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Packs of random weights are models like any other.
class RandomPackTest {
  @TempDir Path folder;

  private static ModelConfig config(BlockType blockType, int vocabulary) {
    return new ModelConfig(
        blockType,
        64,
        2,
        4,
        2,
        16,
        96,
        vocabulary,
        1e-5f,
        new RotarySettings(1e4, 8, null),
        256,
        blockType == BlockType.PRE_NORM,
        false,
        List.of());
  }

  private Path pack(String file, ModelConfig config, WeightType weights, @Nullable Path tokenizer) {
    Path target = folder.resolve(file);
    new ModelPacker(PackOptions.NATURAL, PackProgress.SILENT)
        .pack(
            () -> PackContent.random("glm-4-9b", config, weights, WeightType.Q8, tokenizer),
            target,
            IfPresent.REFUSE);
    return target;
  }

  @ParameterizedTest
  @EnumSource
  void holdTheWeightsOfTheRandomModel(WeightType type) {
    for (BlockType blockType : BlockType.values()) {
      ModelConfig config = config(blockType, 128);
      Path pack = pack(blockType.name(), config, type, null);
      try (Model made = RandomModel.load(config, type, WeightType.Q8);
          Model packed = ModelLoader.load(pack)) {
        assertThat(packed.config()).isEqualTo(config);
        assertThat(packed.weights().embedding().floats())
            .isEqualTo(made.weights().embedding().floats());
        List<StripMatrix> expected = Packs.matrices(made);
        List<StripMatrix> found = Packs.matrices(packed);
        for (int i = 0; i < expected.size(); i++) {
          assertThat(found.get(i).type()).isEqualTo(i == 0 ? WeightType.Q8 : type);
          assertThat(found.get(i).data().mismatch(expected.get(i).data())).isEqualTo(-1);
        }
      }
    }
  }

  @Test
  void answerWithTheTokenizerTheyWereGiven() {
    int vocabulary = ModelLoader.describe(Packs.SAMPLE).config().vocabularySize();
    Path pack = pack("spoken", config(BlockType.PRE_NORM, vocabulary), WeightType.Q4, Packs.SAMPLE);

    var description = ModelLoader.describe(pack);
    assertThat(description.family().family()).isEqualTo(ModelFamily.GLM4);
    int[] prompt =
        description.requireChatTemplate().encode(List.of(ChatMessage.user("Where is the lamp?")));
    try (GenerationEngine engine =
        new GenerationEngine(ModelLoader.load(pack), EngineOptions.defaults().withThreads(1))) {
      var result =
          engine.submit(new GenerationRequest(prompt, SamplingParameters.greedy(8))).join();
      assertThat(result.error()).isNull();
      assertThat(result.tokens()).isNotEmpty();
    }
  }

  @Test
  void areEqualIfTheyAreMadeOfTheSame() {
    ModelConfig config = config(BlockType.PRE_NORM, 128);
    Path pack = pack("one", config, WeightType.Q4, null);
    Path same = pack("two", config, WeightType.Q4, null);
    Path other = pack("three", config, WeightType.Q4M, null);

    assertThat(same).hasSameBinaryContentAs(pack);
    assertThat(sourceDigest(other)).isNotEqualTo(sourceDigest(pack));
  }

  private static String sourceDigest(Path pack) {
    return Objects.requireNonNull(ModelLoader.describe(pack).pack()).sourceDigest();
  }

  @Test
  void needATokenizerWhereOneIsNamed() {
    assertThatThrownBy(() -> pack("none", config(BlockType.PRE_NORM, 128), WeightType.Q4, folder))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining("in " + folder)
        .hasMessageContaining("there is neither tokenizer.model nor tokenizer.json");
  }
}
