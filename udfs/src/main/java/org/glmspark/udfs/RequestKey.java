package org.glmspark.udfs;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.glmspark.generation.GenerationEngine;

/// What tells requests apart that have no request id of their own: those that generate nothing.
final class RequestKey {
  private RequestKey() {}

  /// SHA-256, in hexadecimal, of the model, what is said against its files, the type of its cache,
  /// and tokens.
  static String of(GenerationEngine engine, int[] tokens) {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    String model =
        engine.model().digest()
            + engine.model().overrides()
            + engine.options().kvCacheType();
    digest.update(model.getBytes(StandardCharsets.UTF_8));
    ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * tokens.length);
    bytes.asIntBuffer().put(tokens);
    return HexFormat.of().formatHex(digest.digest(bytes.array()));
  }
}
