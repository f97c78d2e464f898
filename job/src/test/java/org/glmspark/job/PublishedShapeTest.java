package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.glmspark.generation.EngineOptions;
import org.glmspark.generation.FinishReason;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.GenerationResult;
import org.glmspark.model.BlockType;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.ModelDescription;
import org.glmspark.model.ModelFamily;
import org.glmspark.model.ModelLoader;
import org.glmspark.model.RotarySettings;
import org.glmspark.sampling.SamplingParameters;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// The five models in their published shapes. All expected numbers are those of the makers.
class PublishedShapeTest {
  private static final List<Integer> CHATGLM2_STOPS = List.of(2);
  private static final List<Integer> CHATGLM3_STOPS = List.of(2, 64_795, 64_797);
  private static final List<Integer> GLM4_STOPS = List.of(151_329, 151_336, 151_338);

  @TempDir Path folder;

  /// What is known of a published model.
  ///
  /// @param tensors of the checkpoint, rotary frequencies included
  /// @param weightBytes of the tensors that are weights
  /// @param cacheBytes of keys and values of one token in 16 bits
  record Facts(
      PublishedShape shape,
      ModelFamily family,
      int tensors,
      long weightBytes,
      long cacheBytes,
      int queryKeyValueRows,
      ModelConfig config) {
    @Override
    public String toString() {
      return shape.toString();
    }
  }

  static Stream<Facts> facts() {
    return Stream.of(
        new Facts(
            PublishedShape.CHATGLM2_6B,
            ModelFamily.CHATGLM2,
            200,
            12_487_168_064L - 64, // total_size of the published index, without the frequencies
            28_672,
            4608,
            chatGlm(28, 2, 65_024, 1e-5f, 1e4, 32_768, CHATGLM2_STOPS)),
        new Facts(
            PublishedShape.CHATGLM3_6B_32K,
            ModelFamily.CHATGLM3,
            200,
            12_487_168_064L - 64,
            28_672,
            4608,
            chatGlm(28, 2, 65_024, 1e-5f, 5e5, 32_768, CHATGLM3_STOPS)),
        new Facts(
            PublishedShape.GLM_4_9B_CHAT,
            ModelFamily.GLM4,
            284,
            18_799_902_720L,
            40_960,
            4608,
            chatGlm(40, 2, 151_552, 1.5625e-7f, 5e6, 131_072, GLM4_STOPS)),
        new Facts(
            PublishedShape.GLM_4_9B_CHAT_1M,
            ModelFamily.GLM4,
            284,
            18_967_715_840L,
            81_920,
            5120,
            chatGlm(40, 4, 151_552, 1.5625e-7f, 1e8, 1_048_576, GLM4_STOPS)),
        new Facts(
            PublishedShape.GLM_4_32B_0414,
            ModelFamily.GLM4_0414,
            613,
            65_132_163_072L,
            62_464,
            6656,
            new ModelConfig(
                BlockType.SANDWICH_NORM,
                6144,
                61,
                48,
                2,
                128,
                23_040,
                151_552,
                1e-5f,
                new RotarySettings(1e4, 64, null),
                32_768,
                false,
                false,
                GLM4_STOPS)));
  }

  private static ModelConfig chatGlm(
      int layers,
      int keyValueHeads,
      int vocabulary,
      float epsilon,
      double ropeBase,
      int context,
      List<Integer> stopTokens) {
    return new ModelConfig(
        BlockType.PRE_NORM,
        4096,
        layers,
        32,
        keyValueHeads,
        128,
        13_696,
        vocabulary,
        epsilon,
        new RotarySettings(ropeBase, 64, null),
        context,
        true,
        false,
        stopTokens);
  }

