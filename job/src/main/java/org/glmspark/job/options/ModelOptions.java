package org.glmspark.job.options;

import java.nio.file.Path;
import org.glmspark.model.ModelOverrides;
import org.glmspark.prompt.ChatFormat;
import org.jspecify.annotations.Nullable;

/// Which model completes the prompts, and what is said against its files.
///
/// @param path a folder with `config.json`, or a GGUF file; the same on every machine
/// @param ropeBase base of the rotary frequencies, or null for the files' own
/// @param normEpsilon epsilon of RMSNorm, or null for the files' own
/// @param context longest sequence in tokens, or null for the files' own
/// @param chatFormat how conversations are written, or null for what the files tell
public record ModelOptions(
    @Key(
            value =
                "the model's folder, with config.json, or its GGUF file; the same path on every machine",
            text = Key.Text.PATH)
        Path path,
    @Key(
            value = "base of the rotary frequencies, where the model's files are wrong",
            defaultValue = "null")
        @Nullable Double ropeBase,
    @Key(value = "epsilon of RMSNorm, where the model's files are wrong", defaultValue = "null")
        @Nullable Double normEpsilon,
    @Key(
            value = "longest prompt and completion together, in tokens, if not what the files say",
            defaultValue = "null")
        @Nullable Integer context,
    @Key(
            value = "how conversations are written, where the model's files do not tell",
            defaultValue = "null")
        @Nullable ChatFormat chatFormat) {

  public ModelOptions {
    var _ = new ModelOverrides(ropeBase, normEpsilon, context, chatFormat); // checks the ranges
  }

  /// What is said against the model's files.
  public ModelOverrides overrides() {
    return new ModelOverrides(ropeBase, normEpsilon, context, chatFormat);
  }
}
