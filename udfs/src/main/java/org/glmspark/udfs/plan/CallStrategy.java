package org.glmspark.udfs.plan;

import java.util.List;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.SparkStrategy;
import org.glmspark.udfs.function.Scala;
import scala.collection.immutable.Seq;

/// Plans [CallModel] as [CallModelExec].
public final class CallStrategy extends SparkStrategy {
  @Override
  public Seq<SparkPlan> apply(LogicalPlan plan) {
    return plan instanceof CallModel operator
        ? Scala.<SparkPlan>seq(
            new CallModelExec(operator.calls(), operator.results(), planLater(operator.child())))
        : Scala.seq(List.of());
  }
}
