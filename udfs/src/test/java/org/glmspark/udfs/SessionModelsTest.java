package org.glmspark.udfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SessionModelsTest {
  private static final String PATH = "spark.glm.models.small.path";

  @ParameterizedTest
  @CsvSource({
    "weights, q4",
    "output-weights, q8",
    "pack-cache, /packs",
    "rope-base, 5000000",
    "norm-epsilon, 0.001",
    "context, 4096",
    "chat-format, glm-4",
    "threads, 3",
    "max-batch, 5",
    "step-tokens, 999",
    "kv-cache-type, int8",
    "kv-cache-bytes, 12345678",
    "kernels, vector",
    "prefix-cache, off",
    "prompt-lookup, off",
    "kv-cache-storage, file",
    "kv-cache-folder, /caches",
    "part-tokens, 350"
  })
  void anOptionIsSaidOfOneModelOrOfAll(String option, String value) {
    ModelSettings ofOne =
        new SessionModels(Map.of(PATH, "/small", "spark.glm.models.small." + option, value))
            .defaultModel();
    ModelSettings ofAll =
        new SessionModels(Map.of(PATH, "/small", "spark.glm." + option, value)).defaultModel();

    assertThat(ofOne)
        .isEqualTo(ofAll)
        .isNotEqualTo(new SessionModels(Map.of(PATH, "/small")).defaultModel());
  }

  @ParameterizedTest
  @CsvSource({
    "spark.glm.max-bach, max-batch",
    "spark.glm.modell, model",
    "spark.glm.path, none",
    "spark.glm.fail-on-eror, fail-on-error",
    "spark.glm.models.small.thread, threads",
    "spark.glm.models.threads, none"
  })
  void aNameThatIsNoSettingIsRefused(String key, String meant) {
    assertThatThrownBy(() -> new SessionModels(Map.of(key, "4")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(key + " is no setting")
        .hasMessageContaining(meant.equals("none") ? "; expected " : "mean '" + meant + "'?");
  }

  @Test
  void settingsOfOtherThingsAreLeftAlone() {
    Map<String, String> settings =
        Map.of(
            PATH,
            "/small",
            "spark.glm.fail-on-error",
            "true",
            "spark.glm.result-cache-bytes",
            "0",
            "spark.sql.shuffle.partitions",
            "4");

    assertThat(new SessionModels(settings).names()).containsExactly("small");
  }
}
