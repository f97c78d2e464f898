package org.glmspark.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.glmspark.job.options.ModelOptions;
import org.glmspark.model.ModelDescription;
import org.glmspark.model.ModelLoader;
import org.glmspark.tokenizer.Tokenizer;
import org.glmspark.tokenizer.Vocabulary;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `glm tokenize`: the ids of a text and what each stands for.
@Command(
    name = "tokenize",
    description = {
      "Shows the tokens of a text: id and piece, one a line.",
      "Text never becomes a special token, also where it spells one."
    },
    footer = {"", "Example:", "  glm tokenize sample-data/model \"Summarize the text above.\""})
final class TokenizeCommand implements Callable<Integer> {
  @SuppressWarnings("NullAway.Init") // picocli's work
  @Spec
  private CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "MODEL",
      description =
          "a pack, the model's folder, with config.json, or its GGUF file; or a URI of one")
  private String model = "";

  @Parameters(index = "1", paramLabel = "TEXT", description = "the text")
  private String text = "";

  @Mixin private ModelArgument argument = new ModelArgument();

  @Option(names = "--json", description = "a list of objects with id and piece, for programs")
  private boolean json;

  @Override
  public Integer call() throws JsonProcessingException {
    ModelOptions options = argument.storedOptions(model);
    Path here = ModelArgument.here(options, spec.commandLine().getErr());
    ModelDescription description = ModelLoader.describe(here, options.overrides());
    Tokenizer tokenizer = description.requireTokenizer();
    Vocabulary vocabulary = tokenizer.vocabulary();
    int[] tokens = tokenizer.encode(text);
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      ArrayNode list = JsonNodeFactory.instance.arrayNode();
      for (int token : tokens) {
        list.addObject().put("id", token).put("piece", TokenPiece.text(vocabulary, token));
      }
      out.println(new ObjectMapper().writeValueAsString(list));
    } else {
      int width = String.valueOf(vocabulary.size()).length();
      for (int token : tokens) {
        out.println(("%" + width + "d  %s").formatted(token, TokenPiece.text(vocabulary, token)));
      }
      out.println("%d tokens".formatted(tokens.length));
    }
    out.flush();
    return 0;
  }
}
