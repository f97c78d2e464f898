package org.glmspark.tokenizer;

import java.util.List;

/// Whose special tokens a tokenizer has. ChatGLM2 and ChatGLM3 share one file of pieces, which
/// names none of them.
public enum TokenizerFamily {
  CHATGLM2,
  CHATGLM3,
  GLM4;

  private static final List<String> CHATGLM2_TOKENS =
      List.of("[MASK]", "[gMASK]", "[sMASK]", "sop", "eop");

  private static final List<String> CHATGLM3_TOKENS =
      List.of(
          "[MASK]",
          "[gMASK]",
          "[sMASK]",
          "sop",
          "eop",
          "<|system|>",
          "<|user|>",
          "<|assistant|>",
          "<|observation|>");

  private static final List<String> GLM4_TOKENS =
      List.of(
          "<|endoftext|>",
          "[MASK]",
          "[gMASK]",
          "[sMASK]",
          "<sop>",
          "<eop>",
          "<|system|>",
          "<|user|>",
          "<|assistant|>",
          "<|observation|>",
          "<|begin_of_image|>",
          "<|end_of_image|>",
          "<|begin_of_video|>",
          "<|end_of_video|>");

  /// The special tokens that follow the last token of the vocabulary file, in the order of their
  /// ids.
  public List<String> specialTokens() {
    return switch (this) {
      case CHATGLM2 -> CHATGLM2_TOKENS;
      case CHATGLM3 -> CHATGLM3_TOKENS;
      case GLM4 -> GLM4_TOKENS;
    };
  }
}
