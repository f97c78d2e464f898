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

  private CompletableFuture<GenerationResult> submit(int[] prompt, SamplingParameters sampling) {
    var request = new GenerationRequest(prompt, sampling);
    asked.add(request);
    return model.engine().submit(request);
  }

  private static LongDocument summary(int maxTokens, int partTokens) {
    return summary(model, maxTokens, partTokens);
  }

  private static LongDocument summary(OpenModel model, int maxTokens, int partTokens) {
    return new LongDocument(
        model,
        text -> TaskPrompts.summarize(text, 50),
        SamplingParameters.greedy(maxTokens),
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
                (prompt, sampling) -> {
                  assertThat(prompt.length + sampling.maxTokens()).isLessThanOrEqualTo(20 * 16);
                  return small.engine().submit(new GenerationRequest(prompt, sampling));
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
            .answer(
                text,
                (prompt, sampling) ->
                    CompletableFuture.completedFuture(
                        new GenerationResult(
                            "id",
                            "The lamp works perfectly. ".repeat(20),
                            List.of(),
                            List.of(),
                            List.of(),
                            FinishReason.LENGTH,
                            null,
                            new GenerationResult.Usage(0, 0, 0),
                            new GenerationResult.Timing(0, 0, 0))))
            .join();

    RowError error = outcome.result().error();
    assertThat(error.sentence()).contains("no fewer than the parts");
    assertThat(outcome.levels()).isEqualTo(1);
    assertThat(outcome.cappedParts()).isEqualTo(outcome.parts()).isPositive();
  }

  @Test
  void passesTheErrorOfAPartOn() {
    LongDocument.Outcome outcome =
        summary(100, 40)
            .answer(
                "The lamp works perfectly. ".repeat(100),
                (prompt, _) ->
                    CompletableFuture.completedFuture(
                        GenerationResult.refused(
                            "id",
                            prompt.length,
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
