package org.glmspark.job;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.glmspark.model.ModelDigest;
import org.glmspark.pack.IfPresent;
import org.glmspark.pack.ModelPacker;
import org.glmspark.pack.PackOptions;
import org.glmspark.tensor.WeightType;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `glm pack`: one file of a published model, which every executor maps.
@Command(
    name = "pack",
    description = {
      "Makes one file of a model, which is mapped by all executors without load time.",
      "f32, f16 and bf16 are floats; q8 and q4 are integers with a scale for every 32,",
      "q4m has a minimum besides. Published integers of such types keep their values."
    },
    footer = {
      "",
      "Example:",
      "  glm pack --model glm-4-9b-chat --weights q4 --output glm-4-9b-chat.glmpack"
    })
final class PackCommand implements Callable<Integer> {
  @SuppressWarnings("NullAway.Init") // picocli's work
  @Spec
  private CommandSpec spec;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "MODEL",
      description = "the model's folder, with config.json, or its GGUF file")
  private Path model = Path.of("");

  @Option(
      names = "--weights",
      paramLabel = "TYPE",
      description = "${COMPLETION-CANDIDATES}; by default as the model is stored")
  private @Nullable WeightType weights;

  @Option(
      names = "--output-weights",
      paramLabel = "TYPE",
      description = "the same for the output matrix alone")
  private @Nullable WeightType outputWeights;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "FILE",
      description = "the file to write; by custom its name ends in .glmpack")
  private Path output = Path.of("");

  @Option(names = "--force", description = "replace the file if it is there")
  private boolean force;

  @Override
  public Integer call() {
    var progress = new PackingLine(Terminal.current(), spec.commandLine().getErr());
    new ModelPacker(new PackOptions(weights, outputWeights), progress)
        .pack(model, output, force ? IfPresent.REPLACE : IfPresent.REFUSE);
    spec.commandLine().getOut().println("digest " + ModelDigest.of(output));
    return 0;
  }
}
