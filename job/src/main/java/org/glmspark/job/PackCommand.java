package org.glmspark.job;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.glmspark.job.options.JobFile;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.ModelDigest;
import org.glmspark.model.ModelShape;
import org.glmspark.model.PackContent;
import org.glmspark.pack.IfPresent;
import org.glmspark.pack.ModelPacker;
import org.glmspark.pack.PackOptions;
import org.glmspark.tensor.WeightType;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `glm pack`: one file of a model, which every executor maps.
@Command(
    name = "pack",
    description = {
      "Makes one file of a model, which is mapped by all executors without load time.",
      "f32, f16 and bf16 are floats; q8 and q4 are integers with a scale for every 32,",
      "q4m has a minimum besides. Published integers of such types keep their values.",
      "Without a model at hand, --shape makes one of random weights in a real one's sizes:",
      "it takes the real one's time and memory, and what it says is noise."
    },
    footer = {
      "",
      "Examples:",
      "  glm pack --model glm-4-9b-chat --weights q4 --output glm-4-9b-chat.glmpack",
      "  glm pack --shape glm-4-9b --tokenizer glm-4-9b-chat --output random.glmpack"
    })
final class PackCommand implements Callable<Integer> {
  @SuppressWarnings("NullAway.Init") // picocli's work
  @Spec
  private CommandSpec spec;

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      description = "the model's folder, with config.json, or its GGUF file; or a URI of one")
  private @Nullable String model;

  @Mixin private ShapeArgument random = new ShapeArgument();

  @Option(
      names = "--tokenizer",
      paramLabel = "FOLDER",
      description = "where the random model's tokenizer is; without one it reads no text")
  private @Nullable Path tokenizer;

  @Option(
      names = "--weights",
      paramLabel = "TYPE",
      description = {
        "${COMPLETION-CANDIDATES}; by default as the model is stored, and of a random",
        "model q4"
      })
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
      description = "the file to write; by convention its name ends in .glmpack")
  private Path output = Path.of("");

  @Option(names = "--force", description = "replace the file if it is there")
  private boolean force;

  @Override
  public Integer call() {
    var progress = new PackingLine(Terminal.current(), spec.commandLine().getErr());
    IfPresent ifPresent = force ? IfPresent.REPLACE : IfPresent.REFUSE;
    ModelShape shape = random.shape();
    if (model == null && shape != null) {
      new ModelPacker(PackOptions.NATURAL, progress).pack(randomModel(shape), output, ifPresent);
    } else if (model != null && !random.isGiven() && tokenizer == null) {
      new ModelPacker(new PackOptions(weights, outputWeights), progress)
          .pack(here(model, progress), output, ifPresent);
    } else {
      throw new ParameterException(
          spec.commandLine(),
          "expected either --model, or --shape, to which --layers and --tokenizer belong");
    }
    spec.commandLine().getOut().println("digest " + ModelDigest.of(output));
    return 0;
  }

  private static Path here(String model, PackingLine progress) {
    return JobFile.model(model, List.of()).source().here(progress).path();
  }

  private Supplier<PackContent> randomModel(ModelShape shape) {
    ModelConfig config = random.config(shape);
    WeightType type = weights == null ? WeightType.Q4 : weights;
    WeightType outputType = outputWeights == null ? type : outputWeights;
    return () -> PackContent.random(shape.optionName(), config, type, outputType, tokenizer);
  }
}
