package org.glmspark.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.sampling.TokenLogProbability;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What the sampling parameters make of whole completions. Penalties keep the greedy completions
/// from going round in circles.
class CompletionOptionsTest {
  private static final int[] PROMPT = new Random(1).ints(20, 0, 256).toArray();

  /// A third of the tokens.
  private static final List<Integer> STOPS =
      IntStream.range(0, 320).filter(id -> id % 3 == 0).boxed().toList();

  private GenerationEngine engine;

  @BeforeEach
  void open() {
    engine =
        new GenerationEngine(
            TinyModel.of(STOPS),
            EngineOptions.defaults().withThreads(2).withKvCacheBytes(64 << 20));
  }

  @AfterEach
  void close() {
    engine.close();
  }

  private static SamplingParameters.Builder wandering() {
    return SamplingParameters.builder().maxTokens(60).frequencyPenalty(0.5).ignoreEos();
  }

  private GenerationResult complete(SamplingParameters.Builder sampling) {
    return engine.submit(new GenerationRequest(PROMPT, sampling.build())).join();
  }

  private static List<Integer> ids(String text) {
    return text.chars().boxed().toList();
  }

  @Test
  void aStopStringEndsTheCompletionBeforeIt() {
    List<Integer> letters = ids("pqstvwyz "); // no stop token: min_tokens masks those
    GenerationResult free = complete(wandering().allowedTokenIds(letters));
    assertThat(free.finishReason()).isEqualTo(FinishReason.LENGTH);
    String text = engine.model().tokenizer().decode(free.tokens());
    for (int start = 10; start < 50; start += 7) {
      String stop = text.substring(start, start + 3);

      GenerationResult stopped =
          complete(wandering().allowedTokenIds(letters).stop(stop, "no letters"));

      int end = text.indexOf(stop);
      assertThat(stopped.finishReason()).isEqualTo(FinishReason.STOP);
      assertThat(stopped.text()).isEqualTo(text.substring(0, end).strip());
      assertThat(stopped.tokens()).isEqualTo(free.tokens().subList(0, end + 3));
      assertThat(stopped.usage().completion()).isEqualTo(end + 3);
      GenerationResult later =
          complete(wandering().allowedTokenIds(letters).stop(stop).minTokens(end + 3));
      assertThat(later.tokens()).hasSizeGreaterThan(end + 3).startsWith(array(free, end + 3));
    }
  }

  private static Integer[] array(GenerationResult result, int tokens) {
    return result.tokens().subList(0, tokens).toArray(Integer[]::new);
  }

  @ParameterizedTest(name = "{0} of {1} bytes")
  @CsvSource({"é, 2", "你, 3", "😀, 4"})
  void aLimitCutsNoCharacter(String character, int bytes) {
    int[] tokens = engine.model().tokenizer().encode(character);
    assertThat(tokens).hasSize(bytes); // this tokenizer knows single bytes only
    List<Integer> first = List.of(tokens[0]);

    assertThat(complete(wandering().allowedTokenIds(first).maxTokens(1)).text()).isEmpty();
    assertThat(complete(wandering().allowedTokenIds(first).maxTokens(3)).text())
        .isEqualTo("\ufffd\ufffd"); // two that the model did not finish, one that it could not
    for (int length = 1; length < bytes; length++) {
      List<Integer> begun = Arrays.stream(tokens).limit(length).boxed().toList();
      String text = engine.model().tokenizer().decode(begun);
      assertThat(WholeCharacters.of(text, begun, engine.model().tokenizer())).isEmpty();
    }
    assertThat(WholeCharacters.of(character, ids(character), engine.model().tokenizer()))
        .isEqualTo(character);
  }

  @Test
  void badWordsOfSeveralTokensAreNotWritten() {
    List<Integer> letters = ids("pqrs");
    String free = complete(wandering().allowedTokenIds(letters)).text();
    Set<String> pairs =
        IntStream.range(0, free.length() - 1)
            .mapToObj(i -> free.substring(i, i + 2))
            .limit(8)
            .collect(Collectors.toSet());

    String text = complete(wandering().allowedTokenIds(letters).badWords(pairs)).text();

    assertThat(text).hasSize(60).doesNotContain(pairs);
    assertThat(text).contains(pairs.stream().flatMap(p -> Stream.of(p.split(""))).toList());
  }

  @Test
  void badWordsAreForbiddenWithALeadingBlankToo() {
    List<Integer> words = IntStream.range(256, 260).boxed().toList(); // " a" to " d"
    assertThat(complete(wandering().allowedTokenIds(words)).text()).contains("b");
    assertThat(complete(wandering().allowedTokenIds(words).badWords("b")).text())
        .doesNotContain("b")
        .contains("a", "c", "d");
  }

