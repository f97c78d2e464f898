package org.glmspark.udfs;

import org.apache.spark.sql.SparkSession;

/// The one Spark session of this module's tests: starting one takes longer than most tests.
public final class LocalSpark {
  private static final SparkSession SESSION =
      SparkSession.builder()
          .master("local[2]")
          .appName("tests")
          .config("spark.ui.enabled", false)
          // tests make tasks fail; what went wrong reaches them as an exception
          .config("spark.log.level", "OFF")
          .config("spark.sql.shuffle.partitions", 2)
          .config("spark.sql.session.timeZone", "UTC")
          .config("spark.driver.host", "127.0.0.1")
          .config("spark.driver.bindAddress", "127.0.0.1")
          .config("spark.glm.models.sample.path", SampleData.model().toString())
          .config("spark.glm.models.sample.threads", 1)
          .config("spark.glm.models.sample.max-batch", 8)
          .config("spark.glm.models.sample.step-tokens", 128)
          .config("spark.glm.models.sample.kv-cache-bytes", 16 << 20)
          .getOrCreate();

  private LocalSpark() {}

  public static SparkSession session() {
    return SESSION;
  }
}
