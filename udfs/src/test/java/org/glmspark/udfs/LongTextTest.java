package org.glmspark.udfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import org.glmspark.generation.FinishReason;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.GenerationResult;
import org.glmspark.sampling.SamplingParameters;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Rows whose texts are too long, in jobs and in SQL.
class LongTextTest {
  private static final SparkSession SPARK = LocalSpark.session();

  /// More than this is outside what the sample model saw.
  private static final int PART_TOKENS = 350;

  private static ModelHandle handle;
  private static OpenModel model;

  @BeforeAll
  static void openTheModel() {
    handle = ModelHandle.of(SampleData.model(), SampleData.options(8));
    model = OpenModel.of(handle);
  }

  @AfterAll
  static void closeEngines() {
    ExecutorEngines.closeAll();
  }

  /// What a document takes whose parts are asked about one after the other.
  private record OneByOne(
      String text, int parts, int levels, int cappedParts, int promptTokens, int answerTokens) {

    Row longText() {
      return RowFactory.create(parts, levels, cappedParts, 0);
    }
  }

  /// Each part is taken from the text as it is counted, and asked about when the one before is
  /// answered.
  private static OneByOne oneByOne(
      String document, UnaryOperator<String> message, int maxTokens, int partTokens) {
    String text = document;
    int parts = 0;
    int levels = 0;
    int capped = 0;
    int promptTokens = 0;
    int answerTokens = 0;
    while (tokens(text) > partTokens) {
      List<String> answers = new ArrayList<>();
      int start = 0;
      for (String part : TextParts.of(text, partTokens, LongTextTest::tokens)) {
        int found = text.indexOf(part, start);
        assertThat(text.substring(start, found)).isBlank(); // nothing between parts is left out
        start = found + part.length();
        GenerationResult answer = ask(message.apply(part), Math.min(maxTokens, tokens(part) / 2));
        answers.add(answer.text());
        capped += answer.finishReason() == FinishReason.LENGTH ? 1 : 0;
        promptTokens += answer.usage().prompt();
        answerTokens += answer.usage().completion();
      }
      assertThat(text.substring(start)).isBlank();
      text = String.join("\n\n", answers);
      parts += answers.size();
      levels++;
    }
    GenerationResult last = ask(message.apply(text), maxTokens);
    return new OneByOne(
        last.text(),
        parts,
        levels,
        capped,
        promptTokens + last.usage().prompt(),
        answerTokens + last.usage().completion());
  }

  private static int tokens(String text) {
    return model.tokenizer().encode(text).length;
  }

  private static GenerationResult ask(String message, int maxTokens) {
    var request =
        new GenerationRequest(model.prompt(message), SamplingParameters.greedy(maxTokens));
    return model.engine().submit(request).join();
  }

  /// The notes of the longest document of the sample.
  private static List<String> notes() {
    String body = SampleData.longDocument("long-5");
    return Arrays.asList(body.split("\n\n"));
  }

  private static PromptSource summarize(LongText.Handling handling, int partTokens) {
    return new PromptSource.Summarize("body", 50, new LongText(handling, partTokens));
  }

  private static Generation job(PromptSource prompt, SamplingParameters sampling) {
    return new Generation(handle, prompt, sampling, List.of("id"), ResultColumns.plain(), 2);
  }

  private static Dataset<Row> rows(String... bodies) {
    List<Row> rows = new ArrayList<>();
    for (String body : bodies) {
      rows.add(RowFactory.create(String.valueOf(rows.size()), body));
    }
    return SPARK.createDataFrame(rows, StructType.fromDDL("id STRING, body STRING"));
  }

