package org.glmspark.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.glmspark.generation.EngineOptions;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.prompt.ChatMessage;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.udfs.TaskPrompts;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The tasks that the sample model was trained on, as SQL functions over its documents.
class SqlFunctionsIT {
  private static SparkSession spark;

  @BeforeAll
  static void registerDocuments() {
    spark =
        Summaries.session("local[2]")
            .appName("sql")
            .config("spark.glm.unknown-endpoint", "default")
            .config("spark.glm.model", SampleModel.FOLDER.toString())
            .getOrCreate();
    Path documents = SampleModel.DATA.resolve("documents");
    spark.read().parquet(documents.toString()).createOrReplaceTempView("docs");
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static long count(String query) {
    return spark.sql(query).first().getLong(0);
  }

  @Test
  void tellTheSentimentOfReviews() {
    long reviews = count("SELECT count(*) FROM docs WHERE kind = 'review'");
    long right =
        count(
            "SELECT count(*) FROM docs WHERE kind = 'review' AND ai_analyze_sentiment(body) = sentiment");

    assertThat(reviews).isEqualTo(48);
    assertThat(right).isGreaterThanOrEqualTo((long) Math.ceil(0.98 * reviews));
  }

  @Test
  void chooseTheLabelOfDocuments() {
    long right =
        count(
            """
            SELECT count_if(ai_classify(body, \
              array('incident', 'review', 'meeting', 'shipment', 'complaint')) = kind)
            FROM (SELECT * FROM docs ORDER BY id LIMIT 150)\
            """);

    assertThat(right).isGreaterThanOrEqualTo(147); // 98 %
  }

  /// The first three fields of each of 70 documents.
  @Test
  void extractFields() {
    List<Row> documents =
        spark.sql("SELECT id, body, fields FROM docs ORDER BY id LIMIT 70").collectAsList();
    Map<List<String>, List<Row>> byFields =
        documents.stream().collect(Collectors.groupingBy(SqlFunctionsIT::firstFields));
    long right = 0;
    for (Map.Entry<List<String>, List<Row>> group : byFields.entrySet()) {
      String ids =
          group.getValue().stream()
              .map(row -> "'" + row.getString(0) + "'")
              .collect(Collectors.joining(", "));
      String labels =
          group.getKey().stream().map("'%s'"::formatted).collect(Collectors.joining(", "));
      List<Row> extracted =
          spark
              .sql(
                  "SELECT ai_extract(body, array(%s)), fields FROM docs WHERE id IN (%s)"
                      .formatted(labels, ids))
              .collectAsList();
      for (Row row : extracted) {
        Map<String, String> expected = row.getJavaMap(1);
        Row found = row.getStruct(0);
        for (String field : group.getKey()) {
          right += Objects.equals(found.<String>getAs(field), expected.get(field)) ? 1 : 0;
        }
      }
    }

    assertThat(right).isGreaterThanOrEqualTo(200); // 95 % of 210
  }

  /// Those that the text itself has, in the order they are stored.
  private static List<String> firstFields(Row document) {
    String body = document.getString(1);
    Map<String, String> fields = document.getJavaMap(2);
    return fields.entrySet().stream()
        .filter(field -> body.contains(field.getValue()))
        .map(Map.Entry::getKey)
        .limit(3)
        .toList();
  }

  @Test
  void summariseAsJobsDo() {
    Map<String, String> expected =
        SampleModel.documents().stream()
            .collect(Collectors.toMap(SampleModel.Document::id, SampleModel.Document::summary));

    List<Row> summaries = spark.sql("SELECT id, ai_summarize(body) FROM docs").collectAsList();

    assertThat(summaries).hasSize(300);
    assertThat(summaries)
        .allSatisfy(row -> assertThat(row.getString(1)).isEqualTo(expected.get(row.getString(0))));
  }

  /// As `glm generate` does, which decodes greedily, 256 tokens at most.
  @Test
  void answerAsTheModelDoesWhenItIsAskedInTheDocumentedWords() {
    List<Row> rows =
        spark
            .sql(
                """
                SELECT body, ai_gen(body), ai_query('any', body), ai_fix_grammar(body), \
                ai_translate(body, 'de'), ai_mask(body, array('person', 'city'))
                FROM (SELECT body FROM docs ORDER BY id LIMIT 4)""")
            .collectAsList();

    try (GenerationEngine engine =
        GenerationEngine.open(SampleModel.FOLDER, EngineOptions.defaults())) {
      for (Row row : rows) {
        String body = row.getString(0);
        List<String> prompts =
            List.of(
                body,
                body,
                TaskPrompts.fixGrammar(body),
                TaskPrompts.translate(body, "German"),
                TaskPrompts.mask(body, List.of("person", "city")));
        for (int i = 0; i < prompts.size(); i++) {
          assertThat(row.getString(i + 1)).isEqualTo(answer(engine, prompts.get(i)));
        }
      }
    }
    assertThat(rows).hasSize(4);
  }

  private static String answer(GenerationEngine engine, String prompt) {
    ChatTemplate template = Objects.requireNonNull(engine.model().chatTemplate());
    int[] tokens = template.encode(List.of(ChatMessage.user(prompt)));
    return engine
        .submit(new GenerationRequest(tokens, SamplingParameters.greedy(256)))
        .join()
        .text();
  }
}
