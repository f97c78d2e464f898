package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.glmspark.job.CommandLine.SAMPLE_MODEL;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The commands that look at a model: `inspect`, `tokenize`, `perplexity` and `bench`.
class ModelCommandsTest {
  @TempDir Path folder;

  private final CommandLine glm = new CommandLine();

  @Test
  void inspectShowsWhatAModelIsAndWhereThatWasRead() {
    assertThat(glm.run("inspect", SAMPLE_MODEL)).isZero();
    assertThat(glm.out())
        .containsPattern("(?m)^family +GLM-4 +its tokenizer is byte-level$")
        .containsPattern("(?m)^parameters +3,280,640$")
        .containsPattern("(?m)^weights +6,561,280 bytes of BF16$")
        .containsPattern("(?m)^key value heads +2 +multi_query_group_num in config.json$")
        .containsPattern("(?m)^rope base +10,000 +10000 × rope_ratio in config.json$")
        .containsPattern("(?m)^context +1,024 tokens +seq_length in config.json$")
        .containsPattern(
            "(?m)^cache for a token +2,048 bytes as float32, 1,024 bytes as float16, 576 bytes as int8$")
        .containsPattern("(?m)^tokenizer +2,048 tokens, 14 of them special +tokenizer.model, ")
        .containsPattern("(?m)^stop tokens +2034 <\\|endoftext\\|>, 2041 <\\|user\\|>, 2043 ")
        .containsPattern("(?m)^block type +two norms +model_type in config.json$")
        .containsPattern("(?m)^special tokens +2034 <\\|endoftext\\|>, 2035 \\[MASK], 2036 ")
        .containsPattern("(?m)^chat format +glm-4 +the format of GLM-4$")
        .containsPattern("(?m)^its default do_sample +false +generation_config.json, not used$")
        .containsPattern("(?m)^its default eos_token_id .*generation_config.json, among the stop");
  }

  @Test
  void inspectTakesSettingsAgainstTheFilesAndSpeaksJson() throws IOException {
    assertThat(
            glm.run(
                "inspect",
                SAMPLE_MODEL,
                "--json",
                "--set",
                "model.rope-base=5e6",
                "--set",
                "model.chat-format=glm-4-0414"))
        .isZero();

    JsonNode json = new ObjectMapper().readTree(glm.out());
    assertThat(json.at("/hyperparameters/rope_base/value").doubleValue()).isEqualTo(5e6);
    assertThat(json.at("/hyperparameters/rope_base/origin").textValue())
        .isEqualTo("option model.rope-base");
    assertThat(json.at("/hyperparameters/layers/value").intValue()).isEqualTo(4);
    assertThat(json.at("/chat_format").textValue()).isEqualTo("glm-4-0414");
    assertThat(json.at("/tokenizer/special_tokens").get("<|user|>").intValue()).isEqualTo(2041);
  }

  @Test
  void tokenizeShowsIdsAndPieces() {
    assertThat(glm.run("tokenize", SAMPLE_MODEL, "Hello <|user|>")).isZero();
    assertThat(glm.out()).startsWith("1008  Hello").doesNotContain("2041");
  }

  @Test
  void perplexityIsThatOfEveryTokenAndDependsOnTheWindow() throws IOException {
    Path text = folder.resolve("text.txt");
    Files.writeString(
        text, "The user-db in Wesfinburg went down at 10:58 on 4 August. ".repeat(20));
    String[] command = {"perplexity", "--model", SAMPLE_MODEL, "--text", text.toString(), "--json"};
    assertThat(glm.run(command)).isZero();
    JsonNode whole = new ObjectMapper().readTree(glm.out());
    assertThat(glm.run("tokenize", SAMPLE_MODEL, Files.readString(text))).isZero();
    int tokens = whole.get("tokens").intValue();
    assertThat(glm.out().strip()).endsWith(tokens + " tokens");
    assertThat(whole.get("windows").intValue()).isEqualTo(1);
    double loss = whole.get("mean_negative_log_likelihood").doubleValue();
    assertThat(whole.get("perplexity").doubleValue()).isEqualTo(Math.exp(loss));

    assertThat(
            glm.run(
                "perplexity", "--model", SAMPLE_MODEL, "--text", text.toString(), "--window", "12"))
        .isZero();

    assertThat(glm.out())
        .contains(
            "tokens                        %,d in %,d windows of at most 12"
                .formatted(tokens, Math.ceilDiv(tokens, 10)))
        .containsPattern("perplexity +[0-9.]+")
        .doesNotContain("%.4f".formatted(Math.exp(loss)));
  }

