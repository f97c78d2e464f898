package org.glmspark.job.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.glmspark.cache.KvCacheStorage;
import org.glmspark.cache.KvCacheType;
import org.glmspark.generation.EngineOptions;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.udfs.LongText;
import org.glmspark.udfs.PromptSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JobFileTest {
  private static final String SMALLEST =
      """
      {
        "model": {"path": "model"},
        "input": {"path": "documents"},
        "request": {
          "task": "summarize",
          "column": "body"
        },
        "output": {"path": "summaries"}
      }
      """;

  @TempDir Path folder;

  private JobFile job(String json) throws IOException {
    return JobFile.read(Files.writeString(folder.resolve("job.json"), json));
  }

  private String problem(String json) {
    try {
      JobOptions read = job(json).options();
      throw new AssertionError("accepted: " + read);
    } catch (JobFileException e) {
      return e.getMessage().replace(folder.resolve("job.json").toString(), "job.json");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void whatAFileLeavesOutHasTheEnginesDefaults() throws IOException {
    JobOptions options = job(SMALLEST).options();

    assertThat(options.input().format()).isEqualTo("parquet");
    assertThat(options.input().key()).isEmpty();
    assertThat(options.prompt()).isEqualTo(new PromptSource.Summarize("body", 50));
    assertThat(options.sampling().parameters()).isEqualTo(SamplingParameters.greedy(256));
    assertThat(options.engine().options()).isEqualTo(EngineOptions.defaults());
    assertThat(options.output().mode()).isEqualTo(OutputMode.RESUME);
    assertThat(options.output().struct()).isNull();
  }

  @Test
  void everyKeyCanBeGiven() throws IOException {
    JobOptions options =
        job("""
        {
          "model": {"path": "/models/glm"},
          "input": {"path": "s3a://bucket/in", "format": "csv", "key": ["a", "b"],
                    "options": {"header": true, "sep": ";"}},
          "request": {"template": "Hello {name}", "system": "Be kind.", "response-format": "text"},
          "sampling": {"max_tokens": 7, "min_tokens": 2, "temperature": 0.5, "top_k": 40,
                       "top_p": 0.9, "min_p": 0.05, "repetition_penalty": 1.1,
                       "presence_penalty": -0.5, "frequency_penalty": 0.25,
                       "logit_bias": {"198": -5, "7": 2.5}, "allowed_token_ids": [7, 198],
                       "bad_words": ["bad"], "stop": "END", "stop_token_ids": [9],
                       "ignore_eos": true, "seed": 9007199254740993, "logprobs": 3},
          "engine": {"threads": 3, "max-batch": 4, "step-tokens": 64,
                     "kv-cache-type": "int8", "kv-cache-bytes": 5000000000,
                     "kv-cache-storage": "file", "kv-cache-folder": "/disk"},
          "output": {"path": "out", "format": "json", "mode": "overwrite",
                     "struct": "ai", "partitions": 5}
        }
        """)
            .options();

    assertThat(options.model().path()).isEqualTo("/models/glm");
    assertThat(options.input().path()).isEqualTo("s3a://bucket/in");
    assertThat(options.input().key()).isEqualTo(List.of("a", "b"));
    assertThat(options.input().options()).isEqualTo(Map.of("header", "true", "sep", ";"));
    assertThat(options.prompt()).isEqualTo(new PromptSource.Template("Hello {name}", "Be kind."));
    assertThat(options.sampling().parameters())
        .isEqualTo(
            SamplingParameters.builder()
                .maxTokens(7)
                .minTokens(2)
                .temperature(0.5)
                .topK(40)
                .topP(0.9)
                .minP(0.05)
                .repetitionPenalty(1.1)
                .presencePenalty(-0.5)
                .frequencyPenalty(0.25)
                .logitBias(Map.of(198, -5.0, 7, 2.5))
                .allowedTokenIds(List.of(7, 198))
                .badWords("bad")
                .stop("END")
                .stopTokenIds(List.of(9))
                .ignoreEos()
                .seed(9007199254740993L)
                .logprobs(3)
                .build());
    assertThat(options.engine().options())
        .isEqualTo(
            EngineOptions.defaults()
                .withThreads(3)
                .withMaxBatch(4)
                .withStepTokens(64)
                .withKvCacheType(KvCacheType.INT8)
                .withKvCacheBytes(5_000_000_000L)
                .withKvCacheStorage(KvCacheStorage.FILE)
                .withKvCacheFolder("/disk"));
    assertThat(options.output().struct()).isEqualTo("ai");
    assertThat(options.output().partitions()).isEqualTo(5);
  }

  @Test
  void aResponseFormatIsThatOfOpenAi() throws IOException {
    JobFile file = job(SMALLEST);
    file.set(
        "request.response-format={\"type\": \"json_schema\", \"json_schema\": {\"name\": \"n\","
            + " \"schema\": {\"type\": \"integer\"}}}");

    JobOptions options = file.options();

    assertThat(options.request().responseFormat())
        .isEqualTo(new AnswerFormat.JsonSchema("{\"type\":\"integer\"}"));
    assertThat(job(OptionKeys.json(options).toString()).options()).isEqualTo(options);
    file.set("request.response-format=text");
    assertThat(file.options().request().responseFormat()).isNull();
    file.set("request.response-format={\"type\":\"regex\",\"pattern\":\"a(?=b)\"}");
    assertThatThrownBy(file::options)
        .hasMessageStartingWith(
            "--set: 'request.response-format': pattern 'a(?=b)', index 1: '(?=b' is not supported");
    file.set("request.response-format={\"type\":\"choice\",\"choices\":[\"a\"]}");
    file.set("sampling.stop=END");
    assertThatThrownBy(file::options)
        .hasMessageEndingWith(
            "job.json: 'sampling' does not go with request.response-format: stop is set, "
                + "expected none with a response format: it could break the answer off");
  }

  /// So that a run can be done again from what it leaves beside its output.
  @Test
  void theSettingsOfARunAreAJobFileOfTheSameRun() throws IOException {
    JobFile file = job(SMALLEST);
    file.set("sampling.stop=[\"\\n\\n\", \"END\"]");
    file.set("sampling.logit_bias={\"5\": 1.5}");
    file.set("sampling.stop_token_ids=[3]");
    file.set("sampling.ignore_eos=true");
    JobOptions options = file.options();

    String json = OptionKeys.json(options).toPrettyString();

    assertThat(job(json).options()).isEqualTo(options);
  }

  @Test
  void conversationsHaveNoLongText() throws IOException {
    JobFile file = job(SMALLEST.replaceAll("(?s)\"task.*?body\"", "\"messages\": \"m\""));
    assertThat(file.options().request().messages()).isEqualTo("m");

    file.set("request.part-tokens=99");

    assertThatThrownBy(file::options)
        .hasMessageEndingWith(
            "'request.part-tokens' goes with a task or a template, but there is none");
  }

  @Test
  void secretsOfASourceDoNotStayWithTheOutput() throws IOException {
    JobFile file = job(SMALLEST);
    file.set("input.options.dbPassword=hunter2");
    file.set("input.options.multiLine=false");

    ObjectNode json = OptionKeys.json(file.options());

    assertThat(json.toString()).doesNotContain("hunter2");
    assertThat(json.at("/input/options/multiLine").asText()).isEqualTo("false");
  }

  @Test
  void relativePathsAreMeantFromWhereTheyAreWritten() throws IOException {
    JobFile job = job(SMALLEST.replace("documents", "../in/*.parquet"));
    job.set("--output", "output.path", "out");

    JobOptions options = job.options();

    assertThat(options.model().path()).isEqualTo(folder.resolve("model").toString());
    assertThat(options.input().path()).isEqualTo("file:" + folder.resolveSibling("in/*.parquet"));
    assertThat(options.output().path()).isEqualTo("out");
  }

  @ParameterizedTest
  @ValueSource(strings = {"s3a://bucket/glm", "file:///models/glm.glmpack", "files:glm.glmpack"})
  void aModelThatLiesElsewhereIsNotMeantFromTheFile(String path) throws IOException {
    JobOptions options = job(SMALLEST.replace("\"model\"}", "\"" + path + "\"}")).options();

    assertThat(options.model().path()).isEqualTo(path);
    assertThat(options.model().source().location()).hasToString(path);
  }

  @Test
  void theCommandLineHasTheLastWord() throws IOException {
    JobFile job = job(SMALLEST);
    job.set("request.max-words=20");
    job.set("engine.kv-cache-type=float32");
    job.set("output.prefix=ai_");
    job.set("input.options.parquet.enable.dictionary=true");
    job.set("input.key=[\"id\"]");

    JobOptions options = job.options();

    assertThat(options.request().maxWords()).isEqualTo(20);
    assertThat(options.engine().kvCacheType().name()).isEqualTo("FLOAT32");
    assertThat(options.output().prefix()).isEqualTo("ai_");
    assertThat(options.input().options())
        .containsOnly(Map.entry("parquet.enable.dictionary", "true"));
    assertThat(options.input().key()).isEqualTo(List.of("id"));
  }

  @ParameterizedTest(name = "{0} for {1}: {2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"column\"| \"colum\" | job.json, line 6: unknown key 'request.colum', did you mean"
            + " 'column'?; 'request' takes task, column, max-words, template, system, messages,"
            + " tools, response-format, long, long-column, part-tokens",
        "\"column\"| \"max_tokens\" | job.json, line 6: unknown key 'request.max_tokens', "
            + "did you mean 'sampling.max_tokens'?; "
            + "'request' takes task, column, max-words, template, system, messages, tools, response-format, "
            + "long, long-column, part-tokens",
        "\"output\"| \"xyzzy\" | job.json, line 8: unknown key 'xyzzy'; "
            + "a job file takes model, input, request, sampling, engine, output, limits",
        "\"body\"| 7 | job.json, line 6: 'request.column' is the number 7, expected a text",
        "\"body\"| \"body\", \"max-words\": \"fifty\" | job.json, line 6: 'request.max-words' is"
            + " the text \"fifty\", expected a whole number",
        "\"body\"| \"body\", \"max-words\": 2.5 | "
            + "job.json, line 6: 'request.max-words' is the number 2.5, expected a whole number",
        "\"body\"| \"body\", \"max-words\": -1 | job.json, line 6: 'request.max-words' is -1, "
            + "expected 0 (no limit) or more",
        "\"body\"| \"body\", \"long\": \"cut\" | job.json, line 6: 'request.long' is the text"
            + " \"cut\", expected \"map-reduce\" or \"error\" or \"truncate\"",
        "\"body\"| \"body\", \"part-tokens\": 9 | job.json, line 6: 'request.part-tokens' is 9, "
            + "expected 0 (what the model's context leaves) or at least 16",
        "\"body\"| \"body\", \"long-column\": \"body\" | job.json, line 6: 'request.long-column' "
            + "goes with a template, but there is a task",
        "\"summarize\"| \"summarise\" | job.json, line 5: 'request.task' is the text \"summarise\","
            + " expected \"summarize\"",
        "{\"path\": \"model\"}| \"model\" | job.json, line 2: 'model' is the text \"model\","
            + " expected an object with path, weights, output-weights, pack-cache, rope-base,"
            + " norm-epsilon, context, chat-format",
        "{\"path\": \"documents\"}| {} | job.json, line 3: 'input': neither path nor table "
            + "is given, expected one of them for format parquet",
        "{\"path\": \"documents\"}| {\"path\": \"in\", \"table\": \"t\"} | job.json, line 3: "
            + "'input.table' 't' does not go with path, expected one of them",
        "{\"path\": \"documents\"}| {\"path\": \"in\", \"key\": \"id\"} | "
            + "job.json, line 3: 'input.key' is the text \"id\", expected a list of texts",
        "\"input\"| \"sampling\": {\"stop\": 7}, \"input\" | "
            + "job.json, line 3: 'sampling.stop' is the number 7, expected a list of texts",
        "\"input\"| \"sampling\": {\"stop_token_ids\": [\"a\"]}, \"input\" | "
            + "job.json, line 3: 'sampling.stop_token_ids' is a list, "
            + "expected a list of whole numbers",
        "\"input\"| \"sampling\": {\"logit_bias\": {\"a\": 1}}, \"input\" | "
            + "job.json, line 3: 'sampling.logit_bias' is an object, "
            + "expected an object of numbers, each under the id of a token",
        "\"input\"| \"sampling\": {\"ignore_eos\": 1}, \"input\" | "
            + "job.json, line 3: 'sampling.ignore_eos' is the number 1, expected true or false",
        "\"input\"| \"sampling\": {\"min_tokens\": 300}, \"input\" | "
            + "job.json, line 3: 'sampling.min_tokens' is 300, expected 0 to max_tokens, 256",
        "\"column\": \"body\"| \"template\": \"{body}\" | job.json, line 5: 'request.task' "
            + "and template are given, expected one of them",
        "\"task\": \"summarize\",| `` | job.json, line 6: 'request.column' goes with a task, but there is none",
        "\"column\": \"body\"| \"column\": \"body\", \"tools\": \"t\" | job.json, line 6: 'request.tools' "
            + "goes with messages, but there are none",
        "{\"path\": \"documents\"}| {\"path\": \"d\", \"format\": \"openai-batch\"} | job.json, line 4: "
            + "'request' says what to ask, but input.format is openai-batch, whose lines do",
        "{\"path\": \"documents\"}| {\"path\": \"d\", \"format\": \"openai-batch\", \"key\": [\"a\"]} | "
            + "job.json, line 3: 'input.key' is [a], expected none: lines of a batch have their custom_id",
        "{\"path\": \"summaries\"}| {\"path\": \"out\", \"format\": \"openai-batch\"} | job.json, line 8: "
            + "'output' has the format openai-batch, expected the input to have it too",
        "{\"path\": \"summaries\"}| {\"path\": \"o\", \"format\": \"openai-batch\", \"prefix\": \"a\"} | "
            + "job.json, line 8: 'output.prefix' does not go with format openai-batch, whose lines have no columns",
        "{\"path\": \"summaries\"}| {\"path\": \"out\", \"prefix\": \"a\", \"struct\": \"b\"} | "
            + "job.json, line 8: 'output.prefix' 'a' and struct 'b' are both given, "
            + "expected at most one of them",
        "{\"path\": \"model\"}| {\"path\": \"model\", \"pack-cache\": \"hdfs://host/packs\"} | "
            + "job.json, line 2: 'model.pack-cache' is \"hdfs://host/packs\", "
            + "expected a folder of each machine's own file system",
        "{\"path\": \"model\"}| {\"path\": \"files:models/a\"} | "
            + "job.json, line 2: 'model.path' is \"files:models/a\", "
            + "expected files: and the plain name of a file that was given with --files",
        "\"body\"| \"body\", \"column\": \"other\" | job.json, line 6, column 31: not valid JSON: "
            + "Duplicate field 'column'",
        "\"output\"| output | job.json, line 8, column 3: not valid JSON: Unexpected character "
            + "('o' (code 111)): was expecting double-quote to start field name",
      })
  void aMistakeIsSaidInOneSentence(String there, String mistake, String sentence) {
    assertThat(problem(SMALLEST.replace(there, mistake))).isEqualTo(sentence);
  }

  @Test
  void aRunThatBeginsAnewHasNoLimits() throws IOException {
    JobFile job = job(SMALLEST);
    job.set("output.mode=overwrite");
    job.set("limits.max-tokens=100");

    assertThatThrownBy(job::options)
        .isInstanceOf(JobFileException.class)
        .hasMessageContaining("'limits' does not go with output.mode overwrite");
  }

  @Test
  void aConversationIsReadFromItsColumns() throws IOException {
    JobFile job = job(SMALLEST);
    job.set("request={\"messages\": \"chat\", \"tools\": \"offered\"}");

    assertThat(job.options().prompt()).isEqualTo(new PromptSource.Messages("chat", "offered"));
  }

  @Test
  void aBatchFileSaysItselfWhatToAskAndWhoAsks() throws IOException {
    JobFile job = job(SMALLEST);
    job.set("request={}");
    assertThatThrownBy(job::options)
        .hasMessageContaining("'request' has none of task, template and messages");
    job.set("input.format=openai-batch");
    job.set("output.format=openai-batch");

    assertThat(job.options().prompt()).isEqualTo(new PromptSource.OpenAiBatch());
    assertThat(job.options().input().key()).containsExactly("id");
    job.set("sampling.logprobs=2");
    assertThatThrownBy(job::options)
        .hasMessageContaining("'sampling' has logprobs, but input.format is openai-batch");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Hello | prompt template names no column",
        "Hello {name | prompt template, character 7: '{' is not closed",
      })
  void aTemplateThatCannotBeFilledIsRefused(String template, String sentence) throws IOException {
    JobFile job = job(SMALLEST);
    job.set("request={\"template\": \"%s\"}".formatted(template));

    assertThatThrownBy(job::options)
        .isInstanceOf(JobFileException.class)
        .hasMessageStartingWith("--set: 'request': " + sentence);
  }

  @Test
  void whatBecomesOfLongTextsCanBeSaid() throws IOException {
    JobFile task = job(SMALLEST);
    task.set("request.long=truncate");
    task.set("request.part-tokens=350");
    JobFile template = job(SMALLEST);
    template.set(
        "request={\"template\": \"{title}: {body}\", \"long\": \"map-reduce\", \"long-column\":"
            + " \"body\"}");

    assertThat(task.options().request().prompt())
        .isEqualTo(
            new PromptSource.Summarize("body", 50, new LongText(LongText.Handling.TRUNCATE, 350)));
    assertThat(template.options().request().prompt())
        .isEqualTo(
            new PromptSource.Template(
                "{title}: {body}", null, new LongText(LongText.Handling.MAP_REDUCE, 0), "body"));
    template.set("request.long-column=null");
    assertThatThrownBy(template::options)
        .hasMessage(
            "--set: 'request.long-column' is missing, expected the column of the template whose"
                + " text may be too long: title, body");
  }

  @Test
  void aFileThatIsNoJobIsRefused() {
    assertThat(problem("[]")).isEqualTo("job.json: not a job file, expected one JSON object");
    assertThat(problem(SMALLEST + "{}"))
        .isEqualTo("job.json, line 10: text after the end of the job, expected one JSON object");
    assertThat(problem("")).isEqualTo("job.json: not a job file, expected one JSON object");
    assertThatThrownBy(() -> JobFile.read(folder.resolve("none.json")))
        .hasMessageEndingWith("none.json: there is no such job file");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "max-words=3 | --set max-words: unknown key, did you mean 'request.max-words'?",
        "request.max-word=3 | --set request.max-word: unknown key, did you mean"
            + " 'request.max-words'?",
        "request.column.name=3 | --set request.column.name: unknown key, did you mean"
            + " 'request.column'?",
        "temperature.of.the.sea=3 | --set temperature.of.the.sea: unknown key, see glm run --help",
        "request | --set request: expected a key path, '=' and a value, such as"
            + " request.max-words=30",
      })
  void anUnknownKeyOnTheCommandLineIsRefused(String assignment, String sentence)
      throws IOException {
    JobFile job = job(SMALLEST);

    assertThatThrownBy(() -> job.set(assignment)).hasMessage(sentence);
  }

  @Test
  void aWrongValueOnTheCommandLineIsNamedAfterItsOption() throws IOException {
    JobFile job = job(SMALLEST);
    job.set("engine.max-batch=0");

    assertThatThrownBy(job::options)
        .isInstanceOf(JobFileException.class)
        .hasMessage("--set: 'engine.max-batch' is 0, expected at least 1");
  }
}
