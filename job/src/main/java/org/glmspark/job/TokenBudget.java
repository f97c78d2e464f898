package org.glmspark.job;

import java.util.ArrayList;
import java.util.List;
import org.glmspark.job.options.LimitOptions;

/// What a run may still spend, in tokens of prompts and completions.
final class TokenBudget {
  private final long most;
  private long spent;

  TokenBudget(LimitOptions limits) {
    this.most = limits.maxTokens() == 0 ? Long.MAX_VALUE : limits.maxTokens();
  }

  /// Those of the requests that surely can be paid together, the first ones first.
  List<RoundPlan.Request> affordable(List<RoundPlan.Request> requests) {
    long left = most - spent;
    List<RoundPlan.Request> affordable = new ArrayList<>();
    for (RoundPlan.Request request : requests) {
      if (request.mostTokens() <= left) {
        affordable.add(request);
        left -= request.mostTokens();
      }
    }
    return affordable;
  }

  /// Counts what was generated.
  void spend(Totals totals) {
    spent += totals.generatedTokens();
  }
}
