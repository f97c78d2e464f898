package org.glmspark.udfs.plan;

import org.apache.spark.sql.catalyst.analysis.UnresolvedFunction;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.rules.Rule;
import org.glmspark.udfs.function.Scala;
import org.jspecify.annotations.Nullable;

/// Before the analyzer: wraps the `FILTER` of an aggregate function, where it has calls, in a
/// [FilterWithCalls]. Spark looks at such a filter while it resolves names, before [HoistCalls] can
/// take the calls out, and would refuse it as not deterministic.
public final class AdmitFilters extends Rule<LogicalPlan> {
  @Override
  public LogicalPlan apply(LogicalPlan plan) {
    return plan.resolveExpressions(
        Scala.<Expression>where(
            part -> part instanceof UnresolvedFunction function ? wrapped(function) : null));
  }

  private static @Nullable Expression wrapped(UnresolvedFunction function) {
    @Nullable Expression filter = wrappable(function);
    return filter == null
        ? null
        : function.mapChildren(child -> child.equals(filter) ? new FilterWithCalls(filter) : child);
  }

  /// The function's filter, if it has calls and is not wrapped yet.
  private static @Nullable Expression wrappable(UnresolvedFunction function) {
    if (function.filter().isEmpty() || function.filter().get() instanceof FilterWithCalls) {
      return null;
    }
    Expression filter = function.filter().get();
    boolean calls =
        filter.exists(part -> part instanceof UnresolvedFunction inner && CallSites.isCall(inner));
    return calls ? filter : null;
  }
}
