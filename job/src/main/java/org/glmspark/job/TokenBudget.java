package org.glmspark.job;

import java.util.ArrayList;
import java.util.List;
import org.glmspark.job.options.LimitOptions;

/// What a run may still spend, in tokens of prompts and completions.
final class TokenBudget {
  private final long most;
  private final int mostOfACompletion;
  private long spent;

  /// @param mostOfACompletion tokens that a completion may have
  TokenBudget(LimitOptions limits, int mostOfACompletion) {
    this.most = limits.maxTokens() == 0 ? Long.MAX_VALUE : limits.maxTokens();
    this.mostOfACompletion = mostOfACompletion;
  }

  /// As many of the requests, from the first on, as surely can be paid.
  List<RoundPlan.Request> affordable(List<RoundPlan.Request> requests) {
    long left = most - spent;
    List<RoundPlan.Request> affordable = new ArrayList<>();
    for (RoundPlan.Request request : requests) {
      left -= (long) request.tokens() + mostOfACompletion;
      if (left < 0) {
        break;
      }
      affordable.add(request);
    }
    return affordable;
  }

  /// Counts what was generated.
  void spend(Totals totals) {
    spent += totals.generatedTokens();
  }
}