  private void isSummarisedFromEveryPart(String document, int atLeastLevels) {
    AnswerCache.ofExecutor().clear();
    long cachedBefore = AnswerCache.ofExecutor().computed();
    Generation job =
        job(summarize(LongText.Handling.MAP_REDUCE, PART_TOKENS), SamplingParameters.greedy(256));
    Dataset<Row> plan = job.plan(rows(document));
    Row planned = plan.select(PlanColumns.in(plan).request()).first();

    Row row =
        job.apply(rows(document))
            .select("completion", "long_text", "usage", "lineage.request_id", "finish_reason")
            .first();
    long asked = AnswerCache.ofExecutor().computed() - cachedBefore;

    OneByOne expected =
        oneByOne(document, text -> TaskPrompts.summarize(text, 50), 256, PART_TOKENS);
    assertThat(expected.levels()).isGreaterThanOrEqualTo(atLeastLevels);
    assertThat(row.getString(0)).isEqualTo(expected.text()).isNotBlank();
    assertThat(row.getStruct(1)).isEqualTo(expected.longText());
    assertThat(row.getStruct(2).getInt(0)).isEqualTo(expected.promptTokens());
    assertThat(row.getStruct(2).getInt(2)).isEqualTo(expected.answerTokens());
    assertThat(row.getString(3)).isEqualTo(planned.getString(0)).hasSize(64);
    assertThat(asked).isBetween(1L, expected.parts() + 1L); // equal parts are asked about once

    AnswerCache.ofExecutor().clear();
    rows(document).createOrReplaceTempView("long");
    SPARK.conf().set("spark.glm.models.sample.part-tokens", PART_TOKENS);
    try {
      assertThat(SPARK.sql("SELECT ai_summarize(body) FROM long").first().getString(0))
          .isEqualTo(expected.text());
    } finally {
      SPARK.conf().unset("spark.glm.models.sample.part-tokens");
    }
  }

  @Test
  void ofTwoHundredAndFiftyNotesIsSummarisedFromEveryPart() {
    isSummarisedFromEveryPart(String.join("\n\n", notes().subList(0, 250)), 2);
  }

  @Test
  @Tag("proof")
  void ofTwoThousandFiveHundredNotesIsSummarisedFromEveryPart() {
    String document = SampleData.longDocument("long-5");
    assertThat(tokens(document)).isGreaterThan(100_000);
    assertThat(notes()).hasSize(2500);

    isSummarisedFromEveryPart(document, 3);
  }

  @Test
  void inChineseIsCutBetweenSentences() {
    String document =
        SampleData.documents(300).where("language = 'zh'").select("body").collectAsList().stream()
            .map(row -> row.getString(0))
            .limit(12)
            .collect(Collectors.joining());
    assertThat(document).doesNotContain("\n");

    Row row =
        job(summarize(LongText.Handling.MAP_REDUCE, 120), SamplingParameters.greedy(100))
            .apply(rows(document))
            .select("completion", "long_text")
            .first();

    assertThat(TextParts.of(document, 120, LongTextTest::tokens))
        .hasSizeGreaterThan(2)
        .allSatisfy(part -> assertThat(part).endsWith("。"));
    OneByOne expected = oneByOne(document, text -> TaskPrompts.summarize(text, 50), 100, 120);
    assertThat(row.getString(0)).isEqualTo(expected.text()).containsPattern("\\p{IsHan}");
    assertThat(row.getStruct(1)).isEqualTo(expected.longText());
  }

  /// Answers of 12 tokens are cut off, mostly; the other column stands in every prompt.
  @Test
  void goesInPartsIntoATemplateOfSeveralColumns() {
    String document = String.join("\n\n", notes().subList(0, 20));
    var template =
        new PromptSource.Template(
            "{body}\n\n{title}", null, new LongText(LongText.Handling.MAP_REDUCE, 200), "body");
    String title = "Summarize the text above in at most 50 words. Reply with the summary only.";
    Dataset<Row> input = rows(document, "Rain.").withColumn("title", functions.lit(title));

    List<Row> rows =
        job(template, SamplingParameters.greedy(12).toBuilder().logprobs(1).build())
            .apply(input)
            .select("completion", "long_text", "usage.completion", "logprobs")
            .orderBy("id")
            .collectAsList();

    OneByOne expected = oneByOne(document, text -> text + "\n\n" + title, 12, 200);
    assertThat(rows.getFirst().getString(0)).isEqualTo(expected.text());
    assertThat(rows.getFirst().getStruct(1)).isEqualTo(expected.longText());
    assertThat(expected.cappedParts()).isPositive();
    assertThat(rows.getFirst().getInt(2)).isEqualTo(expected.answerTokens());
    assertThat(rows.getFirst().getList(3)).hasSizeBetween(1, 12); // of the last answer
    assertThat(rows.get(1).isNullAt(1)).isTrue();
    assertThat(rows.get(1).getList(3)).hasSize(rows.get(1).getInt(2));
  }

