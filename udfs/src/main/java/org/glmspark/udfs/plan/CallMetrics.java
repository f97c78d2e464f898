package org.glmspark.udfs.plan;

import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.execution.metric.SQLMetric;
import org.apache.spark.sql.execution.metric.SQLMetrics;
import org.glmspark.udfs.RowRequests;
import scala.collection.immutable.Map$;
import scala.jdk.javaapi.CollectionConverters;

/// What an operator shows in Spark's SQL tab.
///
/// @param rows that came out
/// @param failedRows rows of calls that have no value because of an error
/// @param calls requests to a model
/// @param repeatedCalls those that the executor had the answer of, or that were under way
/// @param promptTokens of the requests that were computed
/// @param cachedTokens those of them that the prefix cache held
/// @param completionTokens generated
/// @param prefillTime of all requests, from their first step to their first token; requests that
///   share a batch count the same time
/// @param decodeTime the same, from there to their end
/// @param waitTime that tasks waited for answers
record CallMetrics(
    SQLMetric rows,
    SQLMetric failedRows,
    SQLMetric calls,
    SQLMetric repeatedCalls,
    SQLMetric promptTokens,
    SQLMetric cachedTokens,
    SQLMetric completionTokens,
    SQLMetric prefillTime,
    SQLMetric decodeTime,
    SQLMetric waitTime)
    implements Serializable {

  static CallMetrics register(SparkContext spark) {
    return new CallMetrics(
        SQLMetrics.createMetric(spark, "number of output rows"),
        SQLMetrics.createMetric(spark, "failed rows"),
        SQLMetrics.createMetric(spark, "model calls"),
        SQLMetrics.createMetric(spark, "model calls answered before"),
        SQLMetrics.createMetric(spark, "prompt tokens"),
        SQLMetrics.createMetric(spark, "prompt tokens from cache"),
        SQLMetrics.createMetric(spark, "completion tokens"),
        SQLMetrics.createTimingMetric(spark, "prefill time", -1),
        SQLMetrics.createTimingMetric(spark, "decode time", -1),
        SQLMetrics.createNanoTimingMetric(spark, "time waiting for answers", -1));
  }

  scala.collection.immutable.Map<String, SQLMetric> byName() {
    Map<String, SQLMetric> names = new LinkedHashMap<>();
    names.put("numOutputRows", rows);
    names.put("failedRows", failedRows);
    names.put("calls", calls);
    names.put("repeatedCalls", repeatedCalls);
    names.put("promptTokens", promptTokens);
    names.put("cachedTokens", cachedTokens);
    names.put("completionTokens", completionTokens);
    names.put("prefillTime", prefillTime);
    names.put("decodeTime", decodeTime);
    names.put("waitTime", waitTime);
    return Map$.MODULE$.from(CollectionConverters.asScala(names));
  }

  void add(RowRequests.Cost cost) {
    calls.add(cost.calls());
    repeatedCalls.add(cost.repeatedCalls());
    promptTokens.add(cost.promptTokens());
    cachedTokens.add(cost.cachedTokens());
    completionTokens.add(cost.completionTokens());
    prefillTime.add(Math.round(cost.prefillMillis()));
    decodeTime.add(Math.round(cost.decodeMillis()));
  }
}
