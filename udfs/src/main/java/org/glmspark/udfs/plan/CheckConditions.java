package org.glmspark.udfs.plan;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.catalyst.analysis.UnresolvedFunction;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.SubqueryExpression;
import org.apache.spark.sql.catalyst.plans.logical.DeleteFromTable;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.MergeAction;
import org.apache.spark.sql.catalyst.plans.logical.MergeIntoTable;
import org.apache.spark.sql.catalyst.plans.logical.UpdateTable;
import org.apache.spark.sql.catalyst.rules.Rule;
import org.glmspark.udfs.function.AiCondition;
import org.glmspark.udfs.function.Scala;
import scala.collection.immutable.Seq;
import scala.runtime.BoxedUnit;

/// Before the analyzer: refuses calls in the conditions of `MERGE`, `UPDATE` and `DELETE`, which
/// Spark evaluates twice, once to find the files and once to change their rows. Spark would refuse
/// them too, while it resolves names, and speak of expressions that are not deterministic.
public final class CheckConditions extends Rule<LogicalPlan> {
  @Override
  public LogicalPlan apply(LogicalPlan plan) {
    plan.foreach(node -> {
      switch (node) {
        case MergeIntoTable merge -> conditions(merge).forEach(c -> check("MERGE", c));
        case UpdateTable update when update.condition().isDefined() ->
            check("UPDATE", update.condition().get());
        case DeleteFromTable delete -> check("DELETE", delete.condition());
        default -> {}
      }
      return BoxedUnit.UNIT;
    });
    return plan;
  }

  private static List<Expression> conditions(MergeIntoTable merge) {
    List<Expression> conditions = new ArrayList<>(List.of(merge.mergeCondition()));
    for (Seq<MergeAction> actions :
        List.of(
            merge.matchedActions(), merge.notMatchedActions(), merge.notMatchedBySourceActions())) {
      for (MergeAction action : Scala.<MergeAction>list(actions)) {
        if (action.condition().isDefined()) {
          conditions.add(action.condition().get());
        }
      }
    }
    return conditions;
  }

  private static void check(String statement, Expression condition) {
    condition.foreach(part -> {
      if (part instanceof UnresolvedFunction function && CallSites.isCall(function)) {
        throw refusal(statement, function);
      }
      if (part instanceof SubqueryExpression query) {
        query
            .plan()
            .foreach(node -> {
              CallSites.expressions(node).forEach(expression -> check(statement, expression));
              return BoxedUnit.UNIT;
            });
      }
      return BoxedUnit.UNIT;
    });
  }

  private static RuntimeException refusal(String statement, UnresolvedFunction function) {
    return AiCondition.UNSUPPORTED_PLACE.refusalAt(
        function.origin(),
        ("%s stands in a condition of %s, which Spark evaluates more than once for a row; call it "
                + "in the source of a MERGE and use its result: MERGE INTO ... USING (SELECT ..., "
                + "%s(...) AS answer FROM ...) ON ... WHEN MATCHED AND answer = ... THEN ....")
            .formatted(CallSites.name(function), statement, CallSites.name(function)));
  }
}
