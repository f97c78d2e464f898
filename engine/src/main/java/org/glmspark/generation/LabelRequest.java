package org.glmspark.generation;

import java.util.List;

/// A prompt and what may follow it, to learn how probable the model finds each of them.
///
/// @param promptTokens the whole prompt as token ids, prefix and roles included; not copied, so not
///   to be changed
/// @param labels the tokens of each continuation, the end token included where it should count; not
///   copied, so not to be changed
public record LabelRequest(int[] promptTokens, List<int[]> labels) {
  public LabelRequest {
    labels = List.copyOf(labels);
    if (promptTokens.length == 0) {
      throw new IllegalArgumentException("the prompt has no tokens");
    }
    if (labels.isEmpty()) {
      throw new IllegalArgumentException("there are no labels");
    }
    for (int i = 0; i < labels.size(); i++) {
      if (labels.get(i).length == 0) {
        throw new IllegalArgumentException("label %d has no tokens".formatted(i));
      }
    }
  }

  int longestLabel() {
    return labels.stream().mapToInt(label -> label.length).max().orElseThrow();
  }
}
