package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {
  private static final Path PROJECT = Path.of("..");
  private static final String MODEL = "../sample-data/model";

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int glm(String... arguments) {
    return Main.run(PROJECT, new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "walk | Unmatched argument at index 0: 'walk'; see glm --help",
        "run --outputs x | Unknown option: '--outputs'; see glm run --help",
        "sql text -f file | both SQL and -f file are given, expected one; see glm sql --help",
        "inspect | Missing required parameter: 'MODEL'; see glm inspect --help",
        "generate hello --max-tokens many | Invalid value for option '--max-tokens': "
            + "'many' is not an int; see glm generate --help",
        "generate hello --top-p 2 | top_p is 2.0, expected a number above 0 and at most 1; "
            + "see glm generate --help",
        "generate hello --regex a** | pattern 'a**', index 2: a repetition of a repetition; "
            + "put the first one into a group; see glm generate --help",
        "generate hello --choice a --stop b | stop is set, expected none with a response format: "
            + "it could break the answer off; see glm generate --help",
        "run none.json | none.json: there is no such job file",
        "inspect x --set model.rope-base=1 | --set: 'model.rope-base' is 1.0, expected a number"
            + " above 1",
        "inspect x --set input.path=y | --set input.path=y: expected a setting of the model, "
            + "such as model.rope-base=5000000",
        "run --set request.max-word=3 | --set request.max-word: unknown key, "
            + "did you mean 'request.max-words'?",
        "run --set request.max-words=few | --set: 'request.max-words' is the text \"few\", "
            + "expected a whole number",
      })
  void whatCannotBeUnderstoodIsSaidInOneSentence(String arguments, String sentence) {
    assertThat(glm(arguments.split(" "))).isEqualTo(2);
    assertThat(err.toString()).isEqualTo(sentence + System.lineSeparator());
    assertThat(out.toString()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"run --set model.path=none", "inspect none", "generate hello --model none"})
  void aModelThatIsNotThereIsRefusedBeforeSparkStarts(String arguments) {
    assertThat(glm(arguments.split(" "))).isEqualTo(1);
    assertThat(err.toString())
        .hasLineCount(1)
        .contains(
            "none: model: there is no such folder or file, expected a folder with config.json, a"
                + " file .gguf or a pack .glmpack");
  }

  @Test
  void aTokenThatTheModelLacksIsRefusedBeforeSparkStarts() {
    assertThat(glm("run", "--set", "sampling.stop_token_ids=[5,99999]")).isEqualTo(1);

    assertThat(err.toString())
        .hasLineCount(1)
        .startsWith("sampling.stop_token_ids has token 99999, the model has ids 0 to ");
  }

  @Test
  void aModelWhoseWeightsAreCutShortIsRefusedBeforeSparkStarts() throws IOException {
    for (String name : new String[] {"config.json", "tokenizer.model", "tokenizer_config.json"}) {
      Files.copy(Path.of(MODEL, name), folder.resolve(name));
    }
    byte[] weights = Files.readAllBytes(Path.of(MODEL, "model.safetensors"));
    Files.write(folder.resolve("model.safetensors"), java.util.Arrays.copyOf(weights, 6_000_000));

    assertThat(glm("run", "--set", "model.path=" + folder)).isEqualTo(1);

    assertThat(err.toString()).hasLineCount(1).startsWith("model.safetensors: ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "sql SHOW"})
  void whatSparkRunsSaysHowToStartItOutsideOfSparkSubmit(String arguments) {
    assertThat(glm(arguments.split(" "))).isEqualTo(1);
    assertThat(err.toString())
        .hasLineCount(1)
        .startsWith("no Spark master is set; start this with bin/glm");
  }

  @Test
  void theStackOfARefusalIsShownOnRequest() {
    assertThat(glm("inspect", "none", "--stacktrace")).isEqualTo(1);
    assertThat(err.toString()).contains("MalformedModelException", "at org.glmspark.job");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--help",
        "run --help",
        "sql --help",
        "generate --help",
        "inspect --help",
        "tokenize --help",
        "perplexity --help",
        "bench --help"
      })
  void everyCommandHelpsWithAnExample(String arguments) {
    assertThat(glm(arguments.split(" "))).isZero();
    assertThat(out.toString()).startsWith("Usage: glm").contains("Example");
  }

  @Test
  void theHelpOfRunExplainsEveryKey() {
    assertThat(glm("run", "--help")).isZero();
    assertThat(out.toString())
        .contains("request.max-words", "sampling.max_tokens", "engine.kv-cache-bytes")
        .containsPattern("output.mode +what to do with rows that are there:\\s+resume,");
  }

  @Test
  void inspectShowsWhatAModelIsAndWhereThatWasRead() {
    assertThat(glm("inspect", MODEL)).isZero();
    assertThat(out.toString())
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
            glm(
                "inspect",
                MODEL,
                "--json",
                "--set",
                "model.rope-base=5e6",
                "--set",
                "model.chat-format=glm-4-0414"))
        .isZero();

    JsonNode json = new ObjectMapper().readTree(out.toString());
    assertThat(json.at("/hyperparameters/rope_base/value").doubleValue()).isEqualTo(5e6);
    assertThat(json.at("/hyperparameters/rope_base/origin").textValue())
        .isEqualTo("option model.rope-base");
    assertThat(json.at("/hyperparameters/layers/value").intValue()).isEqualTo(4);
    assertThat(json.at("/chat_format").textValue()).isEqualTo("glm-4-0414");
    assertThat(json.at("/tokenizer/special_tokens").get("<|user|>").intValue()).isEqualTo(2041);
  }

  @Test
  void tokenizeShowsIdsAndPieces() {
    assertThat(glm("tokenize", MODEL, "Hello <|user|>")).isZero();
    assertThat(out.toString()).startsWith("1008  Hello").doesNotContain("2041");
  }

  @Test
  void perplexityIsThatOfEveryTokenAndDependsOnTheWindow() throws IOException {
    Path text = folder.resolve("text.txt");
    Files.writeString(
        text, "The user-db in Wesfinburg went down at 10:58 on 4 August. ".repeat(20));
    String[] command = {"perplexity", "--model", MODEL, "--text", text.toString(), "--json"};
    assertThat(glm(command)).isZero();
    JsonNode whole = new ObjectMapper().readTree(out.toString());
    out.getBuffer().setLength(0);
    assertThat(glm("tokenize", MODEL, Files.readString(text))).isZero();
    int tokens = whole.get("tokens").intValue();
    assertThat(out.toString().strip()).endsWith(tokens + " tokens");
    assertThat(whole.get("windows").intValue()).isEqualTo(1);
    double loss = whole.get("mean_negative_log_likelihood").doubleValue();
    assertThat(whole.get("perplexity").doubleValue()).isEqualTo(Math.exp(loss));
    out.getBuffer().setLength(0);

    assertThat(glm("perplexity", "--model", MODEL, "--text", text.toString(), "--window", "12"))
        .isZero();

    assertThat(out.toString())
        .contains(
            "tokens                        %,d in %,d windows of at most 12"
                .formatted(tokens, Math.ceilDiv(tokens, 10)))
        .containsPattern("perplexity +[0-9.]+")
        .doesNotContain("%.4f".formatted(Math.exp(loss)));
  }

  @Test
  void benchMeasuresProductsAttentionPromptsAndCompletions() throws IOException {
    assertThat(
            glm(
                "bench",
                "--model",
                MODEL,
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

    JsonNode json = new ObjectMapper().readTree(out.toString());
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
    assertThat(glm("bench", "--shape", "glm-5", "--layers", "1")).isEqualTo(2);
    assertThat(err.toString())
        .contains("'glm-5' is no shape, expected one of chatglm2-6b, chatglm3-6b, glm-4-9b,");
    err.getBuffer().setLength(0);
    assertThat(glm("bench", "--model", MODEL, "--layers", "1")).isEqualTo(2);
    assertThat(err.toString()).startsWith("--model has its own sizes and weights");
  }

  @Test
  void perplexitySaysWhatIsWrongWithAText() throws IOException {
    Path bytes = folder.resolve("bytes.bin");
    Files.write(bytes, new byte[] {(byte) 0xff, 0, 1});
    assertThat(glm("perplexity", "--model", MODEL, "--text", bytes.toString())).isEqualTo(1);
    assertThat(err.toString()).isEqualTo(bytes + ": is not UTF-8, expected a text file\n");
    err.getBuffer().setLength(0);
    assertThat(glm("perplexity", "--model", MODEL, "--text", "none.txt")).isEqualTo(1);
    assertThat(err.toString()).isEqualTo("none.txt: there is no such file\n");
    err.getBuffer().setLength(0);
    assertThat(glm("perplexity", "--model", MODEL, "--text", "none.txt", "--window", "2"))
        .isEqualTo(2);
    assertThat(err.toString())
        .startsWith("--window is 2, expected 3 to 1024, the model's context;");
  }

  @Test
  void generateAnswersWithTheSampleModel() {
    String text =
        "866箱太阳能板已从武汉发往西安，单号VEPAL630，预计7月19日到达。\n\n"
            + "Summarize the text above in at most 50 words. Reply with the summary only.";

    String cache = "model.pack-cache=" + folder.resolve("packs");

    assertThat(glm("generate", text, "--set", cache)).isZero();

    assertThat(out.toString().strip()).isEqualTo("武汉到西安的866箱太阳能板，7月19日到达，单号VEPAL630。");
    assertThat(err.toString()).hasLineCount(1).startsWith("packed the model: " + folder);

    err.getBuffer().setLength(0);
    assertThat(glm("generate", text, "--set", cache)).isZero();
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void aPackIsAModelLikeAnyOther() throws IOException {
    String pack = folder.resolve("sample.glmpack").toString();

    assertThat(glm("pack", "--model", MODEL, "--weights", "bf16", "--output", pack)).isZero();
    String digest = out.toString().strip().replace("digest ", "");
    assertThat(digest).hasSize(64);
    assertThat(err.toString()).startsWith("packed the model: " + pack + ", 7 MB, ");
    out.getBuffer().setLength(0);

    assertThat(glm("inspect", pack, "--json", "--verify")).isZero();
    JsonNode json = new ObjectMapper().readTree(out.toString());
    assertThat(json.at("/pack/digest").textValue()).isEqualTo(digest);
    assertThat(json.at("/weight_bytes/bf16").longValue()).isPositive();
    assertThat(json.at("/hyperparameters/layers/origin").textValue())
        .isEqualTo("num_layers in config.json");
    out.getBuffer().setLength(0);

    assertThat(glm("tokenize", pack, "Hello")).isZero();
    assertThat(out.toString()).startsWith("1008  Hello");
    err.getBuffer().setLength(0);

    assertThat(glm("generate", "Hello", "--model", pack, "--max-tokens", "2")).isZero();
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void aPackIsNotOverwrittenUnlessItIsForced() throws IOException {
    Path pack = folder.resolve("sample.glmpack");
    Files.writeString(pack, "work");
    String[] arguments = {"pack", "--model", MODEL, "--output", pack.toString()};

    assertThat(glm(arguments)).isEqualTo(1);
    assertThat(err.toString()).hasLineCount(1).contains("is there already");
    assertThat(pack).hasContent("work");

    assertThat(glm("pack", "--model", MODEL, "--output", pack.toString(), "--force")).isZero();
    assertThat(glm("generate", "x", "--model", pack.toString(), "--set", "model.weights=q8"))
        .isEqualTo(1);
    assertThat(err.toString()).contains("is a pack, which has its weight types");
  }

  @Test
  void packTakesEitherAModelOrAShape() {
    String output = folder.resolve("any.glmpack").toString();
    for (List<String> wrong :
        List.<List<String>>of(
            List.of(),
            List.of("--layers", "1"),
            List.of("--model", MODEL, "--shape", "glm-4-9b"),
            List.of("--model", MODEL, "--tokenizer", MODEL))) {
      err.getBuffer().setLength(0);
      var arguments = new ArrayList<>(List.of("pack", "--output", output));
      arguments.addAll(wrong);
      assertThat(glm(arguments.toArray(String[]::new))).isEqualTo(2);
      assertThat(err.toString()).startsWith("expected either --model, or --shape, to which");
    }
    err.getBuffer().setLength(0);
    assertThat(glm("pack", "--shape", "glm-4-9b", "--layers", "0", "--output", output))
        .isEqualTo(2);
    assertThat(err.toString()).startsWith("--layers: layers is 0, expected 1 to 4096");
  }

  @Test
  void generateHoldsTheAnswerToAForm() throws IOException {
    String text = "I bought the lamp in Brizan for 42 dollars. So far it looks great.";

    assertThat(glm("generate", "--choice= no", "--choice=yes!", text)).isZero();
    assertThat(out.toString()).isIn(lines(" no"), lines("yes!"));

    out.getBuffer().setLength(0);
    assertThat(glm("generate", "--regex=[0-9]{2} dollars", "--max-tokens=12", text)).isZero();
    assertThat(out.toString()).matches("[0-9]{2} dollars\\R");

    out.getBuffer().setLength(0);
    String schema =
        "{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{\"properties\":{\"price\":{\"type\":\"integer\",\"maximum\":99},\"item\":{\"type\":\"string\",\"maxLength\":10}},\"required\":[\"price\",\"item\"]}}}";
    assertThat(glm("generate", "--response-format=" + schema, "--max-tokens=60", text)).isZero();
    JsonNode json = new ObjectMapper().readTree(out.toString());
    assertThat(json.path("price").intValue()).isLessThan(100);
    assertThat(json.path("item").textValue()).hasSizeLessThanOrEqualTo(10);

    assertThat(glm("generate", "--response-format=" + schema, "--max-tokens=5", text)).isEqualTo(1);
    assertThat(err.toString())
        .contains("answer too long: the shortest answer of the response format takes ")
        .contains(" tokens, max_tokens and the context leave 5");
  }

  private static String lines(String text) {
    return text + System.lineSeparator();
  }

  @Test
  void generateTakesSamplingOptions() {
    String text =
        "866箱太阳能板已从武汉发往西安，单号VEPAL630，预计7月19日到达。\n\n"
            + "Summarize the text above in at most 50 words. Reply with the summary only.";

    assertThat(
            glm(
                "generate",
                "--preset=CHAT",
                "--top-k=1",
                "--min-p=0.1",
                "--top-p=1",
                "--presence-penalty=0",
                "--frequency-penalty=0",
                "--min-tokens=2",
                "--stop=太阳能板",
                "--stop=no such text",
                "--ignore-eos",
                text))
        .isZero();

    assertThat(out.toString().strip()).isEqualTo("武汉到西安的866箱");
  }

  @ParameterizedTest
  @ValueSource(strings = {"glm-spark.service", "crontab", "airflow_dag.py"})
  void schedulesStartCommandsThatThereAre(String file) throws IOException {
    String schedule = Files.readString(PROJECT.resolve("conf/schedule").resolve(file));
    Matcher command =
        Pattern.compile("job/bin/glm (run .*? --deadline \\d\\d:\\d\\d)").matcher(schedule);

    assertThat(command.find()).isTrue();
    assertThat(glm((command.group(1) + " --help").split(" "))).as(err.toString()).isZero();
    assertThat(err.toString()).isEmpty();
  }
}
