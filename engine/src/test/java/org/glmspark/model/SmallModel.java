package org.glmspark.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.glmspark.format.StoredTensor;
import org.glmspark.tensor.DType;

/// A model of one layer in the layout with code of its own, small but for its vocabulary.
final class SmallModel {
  private static final int HIDDEN = 16;
  private static final int HEAD_SIZE = 16;
  private static final int HEADS = 2;
  private static final int QUERY_KEY_VALUE_ROWS = (HEADS + 2) * HEAD_SIZE;
  private static final int FEED_FORWARD = 24;
  private static final String LAYER = "transformer.encoder.layers.0.";

  private final int vocabulary;
  private final List<StoredTensor> tensors = new ArrayList<>();

  private SmallModel(int vocabulary) {
    this.vocabulary = vocabulary;
  }

  /// A model of zeros.
  static SmallModel zeros(int vocabulary) {
    var model = new SmallModel(vocabulary);
    model.addVectorsAndVocabulary(new Random(0), 0);
    model.addMatrix("self_attention.query_key_value.weight", QUERY_KEY_VALUE_ROWS, HIDDEN);
    model.addMatrix("self_attention.dense.weight", HIDDEN, HEADS * HEAD_SIZE);
    model.addMatrix("mlp.dense_h_to_4h.weight", 2 * FEED_FORWARD, HIDDEN);
    model.addMatrix("mlp.dense_4h_to_h.weight", HIDDEN, FEED_FORWARD);
    return model;
  }

  private void addMatrix(String name, int rows, int columns) {
    tensors.add(
        StoredTensor.ofHalves(
            LAYER + name, new float[rows * columns], (long) rows, (long) columns));
  }

  /// A model whose layer is stored as the official checkpoints of `quantization_bit` 8 and 4 are,
  /// and the same model with these matrices in float32.
  record Twins(SmallModel quantized, SmallModel floats) {
    static Twins of(int bits) {
      int vocabulary = 40;
      var twins = new Twins(new SmallModel(vocabulary), new SmallModel(vocabulary));
      twins.quantized.addVectorsAndVocabulary(new Random(bits), 1);
      twins.floats.addVectorsAndVocabulary(new Random(bits), 1);
      var random = new Random(-bits);
      twins.add(
          bits, "self_attention.query_key_value.weight", QUERY_KEY_VALUE_ROWS, HIDDEN, random);
      twins.add(bits, "self_attention.dense.weight", HIDDEN, HEADS * HEAD_SIZE, random);
      twins.add(bits, "mlp.dense_h_to_4h.weight", 2 * FEED_FORWARD, HIDDEN, random);
      twins.add(bits, "mlp.dense_4h_to_h.weight", HIDDEN, FEED_FORWARD, random);
      return twins;
    }

    private void add(int bits, String name, int rows, int columns, Random random) {
      int perByte = Byte.SIZE / bits;
      byte[] stored = new byte[rows * columns / perByte];
      float[] scales = new float[rows];
      float[] values = new float[rows * columns];
      for (int row = 0; row < rows; row++) {
        scales[row] = Float.float16ToFloat(Float.floatToFloat16(random.nextFloat(0.001f, 0.1f)));
        for (int column = 0; column < columns; column++) {
          int at = row * columns + column;
          int q = random.nextInt(-(1 << (bits - 1)), 1 << (bits - 1));
          values[at] = scales[row] * q;
          if (bits == 8) {
            stored[at] = (byte) q;
          } else { // the even column in the high half
            stored[at / 2] |= (byte) (column % 2 == 0 ? q << 4 : q & 15);
          }
        }
      }
      quantized.tensors.add(
          new StoredTensor(
              LAYER + name, DType.I8, List.of((long) rows, (long) columns / perByte), stored));
      quantized.tensors.add(StoredTensor.ofHalves(LAYER + name + "_scale", scales, (long) rows));
      floats.tensors.add(StoredTensor.ofFloats(LAYER + name, values, (long) rows, (long) columns));
    }
  }

  private void addVectorsAndVocabulary(Random random, float size) {
    add("transformer.embedding.word_embeddings.weight", random, size, vocabulary, HIDDEN);
    add("transformer.rotary_pos_emb.inv_freq", random, size, HEAD_SIZE / 4);
    add(LAYER + "input_layernorm.weight", random, size, HIDDEN);
    add(LAYER + "self_attention.query_key_value.bias", random, size, QUERY_KEY_VALUE_ROWS);
    add(LAYER + "post_attention_layernorm.weight", random, size, HIDDEN);
    add("transformer.encoder.final_layernorm.weight", random, size, HIDDEN);
    add("transformer.output_layer.weight", random, size, vocabulary, HIDDEN);
  }

  private void add(String name, Random random, float size, int... shape) {
    int count = 1;
    for (int dimension : shape) {
      count *= dimension;
    }
    float[] values = new float[count];
    if (size != 0) {
      for (int i = 0; i < count; i++) {
        values[i] = size * (float) random.nextGaussian();
      }
    }
    Long[] sizes = Arrays.stream(shape).mapToObj(Long::valueOf).toArray(Long[]::new);
    tensors.add(StoredTensor.ofHalves(name, values, sizes));
  }

  /// All tensors, to be changed.
  List<StoredTensor> tensors() {
    return tensors;
  }

  /// Writes `config.json` and `model.safetensors`.
  ///
  /// @param settings more lines of the configuration, such as `"rope_ratio": 50`
  void write(Path folder, String... settings) {
    writeConfig(folder, settings);
    StoredTensor.writeSafetensors(folder, tensors);
  }

  /// Writes `config.json` and `pytorch_model.bin`.
  void writeTorch(Path folder, String... settings) {
    writeConfig(folder, settings);
    StoredTensor.writeTorch(folder, tensors);
  }

  private void writeConfig(Path folder, String... settings) {
    var lines = new ArrayList<String>(List.of(settings));
    lines.add("\"model_type\": \"chatglm\", \"num_layers\": 1, \"add_qkv_bias\": true");
    lines.add("\"multi_query_attention\": true, \"multi_query_group_num\": 1");
    lines.add("\"layernorm_epsilon\": 1e-05, \"seq_length\": 32768");
    lines.add("\"hidden_size\": %d, \"num_attention_heads\": %d".formatted(HIDDEN, HEADS));
    lines.add("\"kv_channels\": %d, \"ffn_hidden_size\": %d".formatted(HEAD_SIZE, FEED_FORWARD));
    lines.add("\"padded_vocab_size\": " + vocabulary);
    try {
      Files.writeString(folder.resolve("config.json"), "{" + String.join(",\n ", lines) + "}");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
