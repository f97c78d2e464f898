package org.glmspark.job.options;

/// Everything a run is told to do: one component for each section of the job file.
///
/// @param model which model completes the prompts
/// @param input where the rows come from
/// @param request what the model is asked about each row
/// @param sampling how tokens are chosen
/// @param engine how executors use their machines
/// @param output where the rows and their completions go
/// @param limits when a run stops though rows are left
public record JobOptions(
    @Key("which model completes the prompts") ModelOptions model,
    @Key("where the rows come from") InputOptions input,
    @Key("what the model is asked about each row: a task or a template") RequestOptions request,
    @Key(value = "how tokens are chosen", defaultValue = "{}") SamplingOptions sampling,
    @Key(value = "how executors use their machines", defaultValue = "{}") EngineSection engine,
    @Key("where the rows and their completions go") OutputOptions output,
    @Key(value = "when a run stops though rows are left", defaultValue = "{}")
        LimitOptions limits) {

  public JobOptions {
    if (request.responseFormat() != null) {
      try {
        sampling.parameters().requireWholeAnswers();
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            "sampling does not go with request.response-format: " + e.getMessage(), e);
      }
    }
  }
}
