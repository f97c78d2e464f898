package org.glmspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.glmspark.format.MalformedModelException;
import org.glmspark.format.StoredTensor;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.WeightType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Folders in the form of the official INT8 and INT4 checkpoints of ChatGLM.
class QuantizedFolderTest {
  private static final String DOWN = "transformer.encoder.layers.0.mlp.dense_4h_to_h.weight";

  @TempDir Path folder;
  @TempDir Path floatFolder;

  @ParameterizedTest(name = "INT{0}")
  @ValueSource(ints = {4, 8})
  void everyWeightIsThatOfTheFloatTwin(int bits) {
    SmallModel.Twins twins = SmallModel.Twins.of(bits);
    twins.quantized().writeTorch(folder, "\"quantization_bit\": " + bits);
    twins.floats().writeTorch(floatFolder);
    try (Model quantized = ModelLoader.load(folder);
        Model floats = ModelLoader.load(floatFolder)) {
      assertThat(quantized.config()).isEqualTo(floats.config());
      LayerWeights layer = quantized.weights().layers().getFirst();
      LayerWeights twin = floats.weights().layers().getFirst();
      List<StripMatrix> twinMatrices = matrices(twin).toList();
      assertThat(matrices(layer))
          .zipSatisfy(
              twinMatrices,
              (matrix, expected) -> {
                assertThat(matrix.rows()).isEqualTo(expected.rows());
                assertThat(matrix.columns()).isEqualTo(expected.columns());
                assertThat(matrix.type()).isEqualTo(expected.type()).isEqualTo(WeightType.F32);
                assertThat(matrix.data().mismatch(expected.data())).as(matrix.name()).isEqualTo(-1);
              });
      assertThat(layer.queryKeyValueBias()).isEqualTo(twin.queryKeyValueBias());
      assertThat(layer.attentionNorm()).isEqualTo(twin.attentionNorm());
      assertThat(quantized.weights().output().data().mismatch(floats.weights().output().data()))
          .isEqualTo(-1);
    }
  }

  private static Stream<StripMatrix> matrices(LayerWeights layer) {
    return Stream.of(layer.queryKeyValue(), layer.attentionOutput(), layer.gateUp(), layer.down());
  }

  @Test
  void safetensorsHoldTheSameCheckpoint() {
    SmallModel.Twins.of(4).quantized().write(folder, "\"quantization_bit\": 4");

    ModelDescription description = ModelLoader.describe(folder);

    assertThat(description.quantizationBits()).isEqualTo(4);
    assertThat(description.weightBytes()).containsOnlyKeys("F16", "I8");
    assertThat(description.weightBytes().get("I8")) // half a byte for each weight of the layer
        .isEqualTo((64 * 16 + 16 * 32 + 48 * 16 + 16 * 24) / 2);
  }

  @Test
  void refusesTensorsThatTheNumberOfBitsContradicts() {
    SmallModel model = SmallModel.Twins.of(8).quantized();
    model.write(folder, "\"quantization_bit\": 4");
    assertRefused("is [64, 16], expected [64, 8] (");

    model.write(folder);
    assertRefused(
        "tensor 'transformer.encoder.layers.0.self_attention.query_key_value.weight': is I8, expected floating-point numbers");

    SmallModel.Twins.of(8).floats().write(folder, "\"quantization_bit\": 8");
    assertRefused("is F32, expected I8 (quantization_bit in config.json)");
  }

  @Test
  void refusesMatricesWithoutScales() {
    SmallModel model = SmallModel.Twins.of(8).quantized();
    model.tensors().removeIf(tensor -> tensor.name().equals(DOWN + "_scale"));
    model.write(folder, "\"quantization_bit\": 8");
    assertRefused("tensor '" + DOWN + "_scale': is missing, expected [16] (hidden_size in");

    model.tensors().add(StoredTensor.ofHalves(DOWN + "_scale", new float[15], 15L));
    model.write(folder, "\"quantization_bit\": 8");
    assertRefused("tensor '" + DOWN + "_scale': is [15], expected [16]");
  }

  private void assertRefused(String message) {
    assertThatThrownBy(() -> ModelLoader.describe(folder))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining(message);
  }
}
