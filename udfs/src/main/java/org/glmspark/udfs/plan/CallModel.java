package org.glmspark.udfs.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeSet;
import org.apache.spark.sql.catalyst.expressions.AttributeSet$;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ExpressionSet;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.UnaryNode;
import org.glmspark.udfs.function.Scala;
import org.jspecify.annotations.Nullable;
import scala.Function1;
import scala.Option;
import scala.collection.immutable.IndexedSeq;
import scala.collection.immutable.Seq;

/// Makes calls for the rows of a plan: a row goes out for each that comes in, in the same order,
/// with one more column for each call.
public final class CallModel extends LogicalPlan implements UnaryNode {
  private static final long serialVersionUID = 1;

  @SuppressWarnings("serial") // Spark's own plans keep their parts like this
  private final Seq<ModelCall> calls;

  @SuppressWarnings("serial")
  private final Seq<Attribute> results;

  private final LogicalPlan child;

  /// @param calls none that has a call among its inputs, no two equal
  /// @param results the column of each call
  public CallModel(Seq<ModelCall> calls, Seq<Attribute> results, LogicalPlan child) {
    this.calls = calls;
    this.results = results;
    this.child = child;
  }

  public Seq<ModelCall> calls() {
    return calls;
  }

  public Seq<Attribute> results() {
    return results;
  }

  /// The same calls for other rows.
  CallModel over(LogicalPlan rows) {
    return new CallModel(calls, results, rows);
  }

  /// The calls whose results somebody reads, or the plain child if that is none.
  LogicalPlan reading(AttributeSet read) {
    List<ModelCall> keptCalls = new ArrayList<>();
    List<Attribute> keptResults = new ArrayList<>();
    for (int i = 0; i < results.length(); i++) {
      if (read.contains(results.apply(i))) {
        keptCalls.add(calls.apply(i));
        keptResults.add(results.apply(i));
      }
    }
    return keptCalls.isEmpty()
        ? child
        : new CallModel(Scala.seq(keptCalls), Scala.seq(keptResults), child);
  }

  static AttributeSet set(Seq<Attribute> attributes) {
    return AttributeSet$.MODULE$.apply(Scala.<Expression>seq(Scala.<Expression>list(attributes)));
  }

  @Override
  public LogicalPlan child() {
    return child;
  }

  @Override
  public Seq<Attribute> output() {
    return Scala.concat(child.output(), results);
  }

  @Override
  public AttributeSet producedAttributes() {
    return set(results);
  }

  @Override
  public Option<Object> maxRows() {
    return child.maxRows();
  }

  @Override
  public Option<Object> maxRowsPerPartition() {
    return child.maxRowsPerPartition();
  }

  @Override
  public ExpressionSet validConstraints() {
    return child.constraints();
  }

  @Override
  public LogicalPlan withNewChildInternal(LogicalPlan changed) {
    return over(changed);
  }

  // What a class inherits hides a trait's method in Java: these are the trait's.

  @Override
  public Seq<LogicalPlan> children() {
    return UnaryNode.super.children();
  }

  @Override
  public LogicalPlan mapChildren(Function1<LogicalPlan, LogicalPlan> change) {
    return UnaryNode.super.mapChildren(change);
  }

  @Override
  public LogicalPlan withNewChildrenInternal(IndexedSeq<LogicalPlan> changed) {
    return UnaryNode.super.withNewChildrenInternal(changed);
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
    return "CallModel";
  }

  @Override
  public boolean canEqual(Object other) {
    return other instanceof CallModel;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof CallModel plan
        && calls.equals(plan.calls)
        && results.equals(plan.results)
        && child.equals(plan.child);
  }

  @Override
  public int hashCode() {
    return Objects.hash(calls, results, child);
  }
}
