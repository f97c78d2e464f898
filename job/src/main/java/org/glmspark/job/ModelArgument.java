package org.glmspark.job;

import java.io.PrintWriter;
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

  /// The model at a path or URI under these settings.
  ModelOptions options(String model) {
    return JobFile.model(model, assignments);
  }

  /// Where a model is on this machine, copied if it lies elsewhere.
  ///
  /// @param err is told how far that is
  static Path here(ModelOptions model, PrintWriter err) {
    return model.source().here(new PackingLine(Terminal.current(), err)).path();
  }
}
