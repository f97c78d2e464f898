package org.glmspark.udfs;

import java.util.Map;
import org.apache.spark.sql.SparkSession;

/// The engines of this JVM: one for each model and options, opened by whoever needs it first.
public final class ExecutorEngines {
  private ExecutorEngines() {}

  /// Engines opened in this JVM since it started.
  public static int opened() {
    return 0;
  }

  /// What [#opened] says on each executor that is alive, by executor id.
  public static Map<String, Integer> openedByExecutor(SparkSession spark) {
    throw new UnsupportedOperationException(spark.toString());
  }
}
