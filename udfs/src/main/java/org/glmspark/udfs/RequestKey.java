package org.glmspark.udfs;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.glmspark.generation.GenerationEngine;

/// What tells requests apart that have no request id of their own: those that generate nothing.
final class RequestKey {
  private RequestKey() {}

  /// SHA-256, in hexadecimal, of the kind of request, the model, what is said against its files,
  /// the type of its cache, and tokens.
  static String of(String kind, GenerationEngine engine, List<int[]> tokens) {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
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
}
