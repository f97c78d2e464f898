package org.glmspark.generation;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.glmspark.cache.KvCacheType;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.model.ModelOverrides;
import org.glmspark.prompt.ToolDefinition;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.transformer.Transformer;

/// The name of a completion: equal ids mean equal bytes, in any run, on any machine.
///
/// It is the SHA-256 of these fields in big-endian binary, strings as length and UTF-8: the text
/// `glm-spark request`, numerics version, model digest, the text of the model overrides, cache
/// type, number of stop tokens of the model and each of them in ascending order, number of prompt
/// tokens and each of them, then the sampling parameters: `max_tokens`, `min_tokens`,
/// `temperature`, `top_k`, `top_p`, `min_p`, `repetition_penalty`, `presence_penalty`,
/// `frequency_penalty`, `seed`, `ignore_eos` as 0 or 1, `logit_bias` as the number of its tokens
/// and each id, ascending, with its bias, `allowed_token_ids` as -1 or, like `stop_token_ids`, the
/// number of ids and each of them in ascending order, `stop` and `bad_words` as the number of texts
/// and each of them in ascending order; and, if the request has one, the answer format as
/// [org.glmspark.grammar.AnswerFormat#json] writes it; and, if it offers tools, -1, their number
/// and, of each, `function` or `built-in` and its name: by them calls are told from text; and, if
/// log-probabilities are to be told, -2 and how many besides that of the token itself: they do not
/// change a completion, but what is told of it.
final class RequestId {
  private RequestId() {}

  /// @param stopTokens ascending
  static String of(
      String modelDigest,
      ModelOverrides overrides,
      int[] stopTokens,
      KvCacheType cacheType,
      GenerationRequest request) {
    MessageDigest sha256 = sha256();
    text(sha256, "glm-spark request");
    integer(sha256, Transformer.NUMERICS_VERSION);
    text(sha256, modelDigest);
    text(sha256, overrides.toString());
    text(sha256, cacheType.name());
    tokens(sha256, stopTokens);
    tokens(sha256, request.promptTokens());
    sampling(sha256, request.sampling());
    AnswerFormat format = request.format();
    if (format != null) {
      text(sha256, format.json());
    }
    if (!request.tools().isEmpty()) {
      tools(sha256, request.tools());
    }
    Integer logprobs = request.sampling().logprobs();
    if (logprobs != null) {
      integer(sha256, -2); // no length of a text, and no tools
      integer(sha256, logprobs);
    }
    return HexFormat.of().formatHex(sha256.digest());
  }

  private static void sampling(MessageDigest digest, SamplingParameters sampling) {
    integer(digest, sampling.maxTokens());
    integer(digest, sampling.minTokens());
    number(digest, sampling.temperature());
    integer(digest, sampling.topK());
    number(digest, sampling.topP());
    number(digest, sampling.minP());
    number(digest, sampling.repetitionPenalty());
    number(digest, sampling.presencePenalty());
    number(digest, sampling.frequencyPenalty());
    number(digest, sampling.seed());
    integer(digest, sampling.ignoreEos() ? 1 : 0);
    integer(digest, sampling.logitBias().size());
    sampling
        .logitBias()
        .forEach((id, bias) -> {
          integer(digest, id);
          number(digest, bias);
        });
    if (sampling.allowedTokenIds() == null) {
      integer(digest, -1);
    } else {
      tokens(digest, ids(sampling.allowedTokenIds()));
    }
    tokens(digest, ids(sampling.stopTokenIds()));
    texts(digest, sampling.stop());
    texts(digest, sampling.badWords());
  }

  private static void tools(MessageDigest digest, List<ToolDefinition> tools) {
    integer(digest, -1); // no length of a text
    integer(digest, tools.size());
    for (ToolDefinition tool : tools) {
      text(digest, tool.isFunction() ? "function" : "built-in");
      text(digest, tool.toolName());
    }
  }

  private static int[] ids(Set<Integer> ids) {
    return ids.stream().mapToInt(id -> id).toArray();
  }

  private static void texts(MessageDigest digest, Set<String> texts) {
    integer(digest, texts.size());
    texts.forEach(text -> text(digest, text));
  }

  private static void text(MessageDigest digest, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    integer(digest, bytes.length);
    digest.update(bytes);
  }

  private static void tokens(MessageDigest digest, int[] tokens) {
    ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * (tokens.length + 1));
    bytes.putInt(tokens.length);
    bytes.asIntBuffer().put(tokens);
    digest.update(bytes.array());
  }

  private static void integer(MessageDigest digest, int value) {
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(value).array());
  }

  private static void number(MessageDigest digest, long value) {
    digest.update(ByteBuffer.allocate(Long.BYTES).putLong(value).array());
  }

  private static void number(MessageDigest digest, double value) {
    number(digest, Double.doubleToLongBits(value + 0.0)); // -0 is 0
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