  @Test
  void canLoseItsEndAndSaysHowMuch() {
    List<String> notes = notes();
    String document = String.join("\n\n", notes.subList(0, 12));
    String longer = document + "\n\n" + notes.get(12);

    List<Row> rows =
        job(summarize(LongText.Handling.TRUNCATE, PART_TOKENS), SamplingParameters.greedy(100))
            .apply(rows(document, longer, notes.getFirst()))
            .select("completion", "long_text", "lineage.request_id", "usage.prompt", "error")
            .orderBy("id")
            .collectAsList();

    String start = TextParts.start(document, PART_TOKENS, LongTextTest::tokens);
    GenerationResult expected = ask(TaskPrompts.summarize(start, 50), 100);
    assertThat(document).startsWith(start);
    assertThat(tokens(start)).isBetween(PART_TOKENS - 3, PART_TOKENS);
    for (int i = 0; i < 2; i++) {
      assertThat(rows.get(i).getString(0)).isEqualTo(expected.text());
      assertThat(rows.get(i).getInt(3)).isEqualTo(expected.usage().prompt());
      int whole = tokens(i == 0 ? document : longer);
      assertThat(rows.get(i).getStruct(1))
          .isEqualTo(RowFactory.create(0, 0, 0, whole - tokens(start)));
    }
    assertThat(rows.get(0).getString(2)).isNotEqualTo(rows.get(1).getString(2));
    assertThat(rows.get(2).isNullAt(1) && rows.get(2).isNullAt(4)).isTrue();
  }

  @Test
  void canBeAnError() {
    String document = String.join("\n\n", notes().subList(0, 12));

    List<Row> rows =
        job(summarize(LongText.Handling.ERROR, PART_TOKENS), SamplingParameters.greedy(100))
            .apply(rows(document, notes().getFirst()))
            .select("error", "long_text", "completion")
            .orderBy("id")
            .collectAsList();

    assertThat(rows.getFirst().getString(0))
        .isEqualTo(
            "prompt too long: column 'body' has %d tokens, part-tokens allows 350; shorten it, or let it be cut"
                .formatted(tokens(document)));
    assertThat(rows.getFirst().isNullAt(1)).isTrue();
    assertThat(rows.get(1).isNullAt(0)).isTrue();
    assertThat(rows.get(1).isNullAt(2)).isFalse();
  }

  @Test
  void isAnErrorWhereTheInstructionLeavesNoRoom() {
    String instruction = "word ".repeat(2000);
    for (LongText.Handling handling :
        List.of(LongText.Handling.MAP_REDUCE, LongText.Handling.TRUNCATE)) {
      var template =
          new PromptSource.Template(
              "{body}\n" + instruction, null, new LongText(handling, 0), null);

      Row row =
          job(template, SamplingParameters.greedy(100))
              .apply(rows("Rain."))
              .select("error")
              .first();

      assertThat(row.getString(0))
          .matches("prompt too long: context and cache leave -\\d+ tokens for a text, .*");
    }
  }

  @Test
  void isGeneratedOnceForEqualRowsSideBySide() {
    String document = String.join("\n\n", notes().subList(0, 40));
    Generation job =
        job(summarize(LongText.Handling.MAP_REDUCE, PART_TOKENS), SamplingParameters.greedy(100));
    AnswerCache.ofExecutor().clear();
    long asked = AnswerCache.ofExecutor().asked();

    List<Row> rows =
        job.complete(
                job.plan(rows(document, document, document)).coalesce(1),
                RowProgress.register(SPARK.sparkContext()),
                null)
            .select("completion", "long_text", "usage.completion", "timing.decode_ms")
            .collectAsList();

    assertThat(rows).hasSize(3);
    Row longText = rows.getFirst().getStruct(1);
    assertThat(rows)
        .allSatisfy(row -> {
          assertThat(row.getString(0)).isEqualTo(rows.getFirst().getString(0));
          assertThat(row.getStruct(1)).isEqualTo(longText);
          assertThat(row.getInt(2)).isEqualTo(rows.getFirst().getInt(2));
        });
    assertThat(rows.stream().filter(row -> row.getDouble(3) > 0)).hasSize(1);
    assertThat(AnswerCache.ofExecutor().asked() - asked).isEqualTo(longText.getInt(0) + 1);
  }

  @Test
  void mustSayWhichColumnOfSeveralItIs() {
    var inParts = new LongText(LongText.Handling.MAP_REDUCE, 0);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PromptSource.Template("{a}: {b}", null, inParts, null))
        .withMessage(
            "long-column is missing, expected the column of the template whose text may be too"
                + " long: a, b");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PromptSource.Template("{a}: {b}", null, inParts, "c"))
        .withMessage("long-column is 'c', expected a column of the template: a, b");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PromptSource.Template("{a}: {b} {a}", null, inParts, "a"))
        .withMessage("long-column is 'a', which stands in 2 places of the template, expected one");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new LongText(LongText.Handling.TRUNCATE, 7))
        .withMessageStartingWith("part-tokens is 7, expected 0");
  }
}
