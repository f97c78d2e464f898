package org.glmspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.glmspark.format.CheckpointFolder;
import org.glmspark.format.MalformedModelException;
import org.glmspark.format.Safetensors;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.StoredMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTensorsTest {
  private static final String LAYER = "transformer.encoder.layers.1.";

  @TempDir Path folder;
  private Arena arena;

  @BeforeEach
  void openArena() {
    arena = Arena.ofConfined();
  }

  @AfterEach
  void closeArena() {
    arena.close();
  }

  @Test
  void findsAllTensorsOfTheRemoteCodeLayout() {
    CheckpointTensors tensors = find(ModelFolders.golden(ModelFolders.CHAT));

    assertThat(tensors.layers()).hasSize(3);
    assertThat(tensors.embedding().shape()).containsExactly(320L, 128L);
    assertThat(tensors.output().name()).isEqualTo("transformer.output_layer.weight");
    CheckpointTensors.Layer layer = tensors.layers().get(1);
    assertThat(shapes(layer.queryKeyValue())).containsExactly(List.of(192L, 128L));
    assertThat(shapes(layer.queryKeyValueBias())).containsExactly(List.of(192L));
    assertThat(layer.attentionOutput().shape()).containsExactly(128L, 128L);
    assertThat(layer.gateUp().shape()).containsExactly(320L, 128L);
    assertThat(layer.down().shape()).containsExactly(128L, 160L);
    assertThat(layer.attentionNorm().name()).isEqualTo(LAYER + "input_layernorm.weight");
    assertThat(layer.feedForwardNorm().name()).isEqualTo(LAYER + "post_attention_layernorm.weight");
    // 2 · 3 norms, 4 matrices and 1 bias a layer, the final norm, embedding and output
    assertThat(tensors.stream()).hasSize(3 * 7 + 3).allMatch(t -> t.dtype() == DType.BF16);
  }

  @Test
  void findsAllTensorsOfTheHuggingFaceLayout() {
    CheckpointTensors tensors = find(ModelFolders.golden(ModelFolders.CHAT_HF));

    CheckpointTensors.Layer layer = tensors.layers().get(1);
    assertThat(layer.queryKeyValue())
        .extracting(StoredMatrix::name)
        .containsExactly(
            "model.layers.1.self_attn.q_proj.weight",
            "model.layers.1.self_attn.k_proj.weight",
            "model.layers.1.self_attn.v_proj.weight");
    assertThat(shapes(layer.queryKeyValue()))
        .containsExactly(List.of(128L, 128L), List.of(32L, 128L), List.of(32L, 128L));
    assertThat(shapes(layer.queryKeyValueBias()))
        .containsExactly(List.of(128L), List.of(32L), List.of(32L));
    assertThat(layer.attentionOutput().name()).isEqualTo("model.layers.1.self_attn.o_proj.weight");
    assertThat(tensors.stream()).hasSize(3 * 11 + 3);
  }

  @Test
  void acceptsTheFusedProjectionOfTheFirstConverter() {
    // the same tensors as the remote-code layout, under the names of the other one
    ModelFolders.copy(ModelFolders.CHAT, folder);
    Safetensors.editHeader(
        folder.resolve("model.safetensors"),
        header ->
            header
                .replace("transformer.embedding.word_embeddings", "model.embed_tokens")
                .replace("transformer.rotary_pos_emb", "model.rotary_emb")
                .replace("transformer.encoder.final_layernorm", "model.norm")
                .replace("transformer.output_layer", "lm_head")
                .replace("transformer.encoder.layers", "model.layers")
                .replace("self_attention.query_key_value", "self_attn.qkv_proj")
                .replace("self_attention.dense", "self_attn.o_proj")
                .replace("dense_h_to_4h", "gate_up_proj")
                .replace("dense_4h_to_h", "down_proj"));
    useConfigOf(ModelFolders.CHAT_HF);

    CheckpointTensors.Layer layer = find(folder).layers().get(2);

    assertThat(layer.queryKeyValue())
        .extracting(StoredMatrix::name)
        .containsExactly("model.layers.2.self_attn.qkv_proj.weight");
    assertThat(shapes(layer.queryKeyValueBias())).containsExactly(List.of(192L));
  }

  @Test
  void refusesShapesThatContradictTheConfig() {
    ModelFolders.copy(ModelFolders.CHAT, folder);
    ModelFolders.replace(config(), "\"ffn_hidden_size\": 160", "\"ffn_hidden_size\": 144");
    assertRefused(
        "model.safetensors: tensor 'transformer.encoder.layers.0.mlp.dense_h_to_4h.weight':"
            + " is [320, 128], expected [288, 128] (ffn_hidden_size in config.json)");

    useConfigOf(ModelFolders.CHAT_1M);
    assertRefused(
        "model.safetensors: tensor"
            + " 'transformer.encoder.layers.0.self_attention.query_key_value.weight': is [192,"
            + " 128], expected [256, 128] (num_attention_heads, multi_query_group_num, kv_channels"
            + " in config.json)");
  }

  @Test
  void refusesShapesOfAnotherRank() {
    edit("\"shape\":[320,128],\"data_offsets\":[0,", "\"shape\":[320,64,2],\"data_offsets\":[0,");

    assertRefused(
        "tensor 'transformer.embedding.word_embeddings.weight': is [320, 64, 2], expected"
            + " [320, 128] (padded_vocab_size, hidden_size in config.json)");
  }

  @Test
  void namesTheKeysOfTheHuggingFaceLayout() {
    ModelFolders.copy(ModelFolders.CHAT_HF, folder);
    ModelFolders.replace(config(), "\"num_key_value_heads\": 2", "\"num_key_value_heads\": 4");

    assertRefused(
        "model-00001-of-00002.safetensors: tensor 'model.layers.0.self_attn.k_proj.weight': is"
            + " [32, 128], expected [64, 128] (num_key_value_heads, head_dim in config.json)");
  }

  @Test
  void refusesMissingTensors() {
    edit("1.mlp.dense_4h_to_h.weight", "1.mlp.dense_4h_to_h.wait");

    assertRefused(
        "model.safetensors: tensor '"
            + LAYER
            + "mlp.dense_4h_to_h.weight': is missing, expected"
            + " [128, 160] (hidden_size, ffn_hidden_size in config.json)");
  }

  @Test
  void refusesMoreLayersThanTheConfigHas() {
    ModelFolders.copy(ModelFolders.CHAT, folder);
    ModelFolders.replace(config(), "\"num_layers\": 3", "\"num_layers\": 2");

    assertRefused(
        "tensor 'transformer.encoder.layers.2.input_layernorm.weight': is [128], expected no such"
            + " tensor in a GLM of 2 layers (num_layers, model_type in config.json)");
  }

  @Test
  void refusesFewerLayersThanTheConfigHas() {
    ModelFolders.copy(ModelFolders.CHAT, folder);
    ModelFolders.replace(config(), "\"num_layers\": 3", "\"num_layers\": 4");

    assertRefused("tensor 'transformer.encoder.layers.3.input_layernorm.weight': is missing");
  }

  @Test
  void refusesTensorsOfAnotherArchitecture() {
    edit(
        "transformer.rotary_pos_emb.inv_freq",
        "transformer.encoder.layers.0.post_self_attn_layernorm.weight");

    assertRefused("layers.0.post_self_attn_layernorm.weight': is [4], expected no such tensor");
  }

  @Test
  void refusesABiasThatTheConfigDenies() {
    ModelFolders.copy(ModelFolders.CHAT, folder);
    ModelFolders.replace(config(), "\"add_qkv_bias\": true", "\"add_qkv_bias\": false");
    assertRefused(
        "tensor 'transformer.encoder.layers.0.self_attention.query_key_value.bias': is there,"
            + " expected no bias (add_qkv_bias in config.json)");
  }

  @Test
  void refusesAMissingBias() {
    edit("layers.1.self_attention.query_key_value.bias", "layers.1.bias");

    assertRefused(
        "tensor '" + LAYER + "self_attention.query_key_value.bias': is missing, expected [192]");
  }

  @Test
  void refusesTypesThatAreNoWeights() {
    edit("\"BF16\",\"shape\":[128]", "\"I16\",\"shape\":[128]");

    assertRefused("input_layernorm.weight': is I16, expected floating-point numbers");
  }

  private static List<List<Long>> shapes(List<? extends StoredMatrix> tensors) {
    return tensors.stream().map(StoredMatrix::shape).toList();
  }

  /// Copies the golden model and replaces a part of its header.
  private void edit(String old, String replacement) {
    ModelFolders.copy(ModelFolders.CHAT, folder);
    Safetensors.editHeader(
        folder.resolve("model.safetensors"), header -> header.replace(old, replacement));
  }

  private void useConfigOf(String name) {
    try {
      Files.writeString(
          config(), Files.readString(ModelFolders.golden(name).resolve("config.json")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path config() {
    return folder.resolve("config.json");
  }

  private CheckpointTensors find(Path model) {
    CheckpointFolder checkpoint = CheckpointFolder.open(model, arena);
    PublishedConfig config = ConfigFile.of(ConfigFile.read(model), checkpoint.tensors().keySet());
    return CheckpointTensors.find(config, checkpoint.directory(), checkpoint.tensors());
  }

  private void assertRefused(String message) {
    assertThatThrownBy(() -> find(folder))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining(message);
  }
}
