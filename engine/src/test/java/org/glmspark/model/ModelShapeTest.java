package org.glmspark.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ModelShapeTest {
  @Test
  void shapesAreThoseOfThePublishedModels() {
    assertThat(ModelShape.CHATGLM2_6B.config().parameters()).isEqualTo(6_243_584_000L);
    assertThat(ModelShape.CHATGLM3_6B.config().parameters()).isEqualTo(6_243_584_000L);
    assertThat(ModelShape.GLM_4_9B.config().parameters()).isEqualTo(9_399_951_360L);
    assertThat(ModelShape.GLM_4_9B_1M.config().parameters()).isEqualTo(9_483_857_920L);
    assertThat(ModelShape.GLM_4_32B.config().parameters()).isEqualTo(32_566_081_536L);
    assertThat(ModelShape.GLM_4_9B.config(8).layers()).isEqualTo(8);
    assertThat(ModelShape.GLM_4_9B_1M.optionName()).isEqualTo("glm-4-9b-1m");
  }
}
