package org.glmspark.sampling;

import java.util.Arrays;
import java.util.List;

/// Token sequences that a completion is not to contain: where all but the last token of one stand
/// at its end, that last token cannot follow.
final class ForbiddenSequences {
  private final List<int[]> sequences;

  /// The completion's last tokens, as many as the longest sequence needs to be recognised.
  private final int[] recent;

  private int recentCount;

  /// @param sequences none is empty
  ForbiddenSequences(List<int[]> sequences) {
    this.sequences = sequences;
    this.recent = new int[sequences.stream().mapToInt(ids -> ids.length - 1).max().orElse(0)];
  }

  void accept(int token) {
    if (recent.length == 0) {
      return;
    }
    if (recentCount == recent.length) {
      System.arraycopy(recent, 1, recent, 0, recent.length - 1);
      recentCount--;
    }
    recent[recentCount++] = token;
  }

  /// Sets the logits of tokens that cannot follow to -infinity.
  void mask(float[] logits, int offset, int size) {
    for (int[] sequence : sequences) {
      int before = sequence.length - 1;
      if (sequence[before] < size // a tokenizer may know more tokens than the model
          && before <= recentCount
          && Arrays.equals(recent, recentCount - before, recentCount, sequence, 0, before)) {
        logits[offset + sequence[before]] = Float.NEGATIVE_INFINITY;
      }
    }
  }
}
