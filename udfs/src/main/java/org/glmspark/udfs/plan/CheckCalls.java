package org.glmspark.udfs.plan;

import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedLambdaVariable;
import org.apache.spark.sql.catalyst.plans.logical.CreateVariable;
import org.apache.spark.sql.catalyst.plans.logical.Join;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.rules.Rule;
import org.glmspark.udfs.function.AiCondition;
import scala.runtime.BoxedUnit;

/// In the analyzer, after [HoistCalls]: refuses calls that stand where they cannot be made once per
/// row. Spark's own check would come later and speak of expressions that are not deterministic.
public final class CheckCalls extends Rule<LogicalPlan> {
  @Override
  public LogicalPlan apply(LogicalPlan plan) {
    if (plan.resolved()) {
      plan.foreach(node -> {
        CallSites.expressions(node).forEach(expression -> check(node, expression));
        return BoxedUnit.UNIT;
      });
    }
    return plan;
  }

  private static void check(LogicalPlan node, Expression expression) {
    expression.foreach(part -> {
      if (part instanceof ModelCall call) {
        check(node, call);
      }
      if (part instanceof FilterWithCalls filter && !CallSites.in(filter)) {
        throw AiCondition.UNSUPPORTED_PLACE.refusalAt(
            filter.origin(),
            ("%s, the FILTER of an aggregate function, has a call and what is not deterministic; "
                    + "compute that in a query below and filter by its column.")
                .formatted(filter.sql()));
      }
      return BoxedUnit.UNIT;
    });
  }

  private static void check(LogicalPlan node, ModelCall call) {
    if (call.exists(part -> part instanceof NamedLambdaVariable)) {
      throw AiCondition.UNSUPPORTED_PLACE.refusalAt(
          call.origin(),
          ("%s stands in a lambda function, where it would run once per element; explode the array "
                  + "first and call it in the query over the elements.")
              .formatted(call.sql()));
    }
    if (HoistCalls.isOuter(call)) {
      throw AiCondition.UNSUPPORTED_PLACE.refusalAt(
          call.origin(),
          ("%s reads a column of the query around its subquery; call it in that query, or join the "
                  + "two and call it in a query over the join.")
              .formatted(call.sql()));
    }
    if (node instanceof CreateVariable) {
      throw AiCondition.UNSUPPORTED_PLACE.refusalAt(
          call.origin(),
          ("%s stands in the default of a variable; declare the variable without it, and then: "
                  + "SET VAR ... = %s(...).")
              .formatted(call.sql(), call.name()));
    }
    if (node instanceof Join) {
      throw AiCondition.UNSUPPORTED_PLACE.refusalAt(
          call.origin(),
          ("%s needs columns of both sides of a join to decide which rows join; join without it and "
                  + "filter by it in a query over the join: SELECT ... FROM (a JOIN b ON ...) WHERE ....")
              .formatted(call.sql()));
    }
  }
}
