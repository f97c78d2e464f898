package org.glmspark.job.report;

import org.apache.spark.sql.SparkSession;
import scala.Option;

/// The one Spark session of this module's tests. It stays for the next ones, until the JVM ends.
public final class LocalSpark {
  private LocalSpark() {}

  public static SparkSession session() {
    Option<SparkSession> running = SparkSession.getDefaultSession();
    return running.isDefined() ? running.get() : start();
  }

  private static SparkSession start() {
    return SparkSession.builder()
        .master("local[2]")
        .appName("tests")
        .config("spark.ui.enabled", false)
        .config("spark.sql.shuffle.partitions", 2)
        // a few rows do not repay the compiling of a class for each plan
        .config("spark.sql.codegen.wholeStage", false)
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .config("spark.sql.warehouse.dir", "target/spark-warehouse")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .getOrCreate();
  }

  /// Ends it, for tests of what starts one of its own.
  public static void stop() {
    Option<SparkSession> running = SparkSession.getDefaultSession();
    if (running.isDefined()) {
      running.get().stop();
    }
  }
}
