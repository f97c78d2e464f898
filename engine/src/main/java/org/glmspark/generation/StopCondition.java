package org.glmspark.generation;

import java.util.Arrays;
import java.util.Set;
import org.glmspark.sampling.SamplingParameters;
import org.jspecify.annotations.Nullable;

/// What ends one completion before its limits do. Belongs to the stepping thread.
final class StopCondition {
  /// Ascending.
  private final int[] modelStopTokens;

  private final boolean ignoreModel;
  private final Set<Integer> ownStopTokens;
  private final int minTokens;

  /// Null if there are none to look for.
  private final @Nullable StopStrings strings;

  /// @param modelStopTokens ascending
  /// @param strings those of the parameters, or null if there are none
  StopCondition(SamplingParameters sampling, int[] modelStopTokens, @Nullable StopStrings strings) {
    this.modelStopTokens = modelStopTokens;
    this.ignoreModel = sampling.ignoreEos();
    this.ownStopTokens = sampling.stopTokenIds();
    this.minTokens = sampling.minTokens();
    this.strings = strings;
  }

  boolean isStopToken(int token) {
    return ownStopTokens.contains(token) || (!ignoreModel && isOfModel(token));
  }

  /// Whether the model's makers know it as a stop token.
  boolean isOfModel(int token) {
    return Arrays.binarySearch(modelStopTokens, token) >= 0;
  }

  /// Reads the completion's next token.
  ///
  /// @param length of the completion in tokens, this one included
  /// @return whether it ends the completion, being part of it
  boolean completesStopString(int token, int length) {
    if (strings == null) {
      return false;
    }
    if (length <= minTokens) {
      strings.pass(token);
      return false;
    }
    return strings.completedBy(token);
  }

  /// The text before the stop string, or null if none was completed.
  @Nullable String textBeforeStop() {
    return strings == null ? null : strings.textBefore();
  }
}
