package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.glmspark.job.CommandLine.SAMPLE_MODEL;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PackCommandTest {
  @TempDir Path folder;

  private final CommandLine glm = new CommandLine();

  @Test
  void aPackIsAModelLikeAnyOther() throws IOException {
    String pack = folder.resolve("sample.glmpack").toString();

    assertThat(glm.run("pack", "--model", SAMPLE_MODEL, "--weights", "bf16", "--output", pack))
        .isZero();
    String digest = glm.out().strip().replace("digest ", "");
    assertThat(digest).hasSize(64);
    assertThat(glm.err()).startsWith("packed the model: " + pack + ", 7 MB, ");

    assertThat(glm.run("inspect", pack, "--json", "--verify")).isZero();
    JsonNode json = new ObjectMapper().readTree(glm.out());
    assertThat(json.at("/pack/digest").textValue()).isEqualTo(digest);
    assertThat(json.at("/weight_bytes/bf16").longValue()).isPositive();
    assertThat(json.at("/hyperparameters/layers/origin").textValue())
        .isEqualTo("num_layers in config.json");

    assertThat(glm.run("tokenize", pack, "Hello")).isZero();
    assertThat(glm.out()).startsWith("1008  Hello");

    assertThat(glm.run("generate", "Hello", "--model", pack, "--max-tokens", "2")).isZero();
    assertThat(glm.err()).isEmpty();
  }

  @Test
  void aPackIsNotOverwrittenUnlessItIsForced() throws IOException {
    Path pack = folder.resolve("sample.glmpack");
    Files.writeString(pack, "work");
    String[] arguments = {"pack", "--model", SAMPLE_MODEL, "--output", pack.toString()};

    assertThat(glm.run(arguments)).isEqualTo(1);
    assertThat(glm.err()).hasLineCount(1).contains("is there already");
    assertThat(pack).hasContent("work");

    assertThat(glm.run("pack", "--model", SAMPLE_MODEL, "--output", pack.toString(), "--force"))
        .isZero();
    assertThat(glm.run("generate", "x", "--model", pack.toString(), "--set", "model.weights=q8"))
        .isEqualTo(1);
    assertThat(glm.err()).contains("is a pack, which has its weight types");
  }

  @Test
  void packTakesEitherAModelOrAShape() {
    String output = folder.resolve("any.glmpack").toString();
    for (List<String> wrong :
        List.<List<String>>of(
            List.of(),
            List.of("--layers", "1"),
            List.of("--model", SAMPLE_MODEL, "--shape", "glm-4-9b"),
            List.of("--model", SAMPLE_MODEL, "--tokenizer", SAMPLE_MODEL))) {
      var arguments = new ArrayList<>(List.of("pack", "--output", output));
      arguments.addAll(wrong);
      assertThat(glm.run(arguments.toArray(String[]::new))).isEqualTo(2);
      assertThat(glm.err()).startsWith("expected either --model, or --shape, to which");
    }
    assertThat(glm.run("pack", "--shape", "glm-4-9b", "--layers", "0", "--output", output))
        .isEqualTo(2);
    assertThat(glm.err()).startsWith("--layers: layers is 0, expected 1 to 4096");
  }
}
