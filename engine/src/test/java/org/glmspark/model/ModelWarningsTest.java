package org.glmspark.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumMap;
import java.util.List;
import org.glmspark.model.PublishedConfig.Layout;
import org.junit.jupiter.api.Test;

/// Settings that published files are known to have wrong.
class ModelWarningsTest {
  private static List<String> warnings(
      Layout layout, BlockType blockType, float epsilon, RotarySettings rope, int context) {
    var config =
        new ModelConfig(
            blockType, 4096, 40, 32, 2, 128, 13_696, 151_552, epsilon, rope, context, true, false,
            List.of());
    var origins = new EnumMap<Hyperparameter, String>(Hyperparameter.class);
    for (Hyperparameter parameter : Hyperparameter.values()) {
      origins.put(parameter, "<" + parameter.key() + ">");
    }
    return ModelWarnings.of(new PublishedConfig(layout, config, origins, 0, null));
  }

  private static RotarySettings rope(double base) {
    return new RotarySettings(base, 64, null);
  }

  @Test
  void soundFilesGetNone() {
    assertThat(warnings(Layout.HUGGING_FACE, BlockType.PRE_NORM, 1.5625e-7f, rope(5e6), 131_072))
        .isEmpty();
    assertThat(warnings(Layout.HUGGING_FACE, BlockType.SANDWICH_NORM, 1e-5f, rope(1e4), 131_072))
        .isEmpty();
    assertThat(warnings(Layout.GGUF, BlockType.SANDWICH_NORM, 1e-5f, rope(1e4), 32_768)).isEmpty();
  }

  @Test
  void aLongContextWithThePlainRotaryBaseIsDoubtful() {
    assertThat(warnings(Layout.HUGGING_FACE, BlockType.PRE_NORM, 1.5625e-7f, rope(1e4), 131_072))
        .singleElement()
        .asString()
        .startsWith("rope_theta is 10000 although the context has 131,072 tokens")
        .endsWith("set model.rope-base=5000000");
    assertThat(warnings(Layout.HUGGING_FACE, BlockType.PRE_NORM, 1.5625e-7f, rope(1e4), 1_048_576))
        .singleElement()
        .asString()
        .endsWith("set model.rope-base=100000000");
  }

  @Test
  void theMistakesOfAConverterAreNamedWithWhatToSet() {
    assertThat(warnings(Layout.GGUF, BlockType.PRE_NORM, 1e-5f, rope(1e4), 4096))
        .satisfiesExactly(
            base -> assertThat(base).startsWith("<rope_base> is 10000, which converters write"),
            epsilon -> assertThat(epsilon).contains("<norm_epsilon> is 1e-5", "1.5625E-7"),
            context -> assertThat(context).contains("<context> is 4,096, the hidden size"));
  }

  @Test
  void aHeadThatIsTurnedInFullIsDoubtful() {
    assertThat(
            warnings(
                Layout.GGUF,
                BlockType.SANDWICH_NORM,
                1e-5f,
                new RotarySettings(1e4, 128, null),
                32_768))
        .singleElement()
        .asString()
        .startsWith("128 of the 128 elements of a head are turned by position (<rotated_size>)");
  }
}
