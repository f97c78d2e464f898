package org.glmspark.udfs;

import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Test;

class GlmFunctionsTest {
  @Test
  void areTheFunctionsOfSql() {
    Column named = col("body");
    Dataset<Row> documents = SampleData.documents(1);

    Dataset<Row> answers =
        documents.select(
            GlmFunctions.aiGen(named),
            GlmFunctions.aiQuery("sample", named),
            GlmFunctions.aiQueryOrError("sample", named),
            GlmFunctions.aiSummarize(named),
            GlmFunctions.aiSummarize(named, 20),
            GlmFunctions.aiClassify(named, "a", "b"),
            GlmFunctions.aiExtract(named, "city", "date"),
            GlmFunctions.aiExtractBySchema(named, "[\"city\"]"),
            GlmFunctions.aiAnalyzeSentiment(named),
            GlmFunctions.aiFixGrammar(named),
            GlmFunctions.aiTranslate(named, "fr"),
            GlmFunctions.aiMask(named, "person"),
            GlmFunctions.aiSimilarity(named, functions.lit("x")),
            GlmFunctions.aiCountTokens(named));

    assertThat(answers.columns())
        .extracting(name -> name.substring(0, name.indexOf('(')))
        .containsExactly(
            "ai_gen",
            "ai_query",
            "ai_query",
            "ai_summarize",
            "ai_summarize",
            "ai_classify",
            "ai_extract",
            "ai_extract",
            "ai_analyze_sentiment",
            "ai_fix_grammar",
            "ai_translate",
            "ai_mask",
            "ai_similarity",
            "ai_count_tokens");
    assertThat(answers.schema().apply(2).dataType().sql())
        .isEqualTo("STRUCT<result: STRING, errorMessage: STRING>");
    String id = documents.first().getAs("id");
    assertThat(documents.select(GlmFunctions.aiSummarize(named)).first().getString(0))
        .isEqualTo(SampleData.summaries().get(id));
  }
}
