package org.glmspark.udfs;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.SparkContext;
import org.apache.spark.util.CollectionAccumulator;
import org.apache.spark.util.LongAccumulator;
import org.glmspark.generation.TokenListener;

/// What running tasks have done so far: Spark's heartbeats carry the values of running tasks to the
/// driver (`SparkListener.onExecutorMetricsUpdate`). Tokens are counted as the engines do them, so
/// that something moves within a long row.
///
/// Not for totals: Spark counts work again that it does again. Count the output instead.
///
/// @param rows rows written out, failed ones among them
/// @param promptTokens tokens of prompts, computed or found in the prefix cache
/// @param completionTokens tokens drawn
/// @param kernels what computes, [org.glmspark.generation.GenerationEngine#kernels]: once from each
///   task
public record RowProgress(
    LongAccumulator rows,
    TokenCounter promptTokens,
    TokenCounter completionTokens,
    CollectionAccumulator<String> kernels)
    implements TokenListener, Serializable {

  /// Makes the counters known to Spark, under names that its UI shows.
  public static RowProgress register(SparkContext spark) {
    var promptTokens = new TokenCounter();
    var completionTokens = new TokenCounter();
    spark.register(promptTokens, "prompt tokens");
    spark.register(completionTokens, "completion tokens");
    return new RowProgress(
        spark.longAccumulator("rows"),
        promptTokens,
        completionTokens,
        spark.collectionAccumulator("kernels"));
  }

  @Override
  public void advanced(int prompt, int completion) {
    promptTokens.add((long) prompt);
    completionTokens.add((long) completion);
  }

  /// The kernels of all tasks so far, each once. Machines of a cluster may have different ones.
  public List<String> distinctKernels() {
    return kernels.value().stream().distinct().sorted().toList();
  }
}
