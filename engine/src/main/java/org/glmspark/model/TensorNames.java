package org.glmspark.model;

import java.util.List;
import org.glmspark.model.PublishedConfig.Layout;
import org.jspecify.annotations.Nullable;

/// What a layout calls the tensors of a decoder. The names of a layer's tensors follow `layer`, in
/// which `%d` is the layer's number, from 0; a null means that the layout has no such tensor.
///
/// @param queryKeyValue the fused projection, without `.weight` and `.bias`
/// @param split the projections of query, key and value where they are not fused, likewise
/// @param attentionPostNorm only in blocks of sandwich norms, like `feedForwardPostNorm`
/// @param ignored tensors of rotary frequencies: computed from the configuration, these copies are
///   less precise
record TensorNames(
    String embedding,
    String finalNorm,
    String output,
    String layer,
    String attentionNorm,
    String queryKeyValue,
    List<String> split,
    String attentionOutput,
    @Nullable String attentionPostNorm,
    String feedForwardNorm,
    String gateUp,
    String down,
    @Nullable String feedForwardPostNorm,
    String ignored) {

  private static final TensorNames REMOTE_CODE =
      new TensorNames(
          "transformer.embedding.word_embeddings.weight",
          "transformer.encoder.final_layernorm.weight",
          "transformer.output_layer.weight",
          "transformer.encoder.layers.%d.",
          "input_layernorm.weight",
          "self_attention.query_key_value",
          List.of(),
          "self_attention.dense.weight",
          null,
          "post_attention_layernorm.weight",
          "mlp.dense_h_to_4h.weight",
          "mlp.dense_4h_to_h.weight",
          null,
          "transformer\\.rotary_pos_emb\\.inv_freq");

  /// The first converter of transformers wrote the fused `qkv_proj`. The norm called
  /// `post_attention_layernorm` stands in front of the feed-forward network in every block type.
  private static final TensorNames HUGGING_FACE =
      new TensorNames(
          "model.embed_tokens.weight",
          "model.norm.weight",
          "lm_head.weight",
          "model.layers.%d.",
          "input_layernorm.weight",
          "self_attn.qkv_proj",
          List.of("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
          "self_attn.o_proj.weight",
          "post_self_attn_layernorm.weight",
          "post_attention_layernorm.weight",
          "mlp.gate_up_proj.weight",
          "mlp.down_proj.weight",
          "post_mlp_layernorm.weight",
          "model\\.(layers\\.\\d+\\.self_attn\\.)?rotary_emb\\.inv_freq");

  /// There is no gate of its own: `ffn_up` holds gate and up.
  private static final TensorNames GGUF =
      new TensorNames(
          "token_embd.weight",
          "output_norm.weight",
          "output.weight",
          "blk.%d.",
          "attn_norm.weight",
          "attn_qkv",
          List.of("attn_q", "attn_k", "attn_v"),
          "attn_output.weight",
          "post_attention_norm.weight",
          "ffn_norm.weight",
          "ffn_up.weight",
          "ffn_down.weight",
          "post_ffw_norm.weight",
          "(?!)"); // nothing

  static TensorNames of(Layout layout) {
    return switch (layout) {
      case REMOTE_CODE -> REMOTE_CODE;
      case HUGGING_FACE -> HUGGING_FACE;
      case GGUF -> GGUF;
    };
  }

  /// The beginning of the names of a layer's tensors.
  String layer(int number) {
    return layer.formatted(number);
  }

  /// The bias of query, fused or not, of the first layer: where it is, all layers have one.
  List<String> firstBiases() {
    return List.of(
        layer(0) + queryKeyValue + ".bias",
        layer(0) + (split.isEmpty() ? queryKeyValue : split.getFirst()) + ".bias");
  }

  /// The tensor of the first layer that tells blocks of sandwich norms; null if there are none.
  @Nullable String firstPostNorm() {
    return attentionPostNorm == null ? null : layer(0) + attentionPostNorm;
  }
}
