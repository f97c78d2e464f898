package org.glmspark.udfs;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.glmspark.generation.GenerationEngine;

/// What tells requests apart that have no request id of their own: those that generate nothing, and
/// those that stand for several.
final class RequestKey {
  private RequestKey() {}

  /// SHA-256, in hexadecimal, of the kind of request, the model, what is said against its files,
  /// the type of its cache, and tokens.
  static String of(String kind, GenerationEngine engine, List<int[]> tokens) {
    MessageDigest digest = sha256();
    String model =
        String.join(
            " ",
            kind,
            engine.model().digest(),
            engine.model().overrides().toString(),
            engine.options().kvCacheType().name());
    digest.update(model.getBytes(StandardCharsets.UTF_8));
    for (int[] part : tokens) {
      ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * (part.length + 1));
      bytes.putInt(part.length);
      bytes.asIntBuffer().put(part);
      digest.update(bytes.array());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /// SHA-256, in hexadecimal, of the kind of request and what is said of it.
  ///
  /// @param fields without line breaks
  static String of(String kind, String... fields) {
    String lines = "glm-spark %s\n%s".formatted(kind, String.join("\n", fields));
    return HexFormat.of().formatHex(sha256().digest(lines.getBytes(StandardCharsets.UTF_8)));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