  @ParameterizedTest
  @MethodSource("facts")
  void aWholeModelIsDescribedWithTheNumbersOfItsMakers(Facts facts) throws IOException {
    writeHoles(facts.shape());

    ModelDescription description = ModelLoader.describe(folder);

    assertThat(facts.shape().tensors(facts.shape().layers())).hasSize(facts.tensors());
    assertThat(description.config()).isEqualTo(facts.config());
    assertThat(description.config().queryKeyValueRows()).isEqualTo(facts.queryKeyValueRows());
    assertThat(description.family().family()).isEqualTo(facts.family());
    assertThat(description.weightBytes().values()).containsExactly(facts.weightBytes());
    assertThat(description.warnings()).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("facts")
  void inspectShowsTheNumbersOfTheMakers(Facts facts) throws IOException {
    writeHoles(facts.shape());

    JsonNode json = new ObjectMapper().readTree(inspect("--json"));

    assertThat(json.at("/parameters").longValue()).isEqualTo(facts.config().parameters());
    assertThat(json.at("/cache_bytes_per_token/float16").longValue()).isEqualTo(facts.cacheBytes());
    assertThat(json.at("/family").textValue()).isEqualTo(facts.family().label());
    assertThat(json.at("/hyperparameters/rope_base/value").doubleValue())
        .isEqualTo(facts.config().rope().base());
    assertThat(json.at("/hyperparameters/norm_epsilon/value").floatValue())
        .isEqualTo(facts.config().normEpsilon());
    assertThat(inspect())
        .containsPattern(
            String.format(Locale.ROOT, "(?m)^parameters +%,d$", facts.config().parameters()))
        .containsPattern(
            String.format(
                Locale.ROOT,
                "(?m)^cache for a token .* %,d bytes as float16, ",
                facts.cacheBytes()));
  }

  @Test
  void inspectWarnsOfWhatIsLikelyWrong() {
    writeHoles(PublishedShape.GLM_4_9B_CHAT);
    String setting = "model.norm-epsilon=1e-5";

    assertThat(inspect("--set", setting))
        .containsPattern("(?m)^warning: option model.norm-epsilon is 1e-5, which converters write");
    assertThat(inspect("--json", "--set", setting))
        .contains("\"warnings\" : [ \"option model.norm");
  }

  private void writeHoles(PublishedShape shape) {
    try {
      shape.writeHoles(folder);
    } catch (IOException e) {
      Assumptions.abort("no files with holes can be written in " + folder + ": " + e);
    }
  }

  private String inspect(String... options) {
    var glm = new CommandLine();
    String[] arguments =
        Stream.concat(Stream.of("inspect", folder.toString()), Stream.of(options))
            .toArray(String[]::new);
    assertThat(glm.run(arguments)).as(glm.err()).isZero();
    return glm.out();
  }

  /// 18.8 GB of bfloat16 zeros, whose scales are searched as those of other weights.
  @Test
  @Tag("proof")
  void aWholeModelPacksInASmallHeap() throws IOException, InterruptedException {
    Path model = Files.createDirectory(folder.resolve("model"));
    PublishedShape.GLM_4_9B_CHAT.writeHoles(model);
    Path pack = folder.resolve("model.glmpack");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "--add-modules=jdk.incubator.vector",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "pack",
                "--model",
                model.toString(),
                "--weights",
                "q4",
                "--output",
                pack.toString())
            .inheritIO()
            .start();

    assertThat(process.waitFor()).isZero();
    assertThat(Files.size(pack)).isBetween(5_289_000_000L, 5_290_000_000L);
    assertThat(ModelLoader.describe(pack).config()).isEqualTo(ModelLoader.describe(model).config());
  }

  /// Any number that is not finite on the way to the logits would make these errors.
  @ParameterizedTest
  @EnumSource(PublishedShape.class)
  @Tag("proof")
  void aModelOfFewLayersGeneratesInItsPublishedShape(PublishedShape shape) throws IOException {
    shape.writeRandom(folder, shape == PublishedShape.GLM_4_32B_0414 ? 1 : 2, 42);
    EngineOptions options = EngineOptions.defaults().withKvCacheBytes(64 << 20).withStepTokens(64);
    try (GenerationEngine engine = GenerationEngine.open(folder, options)) {
      int vocabulary = engine.model().config().vocabularySize();
      int[] prompt = IntStream.range(0, 100).map(i -> i * 7919 % vocabulary).toArray();
      var request = new GenerationRequest(prompt, SamplingParameters.greedy(8));

      List<GenerationResult> results =
          Stream.of(request, request).map(engine::submit).toList().stream()
              .map(CompletableFuture::join)
              .toList();

      assertThat(results)
          .allSatisfy(result -> {
            assertThat(result.error()).isNull();
            assertThat(result.finishReason()).isEqualTo(FinishReason.LENGTH);
            assertThat(result.tokens()).hasSize(8).allMatch(id -> id >= 0 && id < vocabulary);
          });
      assertThat(results.getFirst().tokens()).isEqualTo(results.getLast().tokens());
    }
  }
}
