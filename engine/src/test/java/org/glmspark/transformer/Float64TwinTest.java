package org.glmspark.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;
import static org.glmspark.transformer.GoldenLogitsTest.GOLDEN;
import static org.glmspark.transformer.GoldenLogitsTest.expected;
import static org.glmspark.transformer.GoldenLogitsTest.ints;
import static org.glmspark.transformer.GoldenLogitsTest.pack;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;
import org.glmspark.cache.KvCacheType;
import org.glmspark.model.Model;
import org.glmspark.model.ModelLoader;
import org.glmspark.tensor.WeightType;
import org.glmspark.transformer.GoldenLogitsTest.Decoder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Packs of integers against the same decoder in float64, with the same rounding of activations.
class Float64TwinTest {
  /// Longer ones take the twin too long.
  private static final int MOST_TOKENS = 200;

  @TempDir Path temporary;

  static List<String> folders() {
    return List.of(
        "chatglm2-6b",
        "chatglm3-6b-32k",
        "glm-4-9b-chat",
        "glm-4-9b-chat-hf",
        "glm-4-9b-chat-1m",
        "glm-4-32b-0414");
  }

  private record Case(int[] tokens, double[] logits) {}

  private static List<Case> cases(JsonNode golden) {
    return StreamSupport.stream(golden.get("cases").spliterator(), false)
        .map(node -> new Case(ints(node.get("ids")), doubles(node.get("logits_last"))))
        .filter(found -> found.tokens().length <= MOST_TOKENS)
        .toList();
  }

  private static JsonNode expectedOfGguf(String file) throws IOException {
    return expected("gguf").get("files").get(file);
  }

  private static double[] doubles(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false)
        .mapToDouble(JsonNode::doubleValue)
        .toArray();
  }

  private static double[] doubles(float[] floats) {
    double[] doubles = new double[floats.length];
    for (int i = 0; i < floats.length; i++) {
      doubles[i] = floats[i];
    }
    return doubles;
  }

  /// The L2 norm of the difference, relative to that of the second.
  private static double error(double[] found, double[] expected) {
    double squares = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      squares += (found[i] - expected[i]) * (found[i] - expected[i]);
      norm += expected[i] * expected[i];
    }
    return Math.sqrt(squares / norm);
  }

  @ParameterizedTest
  @MethodSource("folders")
  void withoutRoundingTheTwinGivesTheLogitsOfTheReference(String folder) throws IOException {
    try (Model model = ModelLoader.load(GOLDEN.resolve(folder))) {
      for (Case golden : cases(expected(folder))) {
        double[] twin = logits(model, ActivationRounding.NONE, golden.tokens());
        assertThat(error(twin, golden.logits())).isLessThan(1e-6);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("folders")
  void packsOfEightBitsGiveTheLogitsOfTheTwin(String folder) throws IOException {
    assertTwin(pack(GOLDEN.resolve(folder), WeightType.Q8, temporary), cases(expected(folder)));
  }

  /// Q4_0, Q4_1, Q4_K and Q8_0 keep their integers, the others become Q8.
  @ParameterizedTest
  @MethodSource("org.glmspark.transformer.GoldenLogitsTest#ggufFiles")
  void packsOfQuantisedFilesGiveTheLogitsOfTheTwin(String file) throws IOException {
    assertTwin(pack(GOLDEN.resolve("gguf", file), null, temporary), cases(expectedOfGguf(file)));
  }

  private static void assertTwin(Path pack, List<Case> cases) {
    assertThat(cases).isNotEmpty();
    try (Model model = ModelLoader.load(pack)) {
      for (Case golden : cases) {
        EngineTrace engine = EngineTrace.of(model, golden.tokens());
        double[] twin = logits(model, ActivationRounding.as(engine), golden.tokens());
        assertThat(error(doubles(engine.logits()), twin)).isLessThan(1e-4);
      }
    }
  }

  /// The model whose error against the reference is the largest: the twin, which chooses its own
  /// integers, has the same. Either half of the rounding alone costs it up to 4 %.
  @Test
  void roundingCostsTheTwinAsMuchAsTheEngine() throws IOException {
    String folder = "glm-4-32b-0414";
    try (Model published = ModelLoader.load(GOLDEN.resolve(folder));
        Model packed = ModelLoader.load(pack(GOLDEN.resolve(folder), WeightType.Q8, temporary))) {
      for (Case golden : cases(expected(folder))) {
        int[] tokens = golden.tokens();
        double engine = error(doubles(EngineTrace.of(packed, tokens).logits()), golden.logits());
        double twin = error(logits(packed, ActivationRounding.EIGHT_BITS, tokens), golden.logits());
        double weights = error(logits(packed, ActivationRounding.NONE, tokens), golden.logits());
        double activations =
            error(logits(published, ActivationRounding.EIGHT_BITS, tokens), golden.logits());

        assertThat(engine).as("%d tokens", tokens.length).isCloseTo(twin, offset(0.005));
        assertThat(weights).isBetween(0.01, 0.045);
        assertThat(activations).isBetween(0.01, 0.045);
      }
    }
  }

  private static double[] logits(Model model, ActivationRounding rounding, int[] tokens) {
    return new Float64Twin(model, rounding).logits(tokens);
  }

  @Test
  void theTraceIsTheEngine() throws IOException {
    Path pack = pack(GOLDEN.resolve("glm-4-32b-0414"), WeightType.Q8, temporary);
    int[] tokens = cases(expected("glm-4-32b-0414")).getLast().tokens();
    try (Model model = ModelLoader.load(pack);
        Decoder decoder = new Decoder(pack, KvCacheType.FLOAT32)) {
      assertThat(EngineTrace.of(model, tokens).logits())
          .isEqualTo(decoder.logits(tokens, 1, 256)[0]);
    }
  }
}
