package org.glmspark.generation;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.grammar.AnswerGrammar;
import org.glmspark.grammar.AnswerGrammars;
import org.glmspark.grammar.RandomFormats;
import org.glmspark.model.BlockType;
import org.glmspark.model.Model;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.RandomModel;
import org.glmspark.model.RotarySettings;
import org.glmspark.prompt.ChatFormat;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.prompt.ToolCall;
import org.glmspark.prompt.ToolDefinition;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.tensor.WeightType;
import org.glmspark.tokenizer.BytePairTokenizer;
import org.glmspark.tokenizer.SamplePieces;
import org.glmspark.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Answers of models that know no JSON: of random weights, and with tokenizers of the 256 bytes and
/// some merges.
class AnswerFormatsTest {
  private static final int[] PROMPT = new Random(1).ints(12, 0, 256).toArray();
  private static final int CONTEXT = 2048;
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();
  private static final JsonSchemaFactory SCHEMAS =
      JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);
  private static final SchemaValidatorsConfig STRICT =
      SchemaValidatorsConfig.builder().formatAssertionsEnabled(true).build();

  enum Family {
    GLM4,
    CHATGLM3;

    private Tokenizer tokenizer() {
      return switch (this) {
        case GLM4 -> merges();
        case CHATGLM3 -> SamplePieces.tokenizer();
      };
    }

    private ChatFormat format() {
      return switch (this) {
        case GLM4 -> ChatFormat.GLM_4;
        case CHATGLM3 -> ChatFormat.CHATGLM3;
      };
    }
  }

  private GenerationEngine engine;

  @AfterEach
  void close() {
    engine.close();
  }

  private void open(Family family) {
    open(family, EngineOptions.defaults().withThreads(2).withKvCacheBytes(64 << 20));
  }

  private void open(Family family, EngineOptions options) {
    Tokenizer tokenizer = family.tokenizer();
    ChatTemplate template = ChatTemplate.of(family.format(), tokenizer);
    ModelConfig config =
        new ModelConfig(
            BlockType.SANDWICH_NORM,
            64,
            2,
            4,
            2,
            16,
            96,
            tokenizer.vocabulary().size() + 7,
            1e-5f,
            new RotarySettings(1e4, 8, null),
            CONTEXT,
            true,
            false,
            Arrays.stream(template.stopTokens()).boxed().toList());
    Model model = RandomModel.load(config, WeightType.F32, WeightType.F32);
    engine =
        new GenerationEngine(
            new Model(
                model.path(),
                model.overrides(),
                model.digest(),
                config,
                model.weights(),
                tokenizer,
                template,
                model.warnings(),
                model.files(),
                model.memory()),
            options);
  }

  /// What JSON has often, and half a Chinese character.
  private static BytePairTokenizer merges() {
    List<String> tokens = new ArrayList<>();
    IntStream.range(0, 256).forEach(b -> tokens.add(String.valueOf((char) b)));
    tokens.addAll(
        List.of(
            "{\"",
            "\":",
            "\",",
            "\"}",
            "},",
            "[{",
            "]}",
            "\":\"",
            ", ",
            "tr",
            "ue",
            "true",
            "nu",
            "ll",
            "null",
            "\\\"",
            "12",
            "00",
            "na",
            "me",
            "name",
            "\": ",
            "  ",
            "\n ",
            "]]",
            "[[",
            "\u00e4\u00bd",
            "\u00e4\u00bd\u00a0",
            "\u00a0a",
            "e1",
            ".5",
            "\",\""));
    var ranks = new StringBuilder();
    for (int rank = 0; rank < tokens.size(); rank++) {
      byte[] bytes = tokens.get(rank).getBytes(ISO_8859_1);
      ranks.append(Base64.getEncoder().encodeToString(bytes)).append(' ').append(rank).append('\n');
    }
    return BytePairTokenizer.parseRanks("merges", ranks.toString().getBytes(ISO_8859_1));
  }

  private AnswerGrammar grammar(AnswerFormat format) {
    Model model = engine.model();
    return new AnswerGrammars(model.tokenizer().vocabulary(), model.config().vocabularySize())
        .of(format);
  }

  private static SamplingParameters sampling(int seed, int maxTokens) {
    var sampling = SamplingParameters.builder().maxTokens(maxTokens).seed(seed);
    return switch (seed % 4) {
      case 0 -> sampling.build();
      case 1 -> sampling.temperature(1).topK(40).repetitionPenalty(1.2).build();
      case 2 -> sampling.temperature(2).ignoreEos().build();
      default -> sampling.temperature(0.3).frequencyPenalty(2).topP(0.9).build();
    };
  }

  private GenerationResult answer(AnswerFormat format, SamplingParameters sampling) {
    return engine.submit(new GenerationRequest(PROMPT, sampling, format)).join();
  }

  @ParameterizedTest
  @EnumSource
  void everyAnswerOfARandomSchemaParsesAndIsValid(Family family) throws Exception {
    requireValidAnswers(family, 0, 50);
  }

  @Tag("proof")
  @ParameterizedTest
  @EnumSource
  void everyAnswerOfAThousandRandomSchemasParsesAndIsValid(Family family) throws Exception {
    requireValidAnswers(family, 1000, 2000);
  }

  private record Asked(int seed, JsonNode schema, CompletableFuture<GenerationResult> result) {}

  private void requireValidAnswers(Family family, int from, int to) throws Exception {
    open(family);
    List<Asked> asked = new ArrayList<>();
    for (int seed = from; seed < to; seed++) {
      JsonNode schema = new RandomFormats(seed).schema();
      AnswerFormat format = new AnswerFormat.JsonSchema(schema.toString());
      int least = grammar(format).leastTokens();
      GenerationResult refused =
          least == 1 ? null : answer(format, SamplingParameters.greedy(least - 1));
      if (refused != null) {
        assertThat(refused.error().sentence())
            .isEqualTo(
                "answer too long: the shortest answer of the response format takes %d tokens, max_tokens and the context leave %d",
                least, least - 1);
      }
      for (int more : new int[] {0, 1, 6, 25, 90}) {
        var request = new GenerationRequest(PROMPT, sampling(seed + more, least + more), format);
        asked.add(new Asked(seed, schema, engine.submit(request)));
      }
      if (asked.size() > 200 || seed == to - 1) {
        for (Asked one : asked) {
          requireValid(one);
        }
        asked.clear();
      }
    }
  }

  private static void requireValid(Asked asked) throws JsonProcessingException {
    GenerationResult result = asked.result().join();
    String what = "seed %d: %s answered %s".formatted(asked.seed(), asked.schema(), result.text());
    assertThat(result.error()).as(what).isNull();
    assertThat(result.finishReason()).as(what).isEqualTo(FinishReason.STOP);
    JsonNode answer = JSON.readTree(result.text());
    JsonSchema schema = SCHEMAS.getSchema(asked.schema(), STRICT);
    assertThat(schema.validate(answer)).as(what).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void choicesAndPatternsAreNeverAnythingElse(Family family) {
    open(family);
    List<String> choices = List.of("positive", "negative", "否", "🦙", " no", "positively");
    List<CompletableFuture<GenerationResult>> chosen = new ArrayList<>();
    List<CompletableFuture<GenerationResult>> matched = new ArrayList<>();
    String pattern = "[^a-z\"]{1,9}(🦙|\\d+)*";
    for (int seed = 0; seed < 60; seed++) {
      SamplingParameters sampling = sampling(seed, 14 + seed % 7);
      chosen.add(
          engine.submit(new GenerationRequest(PROMPT, sampling, new AnswerFormat.Choice(choices))));
      matched.add(
          engine.submit(new GenerationRequest(PROMPT, sampling, new AnswerFormat.Regex(pattern))));
    }
    assertThat(chosen).allSatisfy(result -> assertThat(choices).contains(result.join().text()));
    assertThat(chosen.stream().map(result -> result.join().text()).distinct())
        .hasSizeGreaterThan(1);
    assertThat(matched).allSatisfy(result -> assertThat(result.join().text()).matches(pattern));
  }

  @Test
  void aForcedCallIsOneOfAFunctionThatWasOfferedWithArgumentsOfItsSchema() throws Exception {
    open(Family.GLM4);
    String weather =
        """
        {"type":"object","properties":{"city":{"type":"string","maxLength":9},\
        "days":{"type":"integer","minimum":1,"maximum":14}},"required":["city"]}\
        """;
    String time = "{\"type\":\"object\",\"additionalProperties\":false}";
    List<ToolDefinition> tools =
        List.of(tool("get_weather", weather), tool("get_time", time), tool("other", time));
    var call =
        new AnswerFormat.FunctionCall(
            List.of(
                new AnswerFormat.FunctionCall.Function("get_weather", weather),
                new AnswerFormat.FunctionCall.Function("get_time", time)));
    List<CompletableFuture<GenerationResult>> results = new ArrayList<>();
    for (int seed = 0; seed < 40; seed++) {
      results.add(engine.submit(new GenerationRequest(PROMPT, sampling(seed, 90), call, tools)));
    }

    List<String> called = new ArrayList<>();
    for (CompletableFuture<GenerationResult> future : results) {
      GenerationResult result = future.join();
      assertThat(result.finishReason()).isEqualTo(FinishReason.STOP);
      assertThat(result.text()).isEmpty();
      assertThat(result.usage().prompt()).isEqualTo(PROMPT.length); // no answer prefix
      assertThat(result.toolCalls()).hasSize(1);
      ToolCall one = result.toolCalls().getFirst();
      called.add(one.name());
      String schema = one.name().equals("get_weather") ? weather : time;
      assertThat(SCHEMAS.getSchema(schema, STRICT).validate(JSON.readTree(one.arguments())))
          .as(one.arguments())
          .isEmpty();
    }
    assertThat(called).contains("get_weather", "get_time").doesNotContain("other");
  }

  private static ToolDefinition tool(String name, String parameters) {
    return ToolDefinition.parse(
        "{\"name\": \"%s\", \"parameters\": %s}".formatted(name, parameters));
  }

  @Test
  void theRequestIdTellsWhichToolsAreOffered() {
    open(Family.GLM4);
    SamplingParameters greedy = SamplingParameters.greedy(9);
    List<List<ToolDefinition>> offers =
        List.of(
            List.of(),
            List.of(tool("python", "{}")),
            List.of(ToolDefinition.parse("{\"type\": \"python\"}")),
            List.of(tool("a", "{}"), tool("b", "{}")),
            List.of(tool("ab", "{}")));

    assertThat(
            offers.stream()
                .map(tools -> engine.requestId(new GenerationRequest(PROMPT, greedy, null, tools))))
        .doesNotHaveDuplicates()
        .first()
        .isEqualTo(engine.requestId(new GenerationRequest(PROMPT, greedy)));
  }

  @Test
  void refusesFunctionsThatNoCallCouldName() {
    open(Family.GLM4);
    String schema = "{\"type\": \"object\"}";
    var function = new AnswerFormat.FunctionCall.Function("f", schema);
    assertThatThrownBy(() -> new AnswerFormat.FunctionCall(List.of()))
        .hasMessageContaining("functions are empty");
    assertThatThrownBy(() -> new AnswerFormat.FunctionCall(List.of(function, function)))
        .hasMessageContaining("'f' twice");
    assertThatThrownBy(() -> new AnswerFormat.FunctionCall.Function(" f", schema))
        .hasMessageContaining("one line without white space");
    assertThatThrownBy(() -> new AnswerFormat.FunctionCall.Function("f", "{\"type\": \"string\"}"))
        .hasMessageContaining("expected a schema of type object");
  }

  @Test
  void theAnswerPrefixComesFirstAndIsNoPartOfTheAnswer() {
    open(Family.CHATGLM3);
    AnswerFormat format = new AnswerFormat.Choice(List.of("the cat", "北京"));
    GenerationResult result =
        engine
            .submit(
                new GenerationRequest(
                    PROMPT, SamplingParameters.builder().maxTokens(9).logprobs(2).build(), format))
            .join();

    int[] prefix = engine.model().chatTemplate().answerPrefix();
    assertThat(prefix).isNotEmpty();
    assertThat(result.usage().prompt()).isEqualTo(PROMPT.length + prefix.length);
    int[] whole = Arrays.copyOf(PROMPT, PROMPT.length + prefix.length);
    System.arraycopy(prefix, 0, whole, PROMPT.length, prefix.length);
    var free =
        engine
            .submit(
                new GenerationRequest(
                    whole, SamplingParameters.builder().maxTokens(1).logprobs(2).build()))
            .join();
    assertThat(result.logProbabilities().getFirst().mostProbable()) // those before the mask
        .isEqualTo(free.logProbabilities().getFirst().mostProbable());
    assertThat(result.requestId())
        .isNotEqualTo(engine.requestId(new GenerationRequest(PROMPT, SamplingParameters.greedy(9))))
        .isEqualTo(
            engine.requestId(
                new GenerationRequest(
                    PROMPT,
                    SamplingParameters.builder().maxTokens(9).logprobs(2).build(),
                    AnswerFormat.parse(
                        "{\"choices\": [\"the cat\", \"北京\"], \"type\": \"choice\"}"))));
  }

  /// As all completions, but here proposed tokens and recomputed sequences meet the masks.
  @Test
  void anAnswerDependsOnNothingBesidesItsRequest() {
    EngineOptions roomy = EngineOptions.defaults().withThreads(2).withKvCacheBytes(64 << 20);
    List<String> expected = answers(roomy.withPromptLookup(PromptLookup.OFF));
    assertThat(expected.stream().distinct()).hasSizeGreaterThan(10);
    for (EngineOptions options :
        List.of(
            roomy.withPromptLookup(PromptLookup.ON),
            roomy.withThreads(1).withMaxBatch(1).withPromptLookup(PromptLookup.ON),
            roomy.withMaxBatch(7).withStepTokens(16).withKvCacheBytes(200_000))) {
      assertThat(answers(options)).as(options.toString()).isEqualTo(expected);
    }
  }

  private List<String> answers(EngineOptions options) {
    open(Family.GLM4, options);
    int[] prompt = engine.model().tokenizer().encode("{\"name\": \"a\", \"na\": [12, 12, 00]} ");
    List<CompletableFuture<GenerationResult>> results = new ArrayList<>();
    for (int seed = 0; seed < 24; seed++) {
      AnswerFormat format =
          seed % 3 == 0
              ? new AnswerFormat.JsonObject()
              : new AnswerFormat.JsonSchema(new RandomFormats(seed).schema().toString());
      int maxTokens = grammar(format).leastTokens() + 40;
      results.add(engine.submit(new GenerationRequest(prompt, sampling(seed, maxTokens), format)));
    }
    List<String> texts = results.stream().map(result -> result.join().text()).toList();
    engine.close();
    return texts;
  }

  /// The prompt holds answers of the form, so that copies are guessed; of these some go on as the
  /// model would not, or as the form forbids.
  @Test
  void copiesThatAreGuessedChangeNothingOfAnAnswer() {
    EngineOptions roomy = EngineOptions.defaults().withThreads(2).withKvCacheBytes(64 << 20);
    List<List<Object>> expected = copies(roomy.withPromptLookup(PromptLookup.OFF));
    assertThat(copies(roomy.withMaxBatch(1))).isEqualTo(expected);
    assertThat(copies(roomy.withMaxBatch(4).withThreads(1))).isEqualTo(expected);
  }

  private List<List<Object>> copies(EngineOptions options) {
    open(Family.GLM4, options);
    String place = "{\"name\":\"the northern harbour\",\"state\":true}";
    int[] prompt = engine.model().tokenizer().encode((place + ",").repeat(3));
    AnswerFormat format =
        new AnswerFormat.JsonSchema(
            """
            {"type": "array", "minItems": 3, "maxItems": 5, "items": {
              "type": "object", "additionalProperties": false, "required": ["name", "state"],
              "properties": {
                "name": {"enum": ["the northern harbour", "the northern market"]},
                "state": {"type": ["boolean", "null"]}}}}
            """);
    int maxTokens = grammar(format).leastTokens() + 60;
    List<CompletableFuture<GenerationResult>> results = new ArrayList<>();
    for (int seed = 0; seed < 12; seed++) {
      SamplingParameters sampling = sampling(seed, maxTokens).toBuilder().logprobs(2).build();
      results.add(engine.submit(new GenerationRequest(prompt, sampling, format)));
    }
    List<List<Object>> answers =
        results.stream()
            .map(CompletableFuture::join)
            .map(r ->
                List.<Object>of(
                    String.valueOf(r.error()), r.text(), r.tokens(), r.logProbabilities()))
            .toList();
    EngineStats stats = engine.stats();
    engine.close();
    if (options.promptLookup() == PromptLookup.OFF) {
      assertThat(stats.guessedTokens()).isZero();
    } else {
      assertThat(stats.rightGuesses()).isBetween(50L, stats.guessedTokens() - 50);
    }
    assertThat(answers).allSatisfy(answer -> assertThat(answer.get(1).toString()).endsWith("}]"));
    return answers;
  }

  @Test
  void theContextBoundsAnAnswerLikeMaxTokens() {
    open(Family.GLM4);
    AnswerFormat format = new AnswerFormat.JsonSchema("{\"type\":\"string\",\"minLength\":10}");
    int least = grammar(format).leastTokens();
    assertThat(least).isEqualTo(12);
    int[] fitting = new int[CONTEXT - least - engine.model().chatTemplate().answerPrefix().length];
    int[] longer = new int[fitting.length + 1];
    SamplingParameters sampling = SamplingParameters.greedy(1000);

    var result = engine.submit(new GenerationRequest(fitting, sampling, format)).join();
    assertThat(result.finishReason()).isEqualTo(FinishReason.STOP);
    assertThat(result.text()).startsWith("\"").endsWith("\"");
    assertThat(result.text().getBytes(UTF_8)).hasSizeGreaterThanOrEqualTo(12);
    assertThat(engine.submit(new GenerationRequest(longer, sampling, format)).join().error())
        .extracting(RowError::sentence)
        .asString()
        .contains("takes 12 tokens, max_tokens and the context leave 11");
  }

  @Test
  void whatCouldBreakAnAnswerOffIsRefused() {
    open(Family.GLM4);
    AnswerFormat format = new AnswerFormat.JsonObject();
    for (var sampling :
        List.of(
            SamplingParameters.builder().stop("}").build(),
            SamplingParameters.builder().stopTokenIds(List.of(3)).build(),
            SamplingParameters.builder().minTokens(3).build(),
            SamplingParameters.builder().badWords("a").build(),
            SamplingParameters.builder().allowedTokenIds(List.of(3)).build())) {
      assertThatThrownBy(() -> new GenerationRequest(PROMPT, sampling, format))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("is set, expected none with a response format");
    }
    var biased =
        SamplingParameters.builder()
            .logitBias(java.util.Map.of((int) 'x', 100.0))
            .maxTokens(20)
            .build();
    assertThat(answer(format, biased).text()).startsWith("{").endsWith("}");
  }
}
