package org.glmspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import org.glmspark.format.GgufFile;
import org.glmspark.format.MalformedModelException;
import org.glmspark.model.PublishedConfig.Layout;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufConfigTest {
  private static final int VOCABULARY = 64;

  @TempDir Path folder;
  private Path path;

  @BeforeEach
  void namePath() {
    path = folder.resolve("m.gguf");
  }

  private PublishedConfig read(GgufModel model) {
    model.write(path);
    try (Arena arena = Arena.ofConfined()) {
      return GgufConfig.of(GgufFile.open(path, arena));
    }
  }

  /// Writes the file and compares its tensors with its keys, too.
  private ModelDescription describe(GgufModel model) {
    model.write(path);
    return ModelLoader.describe(path);
  }

  private static ModelConfig chatGlm() {
    return new ModelConfig(
        BlockType.PRE_NORM,
        32,
        1,
        2,
        1,
        16,
        48,
        VOCABULARY,
        1.5625e-7f,
        new RotarySettings(5e6, 8, null),
        131_072,
        true,
        false,
        List.of());
  }

  @Test
  void readsAFileOfTheArchitectureChatglm() {
    GgufModel model = GgufModel.chatGlm(VOCABULARY);
    PublishedConfig config = read(model);

    assertThat(config.config()).isEqualTo(chatGlm()).isEqualTo(describe(model).config());
    assertThat(config.layout()).isEqualTo(Layout.GGUF);
    assertThat(config.quantizationBits()).isZero();
    assertThat(config.name()).isNull();
    assertThat(config.origins())
        .containsOnlyKeys(Hyperparameter.values())
        .containsEntry(Hyperparameter.LAYERS, "chatglm.block_count")
        .containsEntry(
            Hyperparameter.HEAD_SIZE, "chatglm.embedding_length / chatglm.attention.head_count")
        .containsEntry(Hyperparameter.ROPE_BASE, "chatglm.rope.freq_base")
        .containsEntry(
            Hyperparameter.BLOCK_TYPE, "tensors: there is no blk.0.post_attention_norm.weight")
        .containsEntry(Hyperparameter.QUERY_KEY_VALUE_BIAS, "tensors: there are biases")
        .containsEntry(Hyperparameter.TIED_EMBEDDINGS, "tensors: there is output.weight")
        .containsEntry(Hyperparameter.VOCABULARY_SIZE, "rows of tensor token_embd.weight");
  }

  @Test
  void readsAFileOfTheArchitectureGlm4() {
    ModelDescription description =
        describe(GgufModel.glm4(VOCABULARY).uint32("tokenizer.ggml.eos_token_id", 5));

    assertThat(description.config())
        .isEqualTo(
            new ModelConfig(
                BlockType.SANDWICH_NORM,
                32,
                1,
                4,
                2,
                16, // the keys' own length: 32 / 4 would be 8
                48,
                VOCABULARY,
                1e-5f,
                new RotarySettings(1e4, 8, null),
                131_072,
                false,
                false,
                List.of(5)));
    assertThat(description.family().family()).isEqualTo(ModelFamily.GLM4_0414);
    assertThat(description.origins())
        .containsEntry(Hyperparameter.HEAD_SIZE, "glm4.attention.key_length")
        .containsEntry(Hyperparameter.QUERY_KEY_VALUE_BIAS, "tensors: there are no biases")
        .containsEntry(Hyperparameter.STOP_TOKENS, "tokenizer.ggml.eos_token_id");
  }

  /// A development branch wrote 0414 models under the older name.
  @Test
  void theTensorsTellSandwichNormsAndNotTheArchitecture() {
    ModelDescription sandwich = describe(GgufModel.chatGlm(VOCABULARY).sandwichNorms());

    assertThat(sandwich.config().blockType()).isEqualTo(BlockType.SANDWICH_NORM);
    assertThat(sandwich.family().family()).isEqualTo(ModelFamily.GLM4_0414);
    assertThat(sandwich.origins())
        .containsEntry(
            Hyperparameter.BLOCK_TYPE, "tensors: there is blk.0.post_attention_norm.weight");
    assertThat(
            describe(
                    GgufModel.glm4(VOCABULARY)
                        .withoutTensor("blk.0.post_attention_norm.weight")
                        .withoutTensor("blk.0.post_ffw_norm.weight"))
                .config()
                .blockType())
        .isEqualTo(BlockType.PRE_NORM);
  }

  @Test
  void halfASandwichIsRefused() {
    GgufModel model =
        GgufModel.chatGlm(VOCABULARY).sandwichNorms().withoutTensor("blk.0.post_ffw_norm.weight");
    assertThatThrownBy(() -> describe(model))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining("tensor 'blk.0.post_ffw_norm.weight': is missing, expected [32]");
  }

  @Test
  void splitProjectionsMayHaveABias() {
    GgufModel model =
        GgufModel.glm4(VOCABULARY)
            .tensor("blk.0.attn_q.bias", 64)
            .tensor("blk.0.attn_k.bias", 32)
            .tensor("blk.0.attn_v.bias", 32);

    assertThat(describe(model).config().queryKeyValueBias()).isTrue();
    assertThatThrownBy(() -> describe(model.withoutTensor("blk.0.attn_v.bias")))
        .hasMessageContaining("tensor 'blk.0.attn_v.bias': is missing, expected [32]");
  }

  @Test
  void withoutAnOutputMatrixTheEmbeddingIsTheOutput() {
    GgufModel.glm4(VOCABULARY).withoutTensor("output.weight").write(path);

    try (Model model = ModelLoader.load(path)) {
      assertThat(model.config().tiedEmbeddings()).isTrue();
      int hidden = model.config().hiddenSize();
      float[] embedding = new float[hidden];
      float[] output = new float[hidden];
      model.weights().embedding().decode(5L * hidden, hidden, embedding, 0);
      model.weights().output().decodeRow(5, 0, hidden, output, 0);
      assertThat(output).isEqualTo(embedding);
      assertThat(model.weights().output().rows()).isEqualTo(VOCABULARY);
    }
    assertThat(ModelLoader.describe(path).origins())
        .containsEntry(Hyperparameter.TIED_EMBEDDINGS, "tensors: there is no output.weight");
  }

  /// The models of one head size and other numbers of key-value heads: GLM-4-9B-Chat-1M has four.
  @Test
  void theRowsOfTheFusedProjectionFollowTheNumberOfKeyValueHeads() {
    GgufModel model =
        GgufModel.chatGlm(VOCABULARY)
            .uint32("chatglm.attention.head_count_kv", 2)
            .tensor("blk.0.attn_qkv.weight", 96, 32)
            .tensor("blk.0.attn_qkv.bias", 96);

    assertThat(describe(model).config().keyValueHeads()).isEqualTo(2);
    assertThatThrownBy(() -> describe(model.uint32("chatglm.attention.head_count_kv", 1)))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining(
            "tensor 'blk.0.attn_qkv.weight': is [96, 32], expected [64, 32]"
                + " (chatglm.attention.head_count, chatglm.attention.head_count_kv");
  }

  @Test
  void theFeedForwardLengthIsThatOfTheGateAlone() {
    assertThatThrownBy(
            () -> describe(GgufModel.chatGlm(VOCABULARY).uint32("chatglm.feed_forward_length", 96)))
        .hasMessageContaining(
            "'blk.0.ffn_up.weight': is [96, 32], expected [192, 32] (chatglm.feed_forward_length)");
  }

  @Test
  void absentKeysHaveTheDefaultsOfTheFormat() {
    PublishedConfig config =
        read(
            GgufModel.chatGlm(VOCABULARY)
                .without("chatglm.rope.dimension_count")
                .without("chatglm.rope.freq_base"));

    assertThat(config.config().rope()).isEqualTo(new RotarySettings(1e4, 8, null));
    assertThat(config.origins())
        .containsEntry(
            Hyperparameter.ROTATED_SIZE, "half of the head: no chatglm.rope.dimension_count")
        .containsEntry(Hyperparameter.ROPE_BASE, "default, no chatglm.rope.freq_base")
        .containsEntry(Hyperparameter.YARN, "default, no chatglm.rope.scaling.type")
        .containsEntry(Hyperparameter.STOP_TOKENS, "default, no tokenizer.ggml.eos_token_id");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "general.architecture",
        "chatglm.block_count",
        "chatglm.embedding_length",
        "chatglm.feed_forward_length",
        "chatglm.context_length",
        "chatglm.attention.head_count",
        "chatglm.attention.head_count_kv",
        "chatglm.attention.layer_norm_rms_epsilon"
      })
  void keysThatHaveNoDefaultMustBeThere(String key) {
    assertRefused(
        GgufModel.chatGlm(VOCABULARY).without(key), "m.gguf: key '" + key + "': is missing");
  }

  @ParameterizedTest(name = "{0} = {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "block_count | 0 | expected a whole number from 1 to 4096",
        "block_count | 5000 | expected a whole number from 1 to 4096",
        "embedding_length | 40 | expected a head of a multiple of 16 elements, not 20",
        "attention.head_count | 64 | expected a head of a multiple of 16 elements, not 0",
        "attention.head_count_kv | 3 | expected a whole number from 1 to 2",
        "attention.key_length | 24 | expected a head of a multiple of 16 elements, not 24",
        "rope.dimension_count | 7 | expected an even number",
        "rope.dimension_count | 18 | expected a whole number from 2 to 16",
        "rope.freq_base | 1 | expected a number above 1",
        "attention.layer_norm_rms_epsilon | 0 | expected a number above 0",
        "context_length | 4294967295 | expected a whole number from 1 to 1073741824",
        "rope.scaling.factor | 4 | expected 1 without a chatglm.rope.scaling.type: linear",
        "rope.scale_linear | 2 | expected 1 without a chatglm.rope.scaling.type: linear",
      })
  void numbersThatNoModelHasAreRefused(String name, long value, String problem) {
    String key = "chatglm." + name;
    assertRefused(
        GgufModel.chatGlm(VOCABULARY).uint32(key, value),
        "m.gguf: key '" + blamed(key) + "': is ",
        problem);
  }

  /// Without a key for it, the size of a head follows from two others; the first is named.
  private static String blamed(String key) {
    return key.equals("chatglm.attention.head_count") ? "chatglm.embedding_length" : key;
  }

  @Test
  void whatIsNotComputedIsRefused() {
    assertRefused(
        GgufModel.chatGlm(VOCABULARY).text("general.architecture", "llama"),
        "key 'general.architecture': is \"llama\", expected chatglm or glm4");
    assertRefused(
        GgufModel.glm4(VOCABULARY).uint32("glm4.attention.value_length", 32),
        "key 'glm4.attention.value_length': is 32, expected 16, the length of a key");
    assertRefused(
        GgufModel.glm4(VOCABULARY).text("glm4.rope.scaling.type", "linear"),
        "key 'glm4.rope.scaling.type': is \"linear\", expected yarn or none");
    assertRefused(
        yarn().float32("glm4.rope.scaling.factor", 0.5f),
        "key 'glm4.rope.scaling.factor': is 0.5, expected a number from 1");
    assertRefused(
        yarn().without("glm4.rope.scaling.factor"), "key 'glm4.rope.scaling.factor': is missing");
    assertRefused(
        yarn().float32("glm4.rope.scaling.yarn_beta_fast", 0.5f),
        "key 'glm4.rope.scaling.yarn_beta_fast': is 0.5, expected at least 1.0, beta_slow");
    assertRefused(
        GgufModel.chatGlm(VOCABULARY).uint32("tokenizer.ggml.eos_token_id", VOCABULARY),
        "key 'tokenizer.ggml.eos_token_id': is 64, expected a whole number from 0 to 63");
    assertRefused(
        GgufModel.chatGlm(VOCABULARY).withoutTensor("token_embd.weight"),
        "expected a matrix 'token_embd.weight' beside it");
  }

  private static GgufModel yarn() {
    return GgufModel.glm4(VOCABULARY)
        .uint32("glm4.context_length", 32_768)
        .text("glm4.rope.scaling.type", "yarn")
        .float32("glm4.rope.scaling.factor", 4);
  }

  @Test
  void yarnIsUsedWhereTheFileAsksForIt() {
    PublishedConfig config =
        read(yarn().uint32("glm4.rope.scaling.original_context_length", 32_768));

    assertThat(config.config().rope().yarn())
        .isEqualTo(new YarnScaling(4, 32_768, 32, 1, 1.138629436111989));
    assertThat(config.config().contextTokens()).isEqualTo(131_072);
    assertThat(config.origins())
        .containsEntry(Hyperparameter.YARN, "glm4.rope.scaling.type")
        .containsEntry(Hyperparameter.CONTEXT, "glm4.rope.scaling.factor × the original context");

    // a file that has the stretched context already, and one of other bounds
    assertThat(
            read(yarn()
                    .uint32("glm4.context_length", 131_072)
                    .uint32("glm4.rope.scaling.original_context_length", 32_768))
                .config()
                .contextTokens())
        .isEqualTo(131_072);
    assertThat(
            read(yarn()
                    .float32("glm4.rope.scaling.yarn_beta_fast", 16)
                    .float32("glm4.rope.scaling.yarn_beta_slow", 2)
                    .float32("glm4.rope.scaling.attn_factor", 0.5f))
                .config()
                .rope()
                .yarn())
        .isEqualTo(new YarnScaling(4, 32_768, 16, 2, 1.138629436111989 / 2));
    assertThat(read(yarn().text("glm4.rope.scaling.type", "none")).config().rope().yarn()).isNull();
  }

  @Test
  void bothEndTokensStop() {
    PublishedConfig config =
        read(
            GgufModel.chatGlm(VOCABULARY)
                .uint32("tokenizer.ggml.eos_token_id", 9)
                .uint32("tokenizer.ggml.eot_token_id", 3));

    assertThat(config.config().stopTokens()).containsExactly(3, 9);
    assertThat(config.origins().get(Hyperparameter.STOP_TOKENS))
        .isEqualTo("tokenizer.ggml.eos_token_id, tokenizer.ggml.eot_token_id");
  }

  /// What converters make of the Hugging Face layout of GLM-4-9B-Chat, and what mends it.
  @Test
  void theMistakesOfConvertersAreNamedAndCanBeMended() {
    int glm4Vocabulary = 151_552;
    GgufModel.chatGlm(glm4Vocabulary)
        .float32("chatglm.rope.freq_base", 1e4f)
        .float32("chatglm.attention.layer_norm_rms_epsilon", 1e-5f)
        .uint32("chatglm.context_length", 32)
        .uint32("tokenizer.ggml.eos_token_id", 151_329)
        .write(path);

    ModelDescription found = ModelLoader.describe(path);
    assertThat(found.warnings())
        .satisfiesExactly(
            base -> assertThat(base).startsWith("chatglm.rope.freq_base is 10000"),
            epsilon -> assertThat(epsilon).contains("set model.norm-epsilon=1.5625E-7"),
            context -> assertThat(context).startsWith("chatglm.context_length is 32, the hidden"));
    assertThat(found.config().stopTokens()).containsExactly(151_329, 151_336, 151_338);

    ModelDescription mended =
        ModelLoader.describe(path, new ModelOverrides(5e6, 1.5625e-7, 131_072, null));
    assertThat(mended.warnings()).isEmpty();
    assertThat(mended.config().rope().base()).isEqualTo(5e6);
    assertThat(mended.config().normEpsilon()).isEqualTo(1.5625e-7f);
    assertThat(mended.config().contextTokens()).isEqualTo(131_072);
    assertThat(mended.origins())
        .containsEntry(Hyperparameter.ROPE_BASE, "option model.rope-base")
        .containsEntry(Hyperparameter.NORM_EPSILON, "option model.norm-epsilon")
        .containsEntry(Hyperparameter.CONTEXT, "option model.context");
  }

  /// Files of ChatGLM2 are unofficial: their base is that of a converter for its successor.
  @Test
  void aChatGlm2WithAChangedBaseIsRefusedUntilTheUserConfirmsIt() {
    GgufModel.chatGlm(65_024).text("general.name", "chatglm2-6b-32k").write(path);

    assertThatThrownBy(() -> ModelLoader.describe(path))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageStartingWith(
            path
                + ": rope base: is 5000000 (chatglm.rope.freq_base), expected 10000 in a ChatGLM2");
    assertThat(
            ModelLoader.describe(path, new ModelOverrides(1e4, null, null, null)).family().family())
        .isEqualTo(ModelFamily.CHATGLM2);
  }

  private void assertRefused(GgufModel model, String... parts) {
    assertThatThrownBy(() -> read(model))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContainingAll(parts);
  }
}