  @Test
  void stopTokensCannotComeBeforeTheLeastLength() {
    SamplingParameters.Builder sampling =
        SamplingParameters.builder().maxTokens(60).frequencyPenalty(0.5);
    GenerationResult early = complete(sampling);
    assertThat(early.finishReason()).isEqualTo(FinishReason.STOP);
    assertThat(early.tokens()).hasSizeLessThan(20);

    GenerationResult later = complete(sampling.minTokens(20));

    assertThat(later.finishReason()).isEqualTo(FinishReason.STOP);
    assertThat(later.tokens()).hasSizeBetween(20, 59).doesNotContainAnyElementsOf(STOPS);
  }

  @Test
  void ignoringEosGoesOnButNotPastTheStopTokensAskedFor() {
    GenerationResult free = complete(wandering());
    assertThat(free.finishReason()).isEqualTo(FinishReason.LENGTH);
    assertThat(free.tokens()).hasSize(60).containsAnyElementsOf(STOPS);
    int stop = free.tokens().get(40);

    GenerationResult stopped = complete(wandering().stopTokenIds(List.of(stop)));

    assertThat(stopped.finishReason()).isEqualTo(FinishReason.STOP);
    assertThat(stopped.tokens()).isEqualTo(free.tokens().subList(0, free.tokens().indexOf(stop)));
    String text = engine.model().tokenizer().decode(stopped.tokens());
    assertThat(text).contains(stopped.text().lines().findFirst().orElseThrow());
  }

  @Test
  void aStopTokenThatIsTextIsNoPartOfTheText() {
    List<Integer> letters = ids("pqrs");
    GenerationResult free = complete(wandering().allowedTokenIds(letters));
    GenerationResult stopped =
        complete(wandering().allowedTokenIds(letters).stopTokenIds(ids("s")));
    assertThat(stopped.finishReason()).isEqualTo(FinishReason.STOP);
    assertThat(stopped.text()).isEqualTo(free.text().substring(0, free.text().indexOf('s')));
  }

  @Test
  void logProbabilitiesAreThoseOfTheModelWhateverTheOptions() {
    SamplingParameters.Builder sampling =
        wandering()
            .temperature(1.5)
            .topK(30)
            .repetitionPenalty(1.3)
            .presencePenalty(-0.5)
            .badWords("bad");
    GenerationResult silent = complete(sampling);
    assertThat(silent.logProbabilities()).isEmpty();

    GenerationResult result = complete(sampling.logprobs(2));

    assertThat(result.tokens()).isEqualTo(silent.tokens());
    assertThat(result.logProbabilities())
        .extracting(TokenLogProbability::token)
        .isEqualTo(result.tokens());
    int[] whole =
        IntStream.concat(
                Arrays.stream(PROMPT), result.tokens().stream().mapToInt(Integer::intValue))
            .toArray();
    double[] scores =
        engine.submit(new ScoringRequest(whole, PROMPT.length)).join().logProbabilities();
    assertThat(result.logProbabilities().stream().mapToDouble(TokenLogProbability::logProbability))
        .containsExactly(Arrays.stream(scores).boxed().toArray(Double[]::new));
    assertThat(result.logProbabilities())
        .allSatisfy(one -> {
          assertThat(one.mostProbable()).hasSize(2);
          assertThat(one.mostProbable().getFirst().logProbability())
              .isGreaterThanOrEqualTo(one.logProbability());
        });
  }

  @Test
  void optionsThatLeaveNoTokenAreAnErrorOfTheRow() {
    GenerationResult result =
        complete(
            SamplingParameters.builder()
                .allowedTokenIds(List.of(5))
                .stopTokenIds(List.of(5))
                .minTokens(2));
    assertThat(result.finishReason()).isEqualTo(FinishReason.ERROR);
    assertThat(result.error().sentence())
        .isEqualTo(
            "no token is allowed: allowed_token_ids, bad_words, min_tokens and the response format leave none after token 20");
  }

  @Test
  void refusesWhatTheModelCannotDo() {
    assertThatThrownBy(() -> complete(wandering().allowedTokenIds(List.of(320))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("allowed_token_ids has token 320, the model has ids 0 to 319");
    try (GenerationEngine mute = GenerationEngine.open(TinyModel.FOLDER, engine.options())) {
      var request = new GenerationRequest(PROMPT, wandering().stop("x").build());
      assertThatThrownBy(() -> mute.submit(request))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("stop: %s has no tokenizer that could tell text", TinyModel.FOLDER);
    }
  }
}
