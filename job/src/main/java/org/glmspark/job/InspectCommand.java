package org.glmspark.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.glmspark.format.ModelPack;
import org.glmspark.job.options.ModelOptions;
import org.glmspark.model.ModelDescription;
import org.glmspark.model.ModelLoader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `glm inspect`: what a model is and where its files say so, without reading the weights.
@Command(
    name = "inspect",
    description = "Checks a model and shows what it is, without reading its weights.",
    footer = {"", "Example:", "  glm inspect sample-data/model"})
final class InspectCommand implements Callable<Integer> {
  @SuppressWarnings("NullAway.Init") // picocli's work
  @Spec
  private CommandSpec spec;

  @Parameters(
      paramLabel = "MODEL",
      description =
          "a pack, the model's folder, with config.json, or its GGUF file; or a URI of one")
  private String model = "";

  @Mixin private ModelArgument argument = new ModelArgument();

  @Option(names = "--json", description = "for programs")
  private boolean json;

  @Option(
      names = "--verify",
      description = "read all of a pack and compare it with its digests, for one that was copied")
  private boolean verify;

  @Override
  public Integer call() throws JsonProcessingException {
    ModelOptions options = argument.storedOptions(model);
    Path here = ModelArgument.here(options, spec.commandLine().getErr());
    ModelDescription description = ModelLoader.describe(here, options.overrides());
    if (verify) {
      ModelPack.verify(here);
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(
          new ObjectMapper()
              .enable(SerializationFeature.INDENT_OUTPUT)
              .writeValueAsString(ModelReport.json(description)));
    } else {
      ModelReport.lines(description).forEach(out::println);
    }
    out.flush();
    return 0;
  }
}
