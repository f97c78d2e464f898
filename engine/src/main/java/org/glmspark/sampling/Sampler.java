package org.glmspark.sampling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.glmspark.grammar.AnswerState;
import org.jspecify.annotations.Nullable;

/// Chooses the tokens of one sequence, each from a row of logits.
///
/// The order is that of vLLM: log-probabilities are read, then masks, bias and penalties are
/// applied ([LogitAdjustment], and the mask of an [AnswerState]), then the largest logit is taken
/// or one is drawn ([TokenDraw]). Belongs to one thread at a time.
public final class Sampler {
  /// Returned where a logit is NaN or infinite: such a row has no next token.
  public static final int NOT_FINITE = -1;

  /// Returned where the sequence's own parameters leave no token to choose.
  public static final int NONE_ALLOWED = -2;

  private final SamplingParameters parameters;
  private final CounterRandom random;

  /// Null if logits are taken as they are.
  private final @Nullable LogitAdjustment adjustment;

  private final List<TokenLogProbability> logProbabilities = new ArrayList<>();
  private @Nullable TokenLogProbability chosen;
  private int generated;

  /// How far the answer has come; null if it may have any form.
  private @Nullable AnswerState answer;

  /// @param requestId at least 16 hexadecimal digits
  /// @param prompt its tokens
  /// @param modelStopTokens the model's own, which `minTokens` masks also where `ignoreEos` is said
  /// @param badWords the tokens of each bad word, none empty; one word may be written in several
  ///   ways
  /// @param answer the beginning of an answer whose form is given, or null
  public Sampler(
      SamplingParameters parameters,
      String requestId,
      int[] prompt,
      int[] modelStopTokens,
      List<int[]> badWords,
      @Nullable AnswerState answer) {
    this.parameters = parameters;
    this.answer = answer;
    this.random = new CounterRandom(parameters.seed(), requestId);
    this.adjustment =
        LogitAdjustment.isNone(parameters)
            ? null
            : new LogitAdjustment(
                parameters, prompt, stopTokens(parameters, modelStopTokens), badWords);
  }

  private static int[] stopTokens(SamplingParameters parameters, int[] modelStopTokens) {
    int[] own = parameters.stopTokenIds().stream().mapToInt(id -> id).toArray();
    int[] all = Arrays.copyOf(modelStopTokens, modelStopTokens.length + own.length);
    System.arraycopy(own, 0, all, modelStopTokens.length, own.length);
    return all;
  }

  /// Chooses the next token. Without [#accept], another row would be for the same place in the
  /// completion.
  ///
  /// @param logits a row of them starts at `offset`; they are changed
  /// @param size of the vocabulary
  /// @return the token id, or [#NOT_FINITE], or [#NONE_ALLOWED]
  public int next(float[] logits, int offset, int size) {
    if (!finite(logits, offset, size)) {
      return NOT_FINITE;
    }
    if (parameters.logprobs() == null) {
      return choose(logits, offset, size);
    }
    var row = TokenLogProbability.Row.of(logits, offset, size, parameters.logprobs());
    int token = choose(Arrays.copyOfRange(logits, offset, offset + size), 0, size);
    chosen = token < 0 ? null : row.of(token, logits[offset + token]);
    return token;
  }

  private int choose(float[] logits, int offset, int size) {
    if (adjustment != null) {
      adjustment.apply(logits, offset, size);
    }
    if (answer != null) {
      answer.mask(logits, offset, size);
    }
    int best = argMax(logits, offset, size);
    float largest = logits[offset + best];
    if (largest == Float.NEGATIVE_INFINITY) {
      return NONE_ALLOWED;
    }
    double temperature = parameters.temperature();
    if (temperature == 0) {
      return best;
    }
    var ranking = new TokenRanking(logits, offset, size, largest, temperature);
    return TokenDraw.draw(ranking, parameters, random.uniform(generated));
  }

  /// Takes the token that [#next] chose into the completion.
  public void accept(int token) {
    generated++;
    if (adjustment != null) {
      adjustment.accept(token);
    }
    if (answer != null) {
      answer = answer.after(token);
    }
    if (chosen != null) {
      logProbabilities.add(chosen);
      chosen = null;
    }
  }

  /// Whether the completion is an answer of the form that was given, to which nothing can be added.
  public boolean isAnswerComplete() {
    return answer != null && answer.isComplete();
  }

  /// Those of the completion's tokens; empty unless they were asked for.
  public List<TokenLogProbability> logProbabilities() {
    return logProbabilities;
  }

  /// The lowest id among those with the largest logit.
  private static int argMax(float[] logits, int offset, int size) {
    int best = 0;
    float largest = logits[offset];
    for (int id = 1; id < size; id++) {
      float logit = logits[offset + id];
      if (logit > largest) {
        largest = logit;
        best = id;
      }
    }
    return best;
  }

  private static boolean finite(float[] logits, int offset, int size) {
    boolean finite = true;
    for (int i = offset; i < offset + size; i++) {
      finite &= Math.abs(logits[i]) <= Float.MAX_VALUE;
    }
    return finite;
  }
}
