package org.glmspark.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.glmspark.udfs.AnswerCache;
import org.glmspark.udfs.ExecutorEngines;
import org.glmspark.udfs.GlmPlugin;
import org.junit.jupiter.api.Test;

/// The plugin in a session of one process, as the pages of its driver show it.
class GlmPluginIT {
  private static SparkSession.Builder session() {
    return Summaries.session("local[2]")
        .config("spark.plugins", GlmPlugin.class.getName())
        .config("spark.ui.enabled", true)
        .config("spark.ui.port", 0)
        .config("spark.metrics.namespace", "glm");
  }

  @Test
  void opensTheModelBeforeTheFirstQueryAndCountsItsTokens() throws Exception {
    AnswerCache.ofExecutor().clear(); // of what other tests asked
    int before = ExecutorEngines.opened();
    try (SparkSession spark =
        session()
            .config(
                "spark.metrics.conf.*.sink.prometheusServlet.class",
                "org.apache.spark.metrics.sink.PrometheusServlet")
            .config("spark.metrics.conf.*.sink.prometheusServlet.path", "/metrics/prometheus")
            .config("spark.glm.model", SampleModel.FOLDER.toString())
            .config("spark.glm.max-batch", 7) // an engine of its own
            .config("spark.glm.kv-cache-bytes", 32 << 20)
            .getOrCreate()) {
      assertThat(MetricsPages.await(() -> ExecutorEngines.opened() == before + 1)).isTrue();
      var pages = new MetricsPages(spark);
      assertThat(MetricsPages.await(() -> pages.gauge("engines") > 0)).isTrue();
      double tokens = pages.gauge("decode-tokens");
      double promptTokens = pages.gauge("prefill-tokens");

      Summaries.documents(spark, 12).createOrReplaceTempView("docs");
      List<Row> rows = spark.sql("SELECT id, ai_summarize(body) FROM docs").collectAsList();

      List<SampleModel.Document> documents = SampleModel.documents().subList(0, 12);
      assertThat(rows.stream().collect(Collectors.toMap(row -> row.get(0), row -> row.get(1))))
          .isEqualTo(
              documents.stream()
                  .collect(
                      Collectors.toMap(SampleModel.Document::id, SampleModel.Document::summary)));
      assertThat(ExecutorEngines.opened()).isEqualTo(before + 1);
      int drawn = documents.stream().mapToInt(SampleModel.Document::drawn).sum();
      assertThat(pages.reaches("decode-tokens", tokens + drawn))
          .as("%s, expected %s and %d more", pages.gauge("decode-tokens"), tokens, drawn)
          .isTrue();
      assertThat(pages.gauge("prefill-tokens")).isGreaterThan(promptTokens);
      assertThat(pages.gauge("running")).isZero();
      assertThat(pages.gauge("waiting")).isZero();
      assertThat(pages.gauge("cache-use")).isBetween(0.0, 1.0);
      assertThat(pages.page("/metrics/prometheus/"))
          .contains("metrics_glm_driver_plugin_org_glmspark_udfs_GlmPlugin_running_Value")
          .contains("metrics_glm_driver_plugin_org_glmspark_udfs_GlmPlugin_waiting_Value")
          .contains("_GlmPlugin_decode_tokens_per_second_Value")
          .contains("_GlmPlugin_cache_use_Value");
    }
  }

  @Test
  void aModelThatCannotBeOpenedFailsTheQueriesThatNeedItAndNoOther() throws Exception {
    try (SparkSession spark =
        session()
            .config("spark.glm.model", SampleModel.ROOT.resolve("none").toString())
            .getOrCreate()) {
      assertThat(spark.sql("SELECT 1").collectAsList()).hasSize(1);
      assertThat(catchThrowable(() -> spark.sql("SELECT ai_gen('Hello')").collectAsList()))
          .hasMessageContaining("none: model: there is no such folder or file");
    }
  }
}
