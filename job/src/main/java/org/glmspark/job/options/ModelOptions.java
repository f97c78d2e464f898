package org.glmspark.job.options;

import java.nio.file.Path;
import org.glmspark.model.ModelOverrides;
import org.glmspark.pack.PackOptions;
import org.glmspark.prompt.ChatFormat;
import org.glmspark.tensor.WeightType;
import org.glmspark.udfs.ModelSource;
import org.glmspark.udfs.distribution.ModelLocation;
import org.jspecify.annotations.Nullable;

/// Which model completes the prompts, and what is said against its files.
///
/// @param path where there is a pack, a folder with `config.json`, or a GGUF file, as
///   [ModelLocation#parse] takes it
/// @param weights the type that matrices are packed as, or null for the stored one
/// @param outputWeights the same for the output matrix, or null for that of the others
/// @param packCache where each machine keeps the packs and copies it made, or null for the standard
///   folder
/// @param ropeBase base of the rotary frequencies, or null for the files' own
/// @param normEpsilon epsilon of RMSNorm, or null for the files' own
/// @param context longest sequence in tokens, or null for the files' own
/// @param chatFormat how conversations are written, or null for what the files tell
public record ModelOptions(
    @Key(
            value =
                "a pack, the model's folder, with config.json, or its GGUF file: a path that is the same on every machine; a URI such as s3a://... or file:///..., which each copies once; or files:NAME, a file given with --files",
            text = Key.Text.MODEL)
        String path,
    @Key(value = "how weights are packed, if not as they are stored", defaultValue = "null")
        @Nullable WeightType weights,
    @Key(value = "how the output matrix is packed, if not as the others", defaultValue = "null")
        @Nullable WeightType outputWeights,
    @Key(
            value =
                "folder where each machine keeps the packs it makes of models that are not packs, and copies of models at URIs; by default .cache/glm-spark at home",
            text = Key.Text.PATH,
            defaultValue = "null")
        @Nullable Path packCache,
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
    path = location(path).toString();
    var _ = new ModelOverrides(ropeBase, normEpsilon, context, chatFormat); // checks the ranges
  }

  private static ModelLocation location(String path) {
    try {
      return ModelLocation.parse(path);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("path " + e.getMessage(), e);
    }
  }

  /// The same for whoever runs the model.
  public ModelSource source() {
    return new ModelSource(
        location(path),
        overrides(),
        new PackOptions(weights, outputWeights),
        packCache == null ? null : packCache.toString());
  }

  /// What is said against the model's files.
  public ModelOverrides overrides() {
    return new ModelOverrides(ropeBase, normEpsilon, context, chatFormat);
  }
}
