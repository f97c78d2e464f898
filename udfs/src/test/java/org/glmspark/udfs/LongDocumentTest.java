package org.glmspark.udfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.glmspark.generation.FinishReason;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.GenerationResult;
import org.glmspark.generation.RowError;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.sampling.SamplingParameters;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class LongDocumentTest {
  private static OpenModel model;

  /// Prompts and limits of all requests so far, from several threads.
  private final List<GenerationRequest> asked = Collections.synchronizedList(new ArrayList<>());

  @BeforeAll
  static void openTheModel() {
    model = OpenModel.of(ModelHandle.of(SampleData.model(), SampleData.options(8)));
  }

  @AfterAll
  static void closeEngines() {
    ExecutorEngines.closeAll();
  }

  private CompletableFuture<GenerationResult> submit(GenerationRequest request) {
    asked.add(request);
    return model.engine().submit(request);
  }

  private static LongDocument summary(int maxTokens, int partTokens) {
    return summary(model, maxTokens, partTokens);
  }

  private static LongDocument summary(OpenModel model, int maxTokens, int partTokens) {
    return new LongDocument(
        model,
        text -> model.prompt(TaskPrompts.summarize(text, 50)),
        SamplingParameters.greedy(maxTokens),
        null,
        partTokens);
  }

  @Test
  void asksOnceAboutATextThatFits() {
    String body = SampleData.documents(1).first().getAs("body");

    LongDocument.Outcome outcome = summary(100, 300).answer(body, this::submit).join();

    assertThat(outcome.result().text())
        .isEqualTo(SampleData.summaries().get(SampleData.documents(1).first().<String>getAs("id")));
    assertThat(List.of(outcome.parts(), outcome.cappedParts(), outcome.levels()))
        .containsExactly(0, 0, 0);
    assertThat(asked).hasSize(1);
  }

  @Test
  void summarisesALongTextByItsParts() {
    List<String> bodies =
        SampleData.documents(20).collectAsList().stream()
            .map(row -> row.<String>getAs("body"))
            .toList();
    String text = String.join("\n\n", bodies);

    LongDocument.Outcome outcome = summary(100, 200).answer(text, this::submit).join();

    assertThat(outcome.result().error()).isNull();
    assertThat(outcome.result().text()).isNotBlank();
    assertThat(outcome.levels()).isBetween(1, 6);
    assertThat(outcome.parts()).isEqualTo(asked.size() - 1);
    String parts =
        String.join("", TextParts.of(text, 200, part -> model.tokenizer().encode(part).length));
    assertThat(parts.replaceAll("\\s", "")).isEqualTo(text.replaceAll("\\s", ""));
    assertThat(asked.getFirst().sampling().maxTokens()).isLessThanOrEqualTo(100);
    assertThat(asked.getLast().sampling().maxTokens()).isEqualTo(100);
  }

  @Test
  void partsFitACacheThatHoldsLessThanTheContext() {
    OpenModel small =
        OpenModel.of(
            ModelHandle.of(
                SampleData.model(), SampleData.options(8).withKvCacheBytes(20 * 16 * 1024)));
    assertThat(small.engine().longestSequence()).isEqualTo(20 * 16);
    List<String> bodies =
        SampleData.documents(12).collectAsList().stream()
            .map(row -> row.<String>getAs("body"))
            .toList();

    LongDocument.Outcome outcome =
        summary(small, 60, 0)
            .answer(
                String.join("\n\n", bodies),
                request -> {
                  assertThat(request.promptTokens().length + request.sampling().maxTokens())
                      .isLessThanOrEqualTo(20 * 16);
                  return small.engine().submit(request);
                })
            .join();

    assertThat(outcome.result().error()).isNull();
    assertThat(outcome.parts()).isGreaterThan(2);
  }

  @Test
  void tellsWhenAnswersAreNoShorterThanTheirParts() {
    String text = "The lamp works perfectly. ".repeat(100);

    LongDocument.Outcome outcome =
        summary(100, 40)
            .answer(text, _ -> answered("The lamp works perfectly. ".repeat(20)))
            .join();

    RowError error = outcome.result().error();
    assertThat(error.sentence())
        .matches(
            "prompt too long: after level 1 of parts their answers have \\d+ tokens, "
                + "no fewer than the parts, \\d+");
    assertThat(outcome.result().usage())
        .isEqualTo(
            new GenerationResult.Usage(
                40 * outcome.parts(), 16 * outcome.parts(), 20 * outcome.parts()));
    assertThat(outcome.result().timing()).isEqualTo(new GenerationResult.Timing(1, 5, 0));
    assertThat(outcome.levels()).isEqualTo(1);
    assertThat(outcome.cappedParts()).isEqualTo(outcome.parts()).isPositive();
  }

  @Test
  void tellsWhenThePartsHaveNoAnswers() {
    LongDocument.Outcome outcome =
        summary(100, 40).answer("The lamp works perfectly. ".repeat(100), _ -> answered("")).join();

    assertThat(outcome.result().error().sentence())
        .matches("no text: the answers about all \\d+ parts of level 1 are empty");
  }

  @Test
  void countsPartsWithoutAnAnswer() {
    String text = "The lamp works perfectly. ".repeat(30);
    LongDocument document = summary(100, 40);

    LongDocument.Outcome outcome =
        document
            .answer(
                text,
                request -> {
                  asked.add(request);
                  return answered(asked.size() == 1 ? " " : "It works.");
                })
            .join();

    assertThat(outcome.result().text()).isEqualTo("It works.");
    assertThat(outcome.silentTokens()).isBetween(20, 40);
  }

  @Test
  void knowsWhatAllPartsAndLevelsCostAtMost() {
    String text = "The lamp works perfectly. ".repeat(100);
    LongDocument document = summary(100, 20);

    GenerationResult.Usage usage = document.answer(text, this::submit).join().result().usage();

    int[] whole = model.prompt(TaskPrompts.summarize(text, 50));
    assertThat(usage.prompt() + usage.completion()).isGreaterThan(2 * whole.length);
    assertThat(document.mostTokens(whole.length))
        .isBetween(usage.prompt() + (long) usage.completion(), 40L * whole.length);
  }

  private static CompletableFuture<GenerationResult> answered(String text) {
    return CompletableFuture.completedFuture(
        new GenerationResult(
            "id",
            text,
            List.of(),
            List.of(),
            List.of(),
            FinishReason.LENGTH,
            null,
            new GenerationResult.Usage(40, 16, 20),
            new GenerationResult.Timing(1, 2, 3)));
  }

  /// Half of the model's context is 512 tokens.
  @Test
  void asksAboutShortTextsWhateverTheLimitOfTheAnswer() {
    LongDocument.Outcome outcome =
        summary(5000, 0).answer("The lamp works perfectly. ".repeat(20), this::submit).join();

    assertThat(outcome.result().error()).isNull();
    assertThat(outcome.parts()).isZero();
    assertThat(asked).singleElement().extracting(r -> r.sampling().maxTokens()).isEqualTo(5000);
  }

  @Test
  void holdsOnlyTheLastAnswerToAForm() {
    AnswerFormat choice =
        AnswerFormat.parse("{\"type\": \"choice\", \"choices\": [\"yes\", \"no\"]}");
    var document =
        new LongDocument(
            model,
            text -> model.prompt(text + "\n\nDoes it work? Reply with yes or no."),
            SamplingParameters.greedy(60),
            choice,
            40);

    LongDocument.Outcome outcome =
        document.answer("The lamp works perfectly. ".repeat(30), this::submit).join();

    assertThat(outcome.result().text()).isIn("yes", "no");
    assertThat(asked.getLast().format()).isEqualTo(choice);
    assertThat(asked.subList(0, asked.size() - 1)).allMatch(request -> request.format() == null);
  }

  /// Where the text stands belongs to the id: the prompts of these two are equal.
  @Test
  void namesAllThatAnAnswerDependsOn() {
    String text = "Rain. Rain. Rain. ".repeat(20).strip();
    SamplingParameters greedy = SamplingParameters.greedy(20);
    var before = new LongDocument(model, part -> model.prompt("Rain. " + part), greedy, null, 40);
    var after = new LongDocument(model, part -> model.prompt(part + " Rain."), greedy, null, 40);

    assertThat(before.prompt().apply(text)).isEqualTo(after.prompt().apply(text));
    assertThat(before.requestId(text))
        .isEqualTo(before.requestId(text))
        .isNotEqualTo(after.requestId(text))
        .isNotEqualTo(new LongDocument(model, before.prompt(), greedy, null, 50).requestId(text))
        .isNotEqualTo(
            new LongDocument(model, before.prompt(), SamplingParameters.greedy(21), null, 40)
                .requestId(text));
  }

  @Test
  void passesTheErrorOfAPartOn() {
    LongDocument.Outcome outcome =
        summary(100, 40)
            .answer(
                "The lamp works perfectly. ".repeat(100),
                request ->
                    CompletableFuture.completedFuture(
                        GenerationResult.refused(
                            "id",
                            request.promptTokens().length,
                            new RowError(RowError.Reason.NOT_FINITE, "a logit"))))
            .join();

    assertThat(outcome.result().error().reason()).isEqualTo(RowError.Reason.NOT_FINITE);
  }

  @Test
  void refusesPartsThatAreTooSmall() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> summary(100, 5))
        .withMessage(
            "part-tokens is 5, expected 0 (what the model's context leaves) or at least 16");
  }
}
