package org.glmspark.model;

import java.nio.file.Path;
import java.util.Set;
import org.glmspark.format.FormatParsers;
import org.glmspark.format.GgufFile;
import org.glmspark.format.JsonObject;
import org.glmspark.tokenizer.TokenizerFamily;

/// The parsers of a model's configuration, for fuzzers: each takes the content of a file.
public final class ModelParsers {
  private ModelParsers() {}

  public static void config(byte[] content) {
    ConfigFile.of(JsonObject.parse(ConfigFile.NAME, content), Set.of("lm_head.weight")).config();
  }

  /// All that the file holds: tensors, configuration and tokenizer.
  public static void gguf(byte[] content) {
    GgufFile file = FormatParsers.gguf(content);
    new GgufTokenizer(file.name(), file.metadata())
        .load(TokenizerFamily.GLM4); // also where the configuration is refused
    GgufConfig.of(file).config();
  }

  /// All that the file holds: weights, configuration and tokenizer.
  public static void pack(byte[] content) {
    PackedModel.of(Path.of("fuzz"), FormatParsers.pack(content), ModelOverrides.NONE);
  }
}
