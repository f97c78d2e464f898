package org.glmspark.udfs;

import java.io.Serializable;
import org.apache.spark.SparkContext;
import org.apache.spark.util.LongAccumulator;

/// What running tasks have finished so far, for a progress line: Spark's heartbeats carry the
/// values of running tasks to the driver (`SparkListener.onExecutorMetricsUpdate`).
///
/// Not for reports: Spark counts work again that it does again. Count the output instead.
///
/// @param rows rows written out, failed ones among them
/// @param completionTokens tokens generated for these rows
public record RowProgress(LongAccumulator rows, LongAccumulator completionTokens)
    implements Serializable {

  /// Makes both counters known to Spark, under names that its UI shows.
  public static RowProgress register(SparkContext spark) {
    return new RowProgress(
        spark.longAccumulator("rows"), spark.longAccumulator("completion tokens"));
  }
}
