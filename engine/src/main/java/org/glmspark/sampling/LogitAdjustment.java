package org.glmspark.sampling;

import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What one sequence's parameters do to its logits before a token is chosen: bias and penalties,
/// then masks.
///
/// vLLM masks first; no bias or penalty brings a logit back from -infinity, so that comes to the
/// same.
final class LogitAdjustment {
  private final SamplingParameters parameters;

  /// Null if all are.
  private final @Nullable BitSet allowed;

  /// Masked until the completion has its least length.
  private final int[] stopTokens;

  private final ForbiddenSequences badWords;

  /// Tokens of prompt and completion; null unless their repetition is penalised.
  private final @Nullable BitSet present;

  /// How often the completion has each token; null unless that is penalised.
  private final @Nullable Map<Integer, Integer> counts;

  private int generated;

  /// @param stopTokens all that could end the completion
  /// @param badWords the token sequences of the bad words
  LogitAdjustment(
      SamplingParameters parameters, int[] prompt, int[] stopTokens, List<int[]> badWords) {
    this.parameters = parameters;
    this.allowed = parameters.allowedTokenIds() == null ? null : set(parameters.allowedTokenIds());
    this.stopTokens = stopTokens;
    this.badWords = new ForbiddenSequences(badWords);
    this.present = parameters.repetitionPenalty() == 1 ? null : set(prompt);
    this.counts =
        parameters.frequencyPenalty() == 0 && parameters.presencePenalty() == 0
            ? null
            : new HashMap<>();
  }

  /// Whether these parameters leave every logit as it is.
  static boolean isNone(SamplingParameters parameters) {
    return parameters.allowedTokenIds() == null
        && parameters.badWords().isEmpty()
        && parameters.minTokens() == 0
        && parameters.logitBias().isEmpty()
        && parameters.repetitionPenalty() == 1
        && parameters.frequencyPenalty() == 0
        && parameters.presencePenalty() == 0;
  }

  private static BitSet set(Iterable<Integer> ids) {
    BitSet set = new BitSet();
    ids.forEach(set::set);
    return set;
  }

  private static BitSet set(int[] ids) {
    BitSet set = new BitSet();
    for (int id : ids) {
      set.set(id);
    }
    return set;
  }

  /// Takes note of the completion's next token.
  void accept(int token) {
    generated++;
    badWords.accept(token);
    if (present != null) {
      present.set(token);
    }
    if (counts != null) {
      counts.merge(token, 1, Integer::sum);
    }
  }

  /// Adjusts a row of logits in place. What was finite becomes finite, or -infinity where it is
  /// masked.
  ///
  /// @param offset where the row starts
  /// @param size of the vocabulary
  void apply(float[] logits, int offset, int size) {
    parameters.logitBias().forEach((id, bias) -> add(logits, offset + id, bias));
    if (present != null) {
      penaliseRepetition(logits, offset, present);
    }
    if (counts != null) {
      counts.forEach((id, count) -> add(logits, offset + id, -penalty(count)));
    }
    if (generated < parameters.minTokens()) {
      for (int id : stopTokens) {
        if (id < size) { // files name stop tokens that the model has no row for
          logits[offset + id] = Float.NEGATIVE_INFINITY;
        }
      }
    }
    badWords.mask(logits, offset, size);
    if (allowed != null) {
      for (int id = allowed.nextClearBit(0); id < size; id = allowed.nextClearBit(id + 1)) {
        logits[offset + id] = Float.NEGATIVE_INFINITY;
      }
    }
  }

  /// Source: Keskar et al. 2019, <https://arxiv.org/abs/1909.05858>, section 4.1, with the sign
  /// taken into account as transformers does.
  private void penaliseRepetition(float[] logits, int offset, BitSet present) {
    double penalty = parameters.repetitionPenalty();
    for (int id = present.nextSetBit(0); id >= 0; id = present.nextSetBit(id + 1)) {
      float logit = logits[offset + id];
      logits[offset + id] = finite(logit > 0 ? logit / penalty : logit * penalty);
    }
  }

  /// Source: <https://platform.openai.com/docs/advanced-usage>, frequency and presence penalties.
  private double penalty(int count) {
    return count * parameters.frequencyPenalty() + parameters.presencePenalty();
  }

  private static void add(float[] logits, int index, double value) {
    logits[index] = finite(logits[index] + value);
  }

  /// As float32, where what is too large becomes the largest: only the model's own logits may fail
  /// a row.
  private static float finite(double logit) {
    return (float) Math.clamp(logit, -Float.MAX_VALUE, Float.MAX_VALUE);
  }
}
