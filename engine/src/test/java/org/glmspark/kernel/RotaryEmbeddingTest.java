package org.glmspark.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.glmspark.model.RotarySettings;
import org.glmspark.tensor.FloatMatrix;
import org.junit.jupiter.api.Test;

class RotaryEmbeddingTest {
  private static RotaryEmbedding rope(RotarySettings settings) {
    return new RotaryEmbedding(settings.frequencies(), settings.amplitude());
  }

  @Test
  void anglesAreThoseOfTheReferenceForAllBasesAndPositions() throws IOException {
    JsonNode tables =
        new ObjectMapper().readTree(Path.of("src/test/resources/golden/rope.json").toFile());
    for (JsonNode table : tables) {
      RotaryEmbedding rope =
          rope(
              new RotarySettings(
                  table.get("base").doubleValue(), table.get("rotary").intValue(), null));
      FloatMatrix angles = new FloatMatrix(1, 2 * rope.pairs());
      for (int i = 0; i < table.get("positions").size(); i++) {
        rope.angles(table.get("positions").get(i).intValue(), angles, 0);
        for (int pair = 0; pair < rope.pairs(); pair++) {
          assertThat((double) angles.values()[pair])
              .isCloseTo(table.get("cos").get(i).get(pair).doubleValue(), offset(1e-6));
          assertThat((double) angles.values()[rope.pairs() + pair])
              .isCloseTo(table.get("sin").get(i).get(pair).doubleValue(), offset(1e-6));
        }
      }
    }
    assertThat(tables).hasSize(4);
  }

  @Test
  void turnsInterleavedPairsOfTheFirstHalfOfEachHead() {
    RotaryEmbedding rope = rope(new RotarySettings(10_000, 8, null));
    FloatMatrix angles = new FloatMatrix(2, 8);
    rope.angles(5, angles, 1);
    FloatMatrix x = TestMatrices.gaussian(new Random(1), 2, 3 * 16);
    float[] untouched = TestMatrices.row(x, 0);
    float[] before = TestMatrices.row(x, 1);

    rope.apply(x, angles, 1, 2, 16);

    float[] after = TestMatrices.row(x, 1);
    for (int i = 0; i < after.length; i++) {
      int element = i % 16;
      if (i >= 32 || element >= 8) {
        assertThat(after[i]).isEqualTo(before[i]);
      } else {
        double angle = 5 * Math.pow(10_000, -(element - element % 2) / 8.0);
        double a = before[i - i % 2];
        double b = before[i - i % 2 + 1];
        double expected =
            i % 2 == 0
                ? a * Math.cos(angle) - b * Math.sin(angle)
                : b * Math.cos(angle) + a * Math.sin(angle);
        assertThat((double) after[i]).isCloseTo(expected, offset(1e-6));
      }
    }
    assertThat(TestMatrices.row(x, 0)).isEqualTo(untouched);
  }

  @Test
  void theAmplitudeStretchesTurnedElementsOnly() {
    double[] frequencies = new RotarySettings(10_000, 8, null).frequencies();
    FloatMatrix angles = new FloatMatrix(1, 8);
    FloatMatrix x = TestMatrices.gaussian(new Random(2), 1, 16);
    float[] before = TestMatrices.row(x, 0);
    RotaryEmbedding stretched = new RotaryEmbedding(frequencies, 1.5);

    stretched.angles(0, angles, 0);
    stretched.apply(x, angles, 0, 1, 16);

    float[] after = TestMatrices.row(x, 0);
    for (int i = 0; i < after.length; i++) {
      assertThat(after[i]).isEqualTo(i < 8 ? before[i] * 1.5f : before[i]);
    }
  }
}
