package org.glmspark.job.options;

import java.util.List;
import org.glmspark.udfs.distribution.ModelProgress;
import org.glmspark.udfs.Generation;
import org.glmspark.udfs.ModelHandle;
import org.glmspark.udfs.ResultColumns;

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

  /// The model, looked at from here, and packed if this machine has not yet.
  ///
  /// @param progress is told how far the packing is
  public ModelHandle model(ModelProgress progress) {
    return engine.apply(ModelHandle.of(model.source(), engine.options(), progress));
  }

  /// What is done with each row.
  ///
  /// @param opened the job's model
  /// @param key the columns that name a row; empty to name rows by their content
  public Generation generation(ModelHandle opened, List<String> key) {
    return new Generation(
        opened,
        request.prompt(),
        sampling.parameters(),
        request.responseFormat(),
        key,
        new ResultColumns(output.prefix(), output.struct()),
        output.partitions());
  }
}
