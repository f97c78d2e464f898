package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.glmspark.job.CommandLine.SAMPLE_MODEL;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.glmspark.job.options.JobFile;
import org.glmspark.job.options.JobOptions;
import org.glmspark.job.options.OutputMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What every command has: arguments, refusals, help.
class MainTest {
  private static final Path PROJECT = Path.of("..");

  @TempDir Path folder;

  private final CommandLine glm = new CommandLine();

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
    assertThat(glm.run(arguments.split(" "))).isEqualTo(2);
    assertThat(glm.err()).isEqualTo(sentence + System.lineSeparator());
    assertThat(glm.out()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"run --set model.path=none", "inspect none", "generate hello --model none"})
  void aModelThatIsNotThereIsRefusedBeforeSparkStarts(String arguments) {
    assertThat(glm.run(arguments.split(" "))).isEqualTo(1);
    assertThat(glm.err())
        .hasLineCount(1)
        .contains(
            "none: model: there is no such folder or file, expected a folder with config.json, a"
                + " file .gguf or a pack .glmpack");
  }

  @Test
  void aTokenThatTheModelLacksIsRefusedBeforeSparkStarts() {
    assertThat(glm.run("run", "--set", "sampling.stop_token_ids=[5,99999]")).isEqualTo(1);

    assertThat(glm.err())
        .hasLineCount(1)
        .startsWith("sampling.stop_token_ids has token 99999, the model has ids 0 to ");
  }

  @Test
  void aModelWhoseWeightsAreCutShortIsRefusedBeforeSparkStarts() throws IOException {
    for (String name : new String[] {"config.json", "tokenizer.model", "tokenizer_config.json"}) {
      Files.copy(Path.of(SAMPLE_MODEL, name), folder.resolve(name));
    }
    byte[] weights = Files.readAllBytes(Path.of(SAMPLE_MODEL, "model.safetensors"));
    Files.write(folder.resolve("model.safetensors"), java.util.Arrays.copyOf(weights, 6_000_000));

    assertThat(glm.run("run", "--set", "model.path=" + folder)).isEqualTo(1);

    assertThat(glm.err()).hasLineCount(1).startsWith("model.safetensors: ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "sql SHOW"})
  void whatSparkRunsSaysHowToStartItOutsideOfSparkSubmit(String arguments) {
    assertThat(glm.run(arguments.split(" "))).isEqualTo(1);
    assertThat(glm.err())
        .hasLineCount(1)
        .startsWith("no Spark master is set; start this with bin/glm");
  }

  @Test
  void theStackOfARefusalIsShownOnRequest() {
    assertThat(glm.run("inspect", "none", "--stacktrace")).isEqualTo(1);
    assertThat(glm.err()).contains("MalformedModelException", "at org.glmspark.job");
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
    assertThat(glm.run(arguments.split(" "))).isZero();
    assertThat(glm.out()).startsWith("Usage: glm").contains("Example");
  }

  @Test
  void theHelpOfRunExplainsEveryKey() {
    assertThat(glm.run("run", "--help")).isZero();
    assertThat(glm.out())
        .contains("request.max-words", "sampling.max_tokens", "engine.kv-cache-bytes")
        .containsPattern("output.mode +what to do with rows that are there:\\s+resume,");
  }

  @ParameterizedTest
  @ValueSource(strings = {"glm-spark.service", "crontab", "airflow_dag.py"})
  void schedulesStartCommandsThatThereAre(String file) throws IOException {
    String schedule = Files.readString(PROJECT.resolve("conf/schedule").resolve(file));
    Matcher command =
        Pattern.compile("job/bin/glm (run (/srv/glm-spark/(\\S+)) .*? --deadline \\w+)")
            .matcher(schedule);

    assertThat(command.find()).isTrue();
    assertThat(glm.run((command.group(1) + " --help").split(" "))).as(glm.err()).isZero();
    assertThat(glm.err()).isEmpty();
    JobOptions job = JobFile.read(PROJECT.resolve(command.group(3))).options();
    assertThat(job.output().mode()).isEqualTo(OutputMode.RESUME);
    assertThat(job.input().key()).isNotEmpty();
  }
}
