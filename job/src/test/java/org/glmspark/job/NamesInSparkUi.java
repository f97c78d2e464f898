package org.glmspark.job;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerApplicationStart;
import org.apache.spark.scheduler.SparkListenerJobStart;

/// Notes what Spark's UI calls programs and their jobs.
public final class NamesInSparkUi extends SparkListener {
  /// Those that have been since it was cleared; of all sessions, as Spark makes listeners itself.
  static final Set<String> NAMES = ConcurrentHashMap.newKeySet();

  @Override
  public void onApplicationStart(SparkListenerApplicationStart started) {
    NAMES.add(started.appName());
  }

  @Override
  public void onJobStart(SparkListenerJobStart started) {
    NAMES.add(started.properties().getProperty("spark.job.description", "without a name"));
  }
}
