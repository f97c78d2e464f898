package org.glmspark.udfs.plan;

import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.If;
import org.apache.spark.sql.catalyst.expressions.Literal;
import org.apache.spark.sql.catalyst.expressions.Unevaluable;
import org.apache.spark.sql.catalyst.expressions.codegen.CodegenContext;
import org.apache.spark.sql.catalyst.expressions.codegen.ExprCode;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.types.DataType;
import org.glmspark.udfs.function.Scala;
import org.jspecify.annotations.Nullable;
import scala.collection.immutable.IndexedSeq;
import scala.collection.immutable.Seq;

/// The `FILTER` of an aggregate function while calls stand in it: its condition, said to be
/// deterministic, which it is. [HoistCalls] puts the condition back in its place when the calls
/// have left it.
final class FilterWithCalls extends Expression implements Unevaluable {
  private static final long serialVersionUID = 1;

  private final Expression condition;

  FilterWithCalls(Expression condition) {
    this.condition = condition;
  }

  /// The plan with such conditions split in two: what is not decided by its parts without calls is
  /// left to the others, which [Branches] then sees.
  ///
  /// @return the same plan if there is none
  static LogicalPlan plainFirst(LogicalPlan plan) {
    return rewritten(plan, FilterWithCalls::plainFirst);
  }

  private static @Nullable FilterWithCalls plainFirst(FilterWithCalls filter) {
    List<Expression> parts = CallSites.conjuncts(filter.condition);
    List<Expression> plain = parts.stream().filter(Expression::deterministic).toList();
    List<Expression> costly = parts.stream().filter(part -> !part.deterministic()).toList();
    return plain.isEmpty() || costly.isEmpty()
        ? null
        : new FilterWithCalls(
            new If(CallSites.and(plain), CallSites.and(costly), Literal.FalseLiteral()));
  }

  /// The plan with the conditions that have no call any more in their places. One that is not
  /// deterministic without its calls either stays wrapped, for [CheckCalls] to refuse.
  ///
  /// @return the same plan if there is none
  static LogicalPlan unwrapped(LogicalPlan plan) {
    return rewritten(plan, filter -> filter.condition.deterministic() ? filter.condition : null);
  }

  private static LogicalPlan rewritten(
      LogicalPlan plan, Function<FilterWithCalls, @Nullable Expression> rewrite) {
    return plan.mapExpressions(expression ->
        expression.transformUp(
            Scala.<Expression>where(
                part -> part instanceof FilterWithCalls filter ? rewrite.apply(filter) : null)));
  }

  @Override
  public Seq<Expression> children() {
    return Scala.seq(List.of(condition));
  }

  @Override
  public boolean nullable() {
    return condition.nullable();
  }

  @Override
  public boolean deterministic() {
    return true;
  }

  @Override
  public DataType dataType() {
    return condition.dataType();
  }

  @Override
  public Object eval(InternalRow input) {
    throw new IllegalStateException("calls are still in " + this);
  }

  @Override
  public ExprCode doGenCode(CodegenContext context, ExprCode code) {
    throw new IllegalStateException("calls are still in " + this);
  }

  @Override
  public Expression withNewChildrenInternal(IndexedSeq<Expression> children) {
    return new FilterWithCalls(children.head());
  }

  @Override
  public int productArity() {
    return 1;
  }

  @Override
  public Object productElement(int i) {
    Objects.checkIndex(i, 1);
    return condition;
  }

  @Override
  public boolean canEqual(Object other) {
    return other instanceof FilterWithCalls;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof FilterWithCalls filter && condition.equals(filter.condition);
  }

  @Override
  public int hashCode() {
    return condition.hashCode();
  }

  @Override
  public String sql() {
    return condition.sql();
  }

  @Override
  public String toString() {
    return condition.toString();
  }
}
