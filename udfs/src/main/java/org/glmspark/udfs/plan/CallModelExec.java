package org.glmspark.udfs.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeSet;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.SortOrder;
import org.apache.spark.sql.catalyst.plans.physical.Partitioning;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.UnaryExecNode;
import org.apache.spark.sql.execution.metric.SQLMetric;
import org.glmspark.udfs.ModelHandle;
import org.glmspark.udfs.ModelSettings;
import org.glmspark.udfs.function.Scala;
import org.jspecify.annotations.Nullable;
import scala.Function1;
import scala.collection.immutable.IndexedSeq;
import scala.collection.immutable.Seq;

/// Runs [CallModel]: each task sends its rows through the engines of its executor.
public final class CallModelExec extends SparkPlan implements UnaryExecNode {
  private static final long serialVersionUID = 1;

  @SuppressWarnings("serial") // Spark's own plans keep their parts like this
  private final Seq<ModelCall> calls;

  @SuppressWarnings("serial")
  private final Seq<Attribute> results;

  private final SparkPlan child;
  private transient @Nullable CallMetrics callMetrics;

  /// As [CallModel].
  public CallModelExec(Seq<ModelCall> calls, Seq<Attribute> results, SparkPlan child) {
    this.calls = calls;
    this.results = results;
    this.child = child;
  }

  private synchronized CallMetrics callMetrics() {
    if (callMetrics == null) {
      callMetrics = CallMetrics.register(sparkContext());
    }
    return callMetrics;
  }

  @Override
  public scala.collection.immutable.Map<String, SQLMetric> metrics() {
    return callMetrics().byName();
  }

  /// @throws IllegalArgumentException if the executors' memory does not hold the model
  private ModelHandle handle(ModelSettings model) {
    ModelHandle handle = model.handle();
    handle.requireMemory(sparkContext().conf());
    return handle;
  }

  @Override
  public RDD<InternalRow> doExecute() {
    Map<ModelSettings, ModelHandle> handles = new HashMap<>();
    List<CallRows.Call> made = new ArrayList<>();
    for (ModelCall call : Scala.<ModelCall>list(calls)) {
      ModelHandle handle = handles.computeIfAbsent(call.task().model(), this::handle);
      made.add(
          new CallRows.Call(
              call.task(), handle, call.toString(), Scala.<Expression>list(call.inputs())));
    }
    var rows = new CallRows(made, Scala.list(child.output()), Scala.list(output()), callMetrics());
    return child.execute().toJavaRDD().mapPartitions(rows, true).rdd();
  }

  @Override
  public SparkPlan child() {
    return child;
  }

  @Override
  public Seq<Attribute> output() {
    return Scala.concat(child.output(), results);
  }

  @Override
  public AttributeSet producedAttributes() {
    return CallModel.set(results);
  }

  @Override
  public Partitioning outputPartitioning() {
    return child.outputPartitioning();
  }

  @Override
  public Seq<SortOrder> outputOrdering() {
    return child.outputOrdering();
  }

  @Override
  public SparkPlan withNewChildInternal(SparkPlan changed) {
    return new CallModelExec(calls, results, changed);
  }

  // What a class inherits hides a trait's method in Java: these are the trait's.

  @Override
  public Seq<SparkPlan> children() {
    return UnaryExecNode.super.children();
  }

  @Override
  public SparkPlan mapChildren(Function1<SparkPlan, SparkPlan> change) {
    return UnaryExecNode.super.mapChildren(change);
  }

  @Override
  public SparkPlan withNewChildrenInternal(IndexedSeq<SparkPlan> changed) {
    return UnaryExecNode.super.withNewChildrenInternal(changed);
  }

  @Override
  public String verboseStringWithOperatorId() {
    return UnaryExecNode.super.verboseStringWithOperatorId();
  }

  @Override
  public int productArity() {
    return 3;
  }

  @Override
  public Object productElement(int i) {
    return switch (i) {
      case 0 -> calls;
      case 1 -> results;
      case 2 -> child;
      default -> throw new IndexOutOfBoundsException(i);
    };
  }

  @Override
  public String productPrefix() {
    return "CallModelExec";
  }

  @Override
  public boolean canEqual(Object other) {
    return other instanceof CallModelExec;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof CallModelExec plan
        && calls.equals(plan.calls)
        && results.equals(plan.results)
        && child.equals(plan.child);
  }

  @Override
  public int hashCode() {
    return Objects.hash(calls, results, child);
  }
}
