package org.glmspark.generation;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.glmspark.cache.KvCacheType;
import org.glmspark.model.ModelOverrides;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.transformer.Transformer;

/// The name of a completion: equal ids mean equal bytes, in any run, on any machine.
///
/// It is the SHA-256 of these fields in big-endian binary, strings as length and UTF-8: the text
/// `glm-spark request`, numerics version, model digest, the text of the model overrides, cache
/// type, number of stop tokens and each of them in ascending order, number of prompt tokens and
/// each of them, `max_tokens`, temperature, top-p, repetition penalty, seed.
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
    SamplingParameters sampling = request.sampling();
    integer(sha256, sampling.maxTokens());
    number(sha256, Double.doubleToLongBits(sampling.temperature() + 0.0)); // -0 is 0
    number(sha256, Double.doubleToLongBits(sampling.topP()));
    number(sha256, Double.doubleToLongBits(sampling.repetitionPenalty()));
    number(sha256, sampling.seed());
    return HexFormat.of().formatHex(sha256.digest());
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

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
