package org.glmspark.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A run that is over: what it was asked for, and what came of it.
///
/// @param settings what it was asked for
/// @param kernels what computed, on the different machines of a cluster
/// @param took how long the rows took, from the plan to the last round
/// @param rowsBefore rows that the output had
/// @param rowsLeft rows of the input that are still to do
/// @param stopped why some are left, or null if all rows are done
/// @param rounds how many the run committed
/// @param totals of the rows that the run wrote, counted from the output
record RunResult(
    RunSettings settings,
    List<String> kernels,
    Duration took,
    long rowsBefore,
    long rowsLeft,
    @Nullable String stopped,
    int rounds,
    Totals totals) {

  RunResult {
    kernels = List.copyOf(kernels);
  }

  /// Generated completion tokens in a second.
  double tokensPerSecond() {
    return totals.generatedCompletionTokens() / Math.max(1e-3, took.toMillis() / 1e3);
  }

  /// What stays with the output.
  ObjectNode json() {
    ObjectNode run = settings.json(stopped == null ? "complete" : "work remains");
    if (stopped != null) {
      run.put("stopped", stopped);
    }
    kernels.forEach(run.putArray("kernels")::add);
    run.put("seconds", took.toMillis() / 1e3);
    run.put("rounds", rounds);
    run.put("rows_before", rowsBefore);
    run.put("rows", totals.rows());
    run.put("rows_left", rowsLeft);
    ObjectNode failed = run.putObject("failed_rows");
    totals.failedByReason().forEach(failed::put);
    run.put("requests", totals.requests());
    run.put("generated_requests", totals.generatedRequests());
    run.put("prompt_tokens", totals.promptTokens());
    run.put("completion_tokens", totals.completionTokens());
    run.put("generated_prompt_tokens", totals.generatedPromptTokens());
    run.put("generated_completion_tokens", totals.generatedCompletionTokens());
    return run;
  }
}
