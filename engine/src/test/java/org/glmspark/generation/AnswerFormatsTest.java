package org.glmspark.generation;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.glmspark.generation.UntrainedModel.CONTEXT;
import static org.glmspark.generation.UntrainedModel.PROMPT;
import static org.glmspark.generation.UntrainedModel.sampling;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.grammar.AnswerGrammar;
import org.glmspark.grammar.AnswerGrammars;
import org.glmspark.grammar.RandomFormats;
import org.glmspark.model.Model;
import org.glmspark.sampling.SamplingParameters;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Answers in formats, by models that know none.
class AnswerFormatsTest {
  private GenerationEngine engine;

  @AfterEach
  void close() {
    engine.close();
  }

  private AnswerGrammar grammar(AnswerFormat format) {
    Model model = engine.model();
    return new AnswerGrammars(model.tokenizer().vocabulary(), model.config().vocabularySize())
        .of(format);
  }

  private GenerationResult answer(AnswerFormat format, SamplingParameters sampling) {
    return engine.submit(new GenerationRequest(PROMPT, sampling, format)).join();
  }

  @ParameterizedTest
  @EnumSource
  void everyAnswerOfARandomSchemaParsesAndIsValid(UntrainedModel model) throws Exception {
    requireValidAnswers(model, 0, 50);
  }

  @Tag("proof")
  @ParameterizedTest
  @EnumSource
  void everyAnswerOfAThousandRandomSchemasParsesAndIsValid(UntrainedModel model) throws Exception {
    requireValidAnswers(model, 1000, 2000);
  }

  private record Asked(int seed, String schema, CompletableFuture<GenerationResult> result) {}

  private void requireValidAnswers(UntrainedModel model, int from, int to) throws Exception {
    engine = model.open();
    List<Asked> asked = new ArrayList<>();
    for (int seed = from; seed < to; seed++) {
      String schema = new RandomFormats(seed).schema().toString();
      AnswerFormat format = new AnswerFormat.JsonSchema(schema);
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
    StrictSchema.requireValid(result.text(), asked.schema(), what);
  }

  @ParameterizedTest
  @EnumSource
  void choicesAndPatternsAreNeverAnythingElse(UntrainedModel model) {
    engine = model.open();
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
  void theAnswerPrefixComesFirstAndIsNoPartOfTheAnswer() {
    engine = UntrainedModel.CHATGLM3.open();
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
    EngineOptions roomy = UntrainedModel.options();
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
    engine = UntrainedModel.GLM4.open(options);
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
    EngineOptions roomy = UntrainedModel.options();
    List<List<Object>> expected = copies(roomy.withPromptLookup(PromptLookup.OFF));
    assertThat(copies(roomy.withMaxBatch(1))).isEqualTo(expected);
    assertThat(copies(roomy.withMaxBatch(4).withThreads(1))).isEqualTo(expected);
  }

  private List<List<Object>> copies(EngineOptions options) {
    engine = UntrainedModel.GLM4.open(options);
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
    engine = UntrainedModel.GLM4.open();
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
    engine = UntrainedModel.GLM4.open();
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
        SamplingParameters.builder().logitBias(Map.of((int) 'x', 100.0)).maxTokens(20).build();
    assertThat(answer(format, biased).text()).startsWith("{").endsWith("}");
  }
}