  @Test
  void perplexityIsThatOfTheWeightsThatAreAskedFor() throws IOException {
    Path text = Files.writeString(folder.resolve("text.txt"), "The user-db went down at 10:58.");
    String[] stored = {"perplexity", "--model", SAMPLE_MODEL, "--text", text.toString(), "--json"};
    String[] q4 =
        Stream.concat(
                Arrays.stream(stored),
                Stream.of(
                    "--set",
                    "model.weights=q4",
                    "--set",
                    "model.pack-cache=" + folder.resolve("p")))
            .toArray(String[]::new);

    assertThat(glm.run(stored)).isZero();
    String ofStored = glm.out();
    assertThat(glm.run(q4)).as(glm.err()).isZero();

    assertThat(glm.out()).isNotEqualTo(ofStored);
    assertThat(folder.resolve("p")).isNotEmptyDirectory();
    assertThat(glm.run("tokenize", SAMPLE_MODEL, "--set", "model.weights=q4", "Hi")).isEqualTo(2);
    assertThat(glm.err()).contains("tokenize reads the model as it is stored");
  }

  @Test
  void perplexitySaysWhatIsWrongWithAText() throws IOException {
    Path bytes = folder.resolve("bytes.bin");
    Files.write(bytes, new byte[] {(byte) 0xff, 0, 1});
    assertThat(glm.run("perplexity", "--model", SAMPLE_MODEL, "--text", bytes.toString()))
        .isEqualTo(1);
    assertThat(glm.err()).isEqualTo(bytes + ": is not UTF-8, expected a text file\n");
    assertThat(glm.run("perplexity", "--model", SAMPLE_MODEL, "--text", "none.txt")).isEqualTo(1);
    assertThat(glm.err()).isEqualTo("none.txt: there is no such file\n");
    assertThat(
            glm.run("perplexity", "--model", SAMPLE_MODEL, "--text", "none.txt", "--window", "2"))
        .isEqualTo(2);
    assertThat(glm.err()).startsWith("--window is 2, expected 3 to 1024, the model's context;");
  }

  @Test
  void benchMeasuresProductsAttentionPromptsAndCompletions() throws IOException {
    assertThat(
            glm.run(
                "bench",
                "--model",
                SAMPLE_MODEL,
                "--products",
                "1,8",
                "--attention",
                "64",
                "--prompt",
                "32",
                "--batch",
                "1,2",
                "--new-tokens",
                "2",
                "--threads",
                "1",
                "--json"))
        .isZero();

    JsonNode json = new ObjectMapper().readTree(glm.out());
    assertThat(json.at("/machine/float_operations_per_second").doubleValue()).isPositive();
    assertThat(json.at("/machine/read_bytes_per_second").doubleValue()).isPositive();
    assertThat(json.at("/model/layers").intValue()).isEqualTo(4);
    JsonNode measurements = json.get("measurements");
    assertThat(measurements).hasSize(2 * 4 + 2 + 1 + 2);
    JsonNode decode = measurements.get(12);
    assertThat(decode.get("name").textValue()).isEqualTo("decode, batch 2 after 32");
    assertThat(decode.get("tokens").intValue()).isEqualTo(4);
    assertThat(decode.get("tokens_per_second").doubleValue())
        .isEqualTo(4 / decode.get("seconds").doubleValue());
    assertThat(measurements).allSatisfy(m -> assertThat(m.get("share").doubleValue()).isPositive());
  }

  @Test
  void benchMakesRandomModelsOfPublishedShapes() throws IOException {
    assertThat(glm.run("bench", "--shape", "glm-5", "--layers", "1")).isEqualTo(2);
    assertThat(glm.err())
        .contains("'glm-5' is no shape, expected one of chatglm2-6b, chatglm3-6b, glm-4-9b,");
    assertThat(glm.run("bench", "--model", SAMPLE_MODEL, "--layers", "1")).isEqualTo(2);
    assertThat(glm.err()).startsWith("--model has its own sizes and weights");
  }
}
