package org.glmspark.job;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.glmspark.job.options.JobFile;
import org.glmspark.job.options.ModelOptions;
import org.glmspark.pack.PackOptions;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// What commands without a job file say about their model.
final class ModelArgument {
  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = {
        "set against the model's files, or for how it is packed; may be repeated. KEY is",
        "model.rope-base, model.norm-epsilon, model.context, model.chat-format,",
        "model.weights, model.output-weights or model.pack-cache"
      })
  private List<String> assignments = new ArrayList<>();

  @SuppressWarnings("NullAway.Init") // picocli's work
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  /// The model at a path or URI under these settings.
  ModelOptions options(String model) {
    return JobFile.model(model, assignments);
  }

  /// The same for a command that reads the model as it is stored.
  ///
  /// @throws ParameterException if a type of weights is set
  ModelOptions storedOptions(String model) {
    ModelOptions options = options(model);
    if (hasWeights(options)) {
      throw new ParameterException(
          command.commandLine(),
          "--set model.weights and model.output-weights are for packing, and %s reads the model as it is stored"
              .formatted(command.name()));
    }
    return options;
  }

  private static boolean hasWeights(ModelOptions model) {
    return !model.source().packing().equals(PackOptions.NATURAL);
  }

  /// Where a model is on this machine, copied if it lies elsewhere.
  ///
  /// @param err is told how far that is
  static Path here(ModelOptions model, PrintWriter err) {
    return model.source().here(new PackingLine(Terminal.current(), err)).path();
  }

  /// What a command opens: what is at the place, or its pack if a type of weights is set.
  ///
  /// @param here what [#here] gave
  static Path opened(ModelOptions model, Path here, PrintWriter err) {
    return hasWeights(model)
        ? model.source().packed(here, new PackingLine(Terminal.current(), err))
        : here;
  }
}
