package org.glmspark.udfs.function;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

/// What schemas, plans and DESCRIBE show of the functions.
class SqlFunctionDescriptionsTest {
  private static final SparkSession SPARK = OneDocument.session();

  @Test
  void givesTheTypesThatCallersExpect() {
    Dataset<Row> row =
        SPARK.sql(
            """
            SELECT ai_gen(body) a, ai_query('sample', body) b, \
            ai_query(endpointName => 'sample', request => body, failOnError => false) c, \
            ai_summarize(content => body, max_words => 20) d, ai_classify(body, array('a', 'b')) e, \
            ai_classify(body, '["a", "b"]') f, ai_analyze_sentiment(body) g, ai_fix_grammar(body) h, \
            ai_translate(body, to_lang => 'de') i, ai_mask(body, array('city')) j, \
            ai_count_tokens(body) k, ai_extract(body, array('price', 'the shop')) l, \
            ai_extract(body, schema => '["price"]') m, ai_similarity(body, expr2 => 'b') n FROM doc\
            """);

    assertThat(row.schema().toDDL())
        .isEqualTo(
            "a STRING,b STRING,c STRUCT<result: STRING, errorMessage: STRING>,d STRING,e STRING,"
                + "f VARIANT,g STRING,h STRING,i STRING,j STRING,k INT,"
                + "l STRUCT<price: STRING, `the shop`: STRING>,m VARIANT,n FLOAT");
  }

  @Test
  void showsInThePlanWhatIsNotGreedyDecoding() {
    String plan =
        SPARK
            .sql(
                "EXPLAIN SELECT ai_query('sample', body, modelParameters => named_struct('top_p', 0.5,"
                    + " 'max_tokens', 20, 'temperature', 0.7, 'top_k', 0, 'stop', array('a', 'b')))"
                    + " FROM doc")
            .first()
            .getString(0);

    assertThat(plan)
        .contains("max_tokens => 20, temperature => 0.7, top_p => 0.5, stop => [a, b], model =>");
  }

  @Test
  void sendsUnknownEndpointsToTheDefaultModelIfToldSo() {
    SPARK.conf().set("spark.glm.unknown-endpoint", "default");
    try {
      String plan =
          SPARK
              .sql("EXPLAIN SELECT ai_query('databricks-gpt', body) FROM doc")
              .first()
              .getString(0);

      assertThat(plan).contains("max_tokens => 256, model => sample)");
    } finally {
      SPARK.conf().unset("spark.glm.unknown-endpoint");
    }
  }

  @Test
  void explainsThemselves() {
    for (SqlFunction function : SqlFunctions.all()) {
      List<Row> lines = SPARK.sql("DESCRIBE FUNCTION EXTENDED " + function.name()).collectAsList();

      String text = String.join("\n", lines.stream().map(line -> line.getString(0)).toList());
      assertThat(text)
          .contains("Function: " + function.name())
          .contains("Usage: " + function.name() + "(")
          .contains("> SELECT " + function.name() + "(");
      function.parameters().forEach(p -> assertThat(text).contains("* " + p.name() + " - "));
    }
  }
}
