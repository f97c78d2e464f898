package org.glmspark.model;

import java.util.Set;
import org.glmspark.format.FormatParsers;
import org.glmspark.format.JsonObject;

/// The parsers of a model's configuration, for fuzzers: each takes the content of a file.
public final class ModelParsers {
  private ModelParsers() {}

  public static void config(byte[] content) {
    ConfigFile.of(JsonObject.parse(ConfigFile.NAME, content), Set.of("lm_head.weight")).config();
  }

  /// The configuration, too.
  public static void gguf(byte[] content) {
    GgufConfig.of(FormatParsers.gguf(content)).config();
  }
}
