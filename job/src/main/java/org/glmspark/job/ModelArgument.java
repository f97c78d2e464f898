package org.glmspark.job;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.glmspark.job.options.JobFile;
import org.glmspark.job.options.ModelOptions;
import picocli.CommandLine.Option;

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

  /// The model at a path under these settings.
  ModelOptions options(Path model) {
    return JobFile.model(model, assignments);
  }
}
