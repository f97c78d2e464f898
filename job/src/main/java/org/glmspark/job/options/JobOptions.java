package org.glmspark.job.options;

import java.util.List;
import org.glmspark.udfs.Generation;
import org.glmspark.udfs.ModelHandle;
import org.glmspark.udfs.PromptSource;
import org.glmspark.udfs.ResultColumns;
import org.glmspark.udfs.distribution.ModelProgress;

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
    @Key(
            value =
                "what the model is asked about each row: a task, a template or messages; nothing for"
                    + " batch files, which say it",
            defaultValue = "{}")
        RequestOptions request,
    @Key(value = "how tokens are chosen", defaultValue = "{}") SamplingOptions sampling,
    @Key(value = "how executors use their machines", defaultValue = "{}") EngineSection engine,
    @Key("where the rows and their completions go") OutputOptions output,
    @Key(value = "when a run stops though rows are left", defaultValue = "{}")
        LimitOptions limits) {

  public JobOptions {
    boolean batch = input.isBatch();
    if (!batch && request.isEmpty()) {
      throw new IllegalArgumentException(
          "request has none of task, template and messages, expected one of them");
    }
    if (batch && (!request.isEmpty() || request.responseFormat() != null)) {
      throw new IllegalArgumentException(
          "request says what to ask, but input.format is openai-batch, whose lines do");
    }
    if (batch && sampling.logprobs() != null) {
      throw new IllegalArgumentException(
          "sampling has logprobs, but input.format is openai-batch, whose lines ask for them");
    }
    if (output.isBatch() && !batch) {
      throw new IllegalArgumentException(
          "output has the format openai-batch, expected the input to have it too");
    }
    if (output.isBatch() && output.isArranged()) {
      throw new IllegalArgumentException(
          "output has the format openai-batch, which goes without prefix, struct, partition-by and rows-per-file");
    }
    if (output.mode() == OutputMode.OVERWRITE && !limits.equals(LimitOptions.NONE)) {
      throw new IllegalArgumentException(
          "limits does not go with output.mode overwrite, which begins anew each time; "
              + "choose resume, which goes on where a run was stopped");
    }
    if (request.responseFormat() != null) {
      try {
        sampling.parameters().requireWholeAnswers();
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            "sampling does not go with request.response-format: " + e.getMessage(), e);
      }
    }
  }

  /// What makes prompts of rows.
  public PromptSource prompt() {
    return input.isBatch() ? new PromptSource.OpenAiBatch() : request.prompt();
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
        prompt(),
        sampling.parameters(),
        request.responseFormat(),
        key,
        results(),
        output.partitions());
  }

  /// The columns of the results.
  public ResultColumns results() {
    var columns = new ResultColumns(output.prefix(), output.struct());
    return prompt().tellsLogProbabilities(sampling.parameters())
        ? columns.withLogProbabilities()
        : columns;
  }
}
