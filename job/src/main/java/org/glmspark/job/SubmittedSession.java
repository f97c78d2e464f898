package org.glmspark.job;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.glmspark.job.options.RefusedException;
import org.glmspark.udfs.SessionModels;
import scala.Tuple2;

/// The Spark session that spark-submit was told to make.
final class SubmittedSession {
  private static final String MAIN_CLASS = Main.class.getName();

  private SubmittedSession() {}

  /// What spark-submit was told.
  ///
  /// @throws RefusedException if it was not spark-submit that started this program, or if a setting
  ///   of models is wrong
  static SparkConf configuration() {
    var conf = new SparkConf();
    if (conf.get("spark.master", "").isEmpty()) {
      throw new RefusedException(
          "no Spark master is set; start this with bin/glm, or with spark-submit --master ...");
    }
    requireModels(conf);
    return conf;
  }

  private static void requireModels(SparkConf conf) {
    Map<String, String> settings =
        Arrays.stream(conf.getAll()).collect(Collectors.toMap(Tuple2::_1, Tuple2::_2));
    try {
      var _ = new SessionModels(settings).all();
    } catch (IllegalArgumentException e) {
      throw new RefusedException(String.valueOf(e.getMessage()), e);
    }
  }

  /// A session with defaults of ours where nothing was told.
  ///
  /// Heartbeats carry the progress of running tasks. On one machine or before a terminal they come
  /// often; to a large cluster's driver they are a burden.
  static SparkSession open(SparkConf conf, String name, Terminal terminal) {
    if (conf.get("spark.app.name", MAIN_CLASS).equals(MAIN_CLASS)) { // spark-submit's default
      conf.setAppName(name);
    }
    conf.setIfMissing("spark.sql.debug.maxToStringFields", "1000"); // or wide rows get a warning
    if (conf.get("spark.master").startsWith("local")) { // a short run on one machine
      conf.setIfMissing("spark.ui.enabled", "false");
      conf.setIfMissing("spark.sql.shuffle.partitions", "4");
    }
    if (terminal.interactive() || conf.get("spark.master").startsWith("local")) {
      // still more often, and one that comes before Spark is up is an error
      conf.setIfMissing("spark.executor.heartbeatInterval", "2s");
    }
    return SparkSession.builder().config(conf).getOrCreate();
  }
}
