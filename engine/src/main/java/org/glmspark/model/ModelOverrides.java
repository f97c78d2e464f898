package org.glmspark.model;

import java.io.Serializable;
import org.glmspark.prompt.ChatFormat;
import org.jspecify.annotations.Nullable;

/// What a user says about a model against its files, for files that are wrong or do not tell. A
/// null leaves what the files say.
///
/// @param ropeBase base of the rotary frequencies, above 1
/// @param normEpsilon added to the mean square in RMSNorm, above 0
/// @param contextTokens longest sequence, prompt and completion together
/// @param chatFormat the format of prompts and answers
public record ModelOverrides(
    @Nullable Double ropeBase,
    @Nullable Double normEpsilon,
    @Nullable Integer contextTokens,
    @Nullable ChatFormat chatFormat)
    implements Serializable {

  /// The model as its files say.
  public static final ModelOverrides NONE = new ModelOverrides(null, null, null, null);

  public ModelOverrides {
    ModelConfig.require(
        ropeBase == null || (ropeBase > 1 && Double.isFinite(ropeBase)),
        "rope-base",
        ropeBase,
        "a number above 1");
    ModelConfig.require(
        normEpsilon == null || (normEpsilon.floatValue() > 0 && normEpsilon < 1),
        "norm-epsilon",
        normEpsilon,
        "a number above 0 and below 1");
    ModelConfig.require(
        contextTokens == null || (contextTokens >= 1 && contextTokens <= ModelConfig.MAX_CONTEXT),
        "context",
        contextTokens,
        "1 to " + ModelConfig.MAX_CONTEXT);
  }
}
