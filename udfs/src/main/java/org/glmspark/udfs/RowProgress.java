package org.glmspark.udfs;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.SparkContext;
import org.apache.spark.util.CollectionAccumulator;
import org.apache.spark.util.LongAccumulator;

/// What running tasks have finished so far, for a progress line: Spark's heartbeats carry the
/// values of running tasks to the driver (`SparkListener.onExecutorMetricsUpdate`).
///
/// Not for reports: Spark counts work again that it does again. Count the output instead.
///
/// @param rows rows written out, failed ones among them
/// @param completionTokens tokens generated for these rows
/// @param kernels what computes, [org.glmspark.generation.GenerationEngine#kernels]: once from each
///   task
public record RowProgress(
    LongAccumulator rows, LongAccumulator completionTokens, CollectionAccumulator<String> kernels)
    implements Serializable {

  /// Makes the counters known to Spark, under names that its UI shows.
  public static RowProgress register(SparkContext spark) {
    return new RowProgress(
        spark.longAccumulator("rows"),
        spark.longAccumulator("completion tokens"),
        spark.collectionAccumulator("kernels"));
  }

  /// The kernels of all tasks so far, each once. Machines of a cluster may have different ones.
  public List<String> distinctKernels() {
    return kernels.value().stream().distinct().sorted().toList();
  }
}
