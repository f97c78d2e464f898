package org.glmspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.glmspark.format.CheckpointFolder;
import org.glmspark.format.MalformedModelException;
import org.glmspark.format.Safetensors;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.Tensor;
import org.glmspark.tensor.WeightType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelLoaderTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {ModelFolders.CHAT, ModelFolders.CHAT_1M})
  void everyWeightOfTheRemoteCodeLayoutIsInItsPlace(String name) {
    Path golden = ModelFolders.golden(name);
    try (Model model = ModelLoader.load(golden);
        Arena arena = Arena.ofConfined()) {
      Map<String, Tensor> stored = CheckpointFolder.open(golden, arena).tensors();
      ModelWeights weights = model.weights();

      assertThat(
              weights
                  .embedding()
                  .data()
                  .mismatch(stored.get("transformer.embedding.word_embeddings.weight").data()))
          .isEqualTo(-1);
      assertMatrix(weights.output(), stored, "transformer.output_layer.weight");
      assertThat(weights.finalNorm())
          .isEqualTo(stored.get("transformer.encoder.final_layernorm.weight").floats());
      for (int i = 0; i < 3; i++) {
        String prefix = "transformer.encoder.layers." + i + ".";
        LayerWeights layer = weights.layers().get(i);
        assertThat(layer.attentionNorm())
            .isEqualTo(stored.get(prefix + "input_layernorm.weight").floats());
        assertThat(layer.feedForwardNorm())
            .isEqualTo(stored.get(prefix + "post_attention_layernorm.weight").floats());
        assertThat(layer.queryKeyValueBias())
            .isEqualTo(stored.get(prefix + "self_attention.query_key_value.bias").floats());
        assertMatrix(
            layer.queryKeyValue(), stored, prefix + "self_attention.query_key_value.weight");
        assertMatrix(layer.attentionOutput(), stored, prefix + "self_attention.dense.weight");
        assertMatrix(layer.gateUp(), stored, prefix + "mlp.dense_h_to_4h.weight");
        assertMatrix(layer.down(), stored, prefix + "mlp.dense_4h_to_h.weight");
      }
    }
  }

  @Test
  void everyWeightOfTheHuggingFaceLayoutIsInItsPlace() {
    Path golden = ModelFolders.golden(ModelFolders.CHAT_HF);
    try (Model model = ModelLoader.load(golden);
        Arena arena = Arena.ofConfined()) {
      Map<String, Tensor> stored = CheckpointFolder.open(golden, arena).tensors();
      ModelWeights weights = model.weights();

      assertThat(weights.embedding().name()).isEqualTo("model.embed_tokens.weight");
      assertMatrix(weights.output(), stored, "lm_head.weight");
      assertThat(weights.finalNorm()).isEqualTo(stored.get("model.norm.weight").floats());
      for (int i = 0; i < 3; i++) {
        String prefix = "model.layers." + i + ".";
        String attention = prefix + "self_attn.";
        LayerWeights layer = weights.layers().get(i);
        assertThat(layer.attentionNorm())
            .isEqualTo(stored.get(prefix + "input_layernorm.weight").floats());
        assertThat(layer.feedForwardNorm())
            .isEqualTo(stored.get(prefix + "post_attention_layernorm.weight").floats());
        float[] bias = layer.queryKeyValueBias();
        assertThat(Arrays.copyOfRange(bias, 0, 128))
            .isEqualTo(stored.get(attention + "q_proj.bias").floats());
        assertThat(Arrays.copyOfRange(bias, 128, 160))
            .isEqualTo(stored.get(attention + "k_proj.bias").floats());
        assertThat(Arrays.copyOfRange(bias, 160, bias.length))
            .isEqualTo(stored.get(attention + "v_proj.bias").floats());
        assertMatrix(
            layer.queryKeyValue(),
            stored,
            attention + "q_proj.weight",
            attention + "k_proj.weight",
            attention + "v_proj.weight");
        assertMatrix(layer.attentionOutput(), stored, attention + "o_proj.weight");
        assertMatrix(layer.gateUp(), stored, prefix + "mlp.gate_up_proj.weight");
        assertMatrix(layer.down(), stored, prefix + "mlp.down_proj.weight");
      }
    }
  }

  /// The matrix holds the bits of the named tensors, one below the other, in strips of 16 rows.
  private static void assertMatrix(
      StripMatrix matrix, Map<String, Tensor> stored, String... parts) {
    List<Tensor> tensors = Stream.of(parts).map(stored::get).toList();
    int columns = Math.toIntExact(tensors.getFirst().shape().getLast());
    short[] expected = new short[0];
    for (Tensor tensor : tensors) {
      short[] values = tensor.data().toArray(ValueLayout.JAVA_SHORT_UNALIGNED);
      int end = expected.length;
      expected = Arrays.copyOf(expected, end + values.length);
      System.arraycopy(values, 0, expected, end, values.length);
    }
    short[] found = new short[expected.length];
    for (int i = 0; i < found.length; i++) {
      int row = i / columns;
      long strip = row / StripMatrix.STRIP_ROWS;
      long element = (strip * columns + i % columns) * StripMatrix.STRIP_ROWS;
      found[i] =
          matrix.data().getAtIndex(ValueLayout.JAVA_SHORT, element + row % StripMatrix.STRIP_ROWS);
    }

    assertThat(matrix.type()).isEqualTo(WeightType.BF16);
    assertThat(matrix.columns()).isEqualTo(columns);
    assertThat(matrix.rows() * columns).isEqualTo(expected.length);
    assertThat(found).as(parts[0]).isEqualTo(expected);
  }

  @Test
  void aModelWithoutTokenizerFileHasNone() {
    Path golden = ModelFolders.golden(ModelFolders.CHAT);
    try (Model model = ModelLoader.load(golden)) {
      assertThat(model.path()).isEqualTo(golden);
      assertThat(model.config()).isEqualTo(ModelLoader.describe(golden).config());
      assertThat(model.digest()).isEqualTo(ModelDigest.of(golden));
      assertThat(model.tokenizer()).isNull();
      assertThat(model.chatTemplate()).isNull();
    }
  }

  @Test
  void loadsTheTokenizerAndComparesItWithTheEmbedding() throws IOException {
    ModelFolders.copy(ModelFolders.CHAT, folder);
    writeTokenizer(256 + 50); // and 14 special tokens: 320, the rows of the embedding
    try (Model model = ModelLoader.load(folder)) {
      assertThat(model.tokenizer()).isNotNull();
      assertThat(model.chatTemplate()).isNotNull();
      assertThat(model.config().stopTokens()) // its config.json names none
          .containsExactly(306, 313, 315);
    }

    writeTokenizer(256 + 51);
    assertRefused(
        folder,
        "tokenizer.model: vocabulary: has ids up to 320, expected less than the 320 rows of the"
            + " embedding");
  }

  /// All single bytes, then pairs of them.
  private void writeTokenizer(int ranks) throws IOException {
    List<String> lines =
        IntStream.range(0, ranks)
            .mapToObj(rank ->
                rank < 256
                    ? new byte[] {(byte) rank}
                    : new byte[] {(byte) 'a', (byte) (rank - 256)})
            .map(Base64.getEncoder()::encodeToString)
            .toList();
    Files.write(
        folder.resolve("tokenizer.model"),
        IntStream.range(0, ranks).mapToObj(rank -> lines.get(rank) + " " + rank).toList());
  }

  @Test
  void aClosedModelGivesItsMemoryBack() {
    Model model = ModelLoader.load(ModelFolders.golden(ModelFolders.CHAT));

    model.close();
    model.close();

    assertThat(model.weights().output().data().scope().isAlive()).isFalse();
    assertThat(model.weights().embedding().data().scope().isAlive()).isFalse();
  }

  @Test
  void describesAModelWithoutReadingItsWeights() {
    ModelDescription description = ModelLoader.describe(ModelFolders.golden(ModelFolders.CHAT));

    long parameters = description.config().parameters();
    assertThat(parameters).isEqualTo(781_184 / 2); // total_size in the index of its other form
    assertThat(description.weightBytes()).isEqualTo(Map.of("BF16", 2 * parameters));
  }

  @Test
  void refusesFoldersThatAreNone() throws IOException {
    Path missing = folder.resolve("missing");
    Path file = Files.createFile(folder.resolve("file"));

    assertRefused(
        missing,
        missing
            + ": model: there is no such folder or file, expected a folder with config.json, a file .gguf or a pack .glmpack");
    assertRefused(
        file,
        file
            + ": model: is another file, expected a folder with config.json, a file .gguf or a pack .glmpack");
    assertRefused(folder, "config.json: in " + folder + ": there is no such file");
  }

  @Test
  void refusesBrokenWeightFiles() throws IOException {
    ModelFolders.copy(ModelFolders.CHAT_1M, folder);
    Path shard = folder.resolve("model-00002-of-00002.safetensors");
    byte[] whole = Files.readAllBytes(shard);

    Files.write(shard, Arrays.copyOf(whole, whole.length - 1));
    assertRefused(
        folder,
        "model-00002-of-00002.safetensors: tensor 'transformer.output_layer.weight': data_offsets"
            + " is [378368, 460288], but the file has 460287 bytes of data");
    Files.write(shard, Arrays.copyOf(whole, 1000));
    assertRefused(folder, "model-00002-of-00002.safetensors: header length: is 1600 bytes");
    Files.delete(shard);
    assertRefused(folder, "model-00002-of-00002.safetensors: tensor 'transformer.encoder.layers.1");
    Files.delete(folder.resolve("model.safetensors.index.json"));
    assertRefused(folder, folder + ": weights: there is neither a model.safetensors nor a");
  }

  @Test
  void refusesShapesThatContradictTheConfig() {
    ModelFolders.copy(ModelFolders.CHAT, folder);
    Safetensors.editHeader(
        folder.resolve("model.safetensors"),
        header -> header.replace("\"shape\":[320,128]", "\"shape\":[128,320]"));

    assertRefused(
        folder,
        "model.safetensors: tensor 'transformer.embedding.word_embeddings.weight': is [128, 320],"
            + " expected [320, 128] (padded_vocab_size, hidden_size in config.json)");
  }

  private static void assertRefused(Path folder, String message) {
    assertThatThrownBy(() -> ModelLoader.load(folder))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining(message);
    assertThatThrownBy(() -> ModelLoader.describe(folder))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining(message);
  }
}
