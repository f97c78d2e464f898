package org.glmspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.glmspark.format.JsonObject;
import org.glmspark.format.MalformedModelException;
import org.glmspark.format.Mutations;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigFileTest {
  private static final Set<String> BIASES = Set.of("model.layers.0.self_attn.q_proj.bias");

  @TempDir Path folder;

  @Test
  void readsBothLayoutsOfTheSameModel() {
    PublishedConfig chat = read(ModelFolders.golden(ModelFolders.CHAT));
    PublishedConfig huggingFace = read(ModelFolders.golden(ModelFolders.CHAT_HF));

    assertThat(chat.layout()).isEqualTo(PublishedConfig.Layout.REMOTE_CODE);
    assertThat(huggingFace.layout()).isEqualTo(PublishedConfig.Layout.HUGGING_FACE);
    assertThat(chat.config()).isEqualTo(golden(2, 5e6, 131_072)).isEqualTo(huggingFace.config());
  }

  @Test
  void readsTheLongContextModel() {
    assertThat(read(ModelFolders.golden(ModelFolders.CHAT_1M)).config())
        .isEqualTo(golden(4, 1e8, 1_048_576));
  }

  private static ModelConfig golden(int keyValueHeads, double ropeBase, int context) {
    return new ModelConfig(
        BlockType.PRE_NORM,
        128,
        3,
        8,
        keyValueHeads,
        16,
        160,
        320,
        1.5625e-7f,
        new RotarySettings(ropeBase, 8, null),
        context,
        true,
        false,
        List.of());
  }

  /// What models leave out or write in another way, and what it means.
  @Test
  void absentKeysHaveTheDefaultsOfThePublishedCode() {
    edit(ModelFolders.CHAT, "\"rope_ratio\": 500", "\"rope_ratio\": null");
    assertThat(read().rope().base()).isEqualTo(1e4);
    edit(ModelFolders.CHAT, "\"multi_query_attention\": true,", "");
    assertThat(read().keyValueHeads()).isEqualTo(8);
    edit(ModelFolders.CHAT, "\"add_qkv_bias\": true,", "");
    assertThat(read().queryKeyValueBias()).isFalse();

    edit(ModelFolders.CHAT_HF, "\"partial_rotary_factor\": 0.5,", "");
    assertThat(read().rope().rotatedSize()).isEqualTo(8);
    edit(ModelFolders.CHAT_HF, "\"rope_theta\": 5000000.0,", "\"rope_scaling\": null,");
    assertThat(read().rope().base()).isEqualTo(1e4);
    edit(ModelFolders.CHAT_HF, "\"attention_bias\": true,", "");
    assertThat(read().queryKeyValueBias()).isTrue();
    edit(ModelFolders.CHAT_HF, "\"rms_norm_eps\": 1.5625e-07,", "");
    assertThat(read().normEpsilon()).isEqualTo(1.5625e-7f);
    assertThat(read(folder).origins())
        .containsEntry(Hyperparameter.NORM_EPSILON, "default, no rms_norm_eps in config.json");
    edit(
        ModelFolders.CHAT_HF,
        "\"rope_theta\": 5000000.0,",
        "\"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 3e4,"
            + " \"partial_rotary_factor\": 0.75},");
    assertThat(read().rope().base()).isEqualTo(3e4);
    assertThat(read().rope().rotatedSize()).isEqualTo(12);
  }

  @Test
  void readsTheModelOfSandwichNorms() {
    PublishedConfig config = read(ModelFolders.golden("glm-4-32b-0414"));

    assertThat(config.config().blockType()).isEqualTo(BlockType.SANDWICH_NORM);
    assertThat(config.config().queryKeyValueBias()).isFalse();
    assertThat(config.config().normEpsilon()).isEqualTo(1e-5f);
    assertThat(config.origins())
        .containsEntry(Hyperparameter.BLOCK_TYPE, "model_type in config.json")
        .containsEntry(Hyperparameter.ROPE_BASE, "rope_theta in config.json")
        .containsEntry(Hyperparameter.STOP_TOKENS, "default, no eos_token_id in config.json")
        .containsOnlyKeys(Hyperparameter.values());
  }

  @Test
  void aBiasThatTheFileDoesNotMentionIsWhereTheTensorsHaveOne() {
    edit("glm-4-32b-0414", "\"attention_bias\": false,", "");
    JsonObject json = ConfigFile.read(folder);

    assertThat(ConfigFile.of(json, BIASES).config().queryKeyValueBias()).isTrue();
    PublishedConfig without = ConfigFile.of(json, Set.of("lm_head.weight"));
    assertThat(without.config().queryKeyValueBias()).isFalse();
    assertThat(without.origins())
        .containsEntry(Hyperparameter.QUERY_KEY_VALUE_BIAS, "tensors: there are no biases");
  }

  /// The entry that the authors of GLM-4-32B advise, and what newer versions of transformers write.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"rope_theta\": 1e4, \"rope_scaling\": {\"factor\": 4.0,"
            + " \"original_max_position_embeddings\": 32768, \"type\": \"yarn\"}",
        "\"rope_theta\": 1e4, \"rope_scaling\": {\"factor\": 4.0, \"rope_type\": \"yarn\"}",
        "\"rope_parameters\": {\"rope_type\": \"yarn\", \"rope_theta\": 1e4, \"factor\": 4.0,"
            + " \"partial_rotary_factor\": 0.5}",
      })
  void yarnStretchesTheContextWhereItIsAskedFor(String entry) {
    edit("glm-4-32b-0414", "\"rope_theta\": 10000.0", entry);

    ModelConfig config = read();

    assertThat(config.rope().yarn())
        .isEqualTo(new YarnScaling(4, 32_768, 32, 1, 1.138629436111989));
    assertThat(config.contextTokens()).isEqualTo(131_072);
    assertThat(config.rope().base()).isEqualTo(1e4);
  }

  @Test
  void quantizedCheckpointsAreOnesOfEightOrFourBits() {
    edit(ModelFolders.CHAT, "\"use_cache\": true", "\"quantization_bit\": 4");
    assertThat(read(folder).quantizationBits()).isEqualTo(4);
    edit(ModelFolders.CHAT, "\"use_cache\": true", "\"quantization_bit\": 0");
    assertThat(read(folder).quantizationBits()).isZero();
  }

  @Test
  void stopTokensAreANumberOrAList() {
    edit(ModelFolders.CHAT, "\"use_cache\": true", "\"eos_token_id\": 319");
    assertThat(read().stopTokens()).containsExactly(319);
    edit(ModelFolders.CHAT_HF, "\"tie_word_embeddings\"", "\"eos_token_id\": [0, 7], \"x\"");
    assertThat(read().stopTokens()).containsExactly(0, 7);
  }

  @ParameterizedTest(name = "{2}: {3}")
  @CsvSource(
      delimiter = '|',
      value = {
        "\"model_type\": \"chatglm\" | \"model_type\": \"llama\" | model_type |"
            + " is \"llama\", expected chatglm, glm or glm4",
        "\"model_type\": \"chatglm\", | '' | model_type | is missing",
        "\"num_layers\": 3, | '' | num_layers | is missing",
        "\"num_layers\": 3 | \"num_layers\": \"3\" | num_layers |"
            + " is \"3\", expected a whole number from 1 to 4096",
        "\"num_layers\": 3 | \"num_layers\": 3.0 | num_layers | is 3.0, expected a whole number",
        "\"num_layers\": 3 | \"num_layers\": null | num_layers | is null, expected a whole number",
        "\"hidden_size\": 128 | \"hidden_size\": 0 | hidden_size | is 0, expected a whole number",
        "\"hidden_size\": 128 | \"hidden_size\": 4294967424 | hidden_size | is 4294967424,"
            + " expected",
        "\"kv_channels\": 16 | \"kv_channels\": 10 | kv_channels |"
            + " is 10, expected a multiple of 16",
        "\"kv_channels\": 16 | \"kv_channels\": 200000 | kv_channels | expected a whole number from"
            + " 1",
        "\"multi_query_group_num\": 2 | \"multi_query_group_num\": 3 | multi_query_group_num |"
            + " is 3, expected a divisor of the 8 heads (num_attention_heads)",
        "\"multi_query_attention\": true | \"multi_query_attention\": 1 | multi_query_attention |"
            + " is 1, expected true or false",
        "1.5625e-07 | -1e-5 | layernorm_epsilon | is -1.0E-5, expected a number above 0",
        "1.5625e-07 | 1e-60 | layernorm_epsilon | is 1.0E-60, expected a number above 0",
        "1.5625e-07 | 1e999 | layernorm_epsilon | expected a number above 0",
        "\"rope_ratio\": 500 | \"rope_ratio\": 1e-4 | rope_ratio | the rotary base greater than 1",
        "\"rope_ratio\": 500 | \"rope_ratio\": 1e305 | rope_ratio | the rotary base greater than 1",
        "\"seq_length\": 131072 | \"seq_length\": -1 | seq_length | is -1, expected a whole number",
        "\"use_cache\": true | \"eos_token_id\": 320 | eos_token_id |"
            + " is 320, expected a whole number from 0 to 319",
        "\"use_cache\": true | \"eos_token_id\": [1, [2]] | eos_token_id | is [2], expected a"
            + " whole",
        "\"use_cache\": true | \"quantization_bit\": 2 | quantization_bit | is 2, expected 0, 4 or 8",
        "\"use_cache\": true | \"quantization_config\": {\"a\": 1} | quantization_config |"
            + " is {\"a\":1}, expected none",
        "\"use_cache\": true | \"rope_scaling\": {\"type\": \"yarn\"} | rope_scaling |"
            + " is {\"type\":\"yarn\"}, expected none",
        "\"add_bias_linear\": false | \"add_bias_linear\": true | add_bias_linear | is true,"
            + " expected",
        "post_layernorm\": false | post_layernorm\": true |"
            + " apply_residual_connection_post_layernorm | is true, expected false",
        "\"rmsnorm\": true | \"rmsnorm\": false | rmsnorm | is false, expected true",
        "\"post_layer_norm\": true | \"post_layer_norm\": false | post_layer_norm | is false",
        "\"original_rope\": true | \"original_rope\": false | original_rope | is false, expected"
            + " true",
      })
  void refusesWhatIsWrongOrNotComputed(String old, String replacement, String key, String problem) {
    edit(ModelFolders.CHAT, old, replacement);

    assertRefused("config.json: key '" + key + "': ", problem);
  }

  @ParameterizedTest(name = "{2}: {3}")
  @CsvSource(
      delimiter = '|',
      value = {
        "\"silu\" | \"gelu\" | hidden_act | is \"gelu\", expected silu",
        "\"intermediate_size\": 160, | '' | intermediate_size | is missing",
        "\"head_dim\": 16, | '' | head_dim | is missing",
        "_factor\": 0.5 | _factor\": 1.5 | partial_rotary_factor |"
            + " is 1.5, expected an even number of rotated elements, 2 to 16, not 24",
        "_factor\": 0.5 | _factor\": 0.2 | partial_rotary_factor | not 3",
        "5000000.0 | \"5e6\" | rope_theta | is \"5e6\", expected a number above 0",
        "5000000.0 | 0.5 | rope_theta | is 0.5, expected a number that makes the rotary base",
        "\"rope_theta\": 5000000.0 | \"rope_parameters\": {\"rope_type\": \"yarn\"} |"
            + " rope_parameters.factor | is missing",
        "\"rope_theta\": 5000000.0 | \"rope_scaling\": {\"type\": \"linear\"} |"
            + " rope_scaling.type | is \"linear\", expected yarn or default",
        "\"rope_theta\": 5000000.0 | \"rope_scaling\": {\"factor\": 4.0} |"
            + " rope_scaling.rope_type | is missing",
        "\"rope_theta\": 5000000.0 | \"rope_scaling\": {\"type\": \"yarn\", \"factor\": 0.5} |"
            + " rope_scaling.factor | is 0.5, expected a number from 1",
        "\"rope_theta\": 5000000.0 | \"rope_scaling\": {\"type\": \"yarn\", \"factor\": 2,"
            + " \"mscale\": 1} | rope_scaling.mscale | is 1, expected none",
        "\"rope_theta\": 5000000.0 | \"rope_scaling\": {\"type\": \"yarn\", \"factor\": 2,"
            + " \"truncate\": false} | rope_scaling.truncate | is false, expected true",
        "\"rope_theta\": 5000000.0 | \"rope_scaling\": {\"type\": \"yarn\", \"factor\": 2,"
            + " \"beta_fast\": 0.5} | rope_scaling.beta_fast | is 0.5, expected a number from 1.0",
        "\"rope_theta\": 5000000.0 | \"rope_parameters\": 1 | rope_parameters |"
            + " is 1, expected an object",
      })
  void refusesWhatIsWrongInTheHuggingFaceLayout(
      String old, String replacement, String key, String problem) {
    edit(ModelFolders.CHAT_HF, old, replacement);

    assertRefused("config.json: key '" + key + "': ", problem);
  }

  @Test
  void refusesFilesThatAreNoJsonObject() throws IOException {
    edit(ModelFolders.CHAT, "\"num_layers\": 3", "\"num_layers\": 3, \"num_layers\": 3");
    assertRefused("config.json: line ", "Duplicate field 'num_layers'");

    Files.writeString(folder.resolve("config.json"), "[]");
    assertRefused("config.json: root: ", "is [], expected a JSON object");
    Files.writeString(folder.resolve("config.json"), "{} {}");
    assertRefused("config.json: ", "Trailing token");
    Files.writeString(folder.resolve("config.json"), "");
    assertRefused("config.json: ", "the file is empty");
    Files.write(folder.resolve("config.json"), new byte[] {'{', '"', (byte) 0xFF, '"', '}'});
    assertRefused("config.json: ", "is not UTF-8");
    Files.write(folder.resolve("config.json"), new byte[(16 << 20) + 1]);
    assertRefused("config.json: size: ", "16777217 bytes, expected at most 16777216");
  }

  @Test
  void damagedFilesAreReadOrRefusedAndNothingElse() throws IOException {
    int damagedFiles = 10_000;
    int refused = 0;
    for (String layout : List.of(ModelFolders.CHAT, ModelFolders.CHAT_HF)) {
      byte[] config = Files.readAllBytes(ModelFolders.golden(layout).resolve("config.json"));
      for (int seed = 0; seed < damagedFiles / 2; seed++) {
        byte[] damaged = new Mutations(seed).damage(config);
        try {
          ConfigFile.of(JsonObject.parse("config.json", damaged), Set.of());
        } catch (MalformedModelException e) {
          refused++;
          assertThat(e).hasMessageStartingWith("config.json: ");
        } catch (Throwable e) {
          throw new AssertionError(layout + ", seed " + seed, e);
        }
      }
    }
    assertThat(refused).isBetween(damagedFiles / 2, damagedFiles - 100); // some damage is harmless
  }

  /// Writes the config file of a golden model with one part replaced.
  private void edit(String golden, String old, String replacement) {
    try {
      Path config = folder.resolve("config.json");
      Files.writeString(
          config, Files.readString(ModelFolders.golden(golden).resolve("config.json")));
      ModelFolders.replace(config, old, replacement);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ModelConfig read() {
    return read(folder).config();
  }

  private static PublishedConfig read(Path folder) {
    return ConfigFile.of(ConfigFile.read(folder), BIASES);
  }

  private void assertRefused(String place, String problem) {
    assertThatThrownBy(this::read)
        .isInstanceOf(MalformedModelException.class)
        .hasMessageStartingWith(place)
        .hasMessageContaining(problem);
  }
}
