package org.glmspark.udfs.plan;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.catalyst.expressions.Alias;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.OuterReference;
import org.apache.spark.sql.catalyst.expressions.SubqueryExpression;
import org.apache.spark.sql.catalyst.expressions.aggregate.AggregateExpression;
import org.apache.spark.sql.catalyst.plans.logical.Aggregate;
import org.apache.spark.sql.catalyst.plans.logical.Command;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.MergeIntoTable;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.plans.logical.ReplaceData;
import org.apache.spark.sql.catalyst.plans.logical.WriteDelta;
import org.apache.spark.sql.catalyst.rules.Rule;
import org.glmspark.udfs.function.Scala;
import org.jspecify.annotations.Nullable;
import scala.Option;

/// In the analyzer, once all is resolved: a call that stands where Spark takes no expression that
/// is not deterministic (in an aggregate function, a sort key, a join condition, a window, ...)
/// moves into a projection below that operator.
public final class HoistCalls extends Rule<LogicalPlan> {
  @Override
  public LogicalPlan apply(LogicalPlan plan) {
    return plan.resolveOperatorsUp(Scala.<LogicalPlan>where(HoistCalls::changed));
  }

  private static @Nullable LogicalPlan changed(LogicalPlan plan) {
    return switch (plan) {
      case ReplaceData write ->
          asks(write.groupFilterCondition())
              ? write.copy(
                  write.table(),
                  write.condition(),
                  write.query(),
                  write.originalTable(),
                  write.projections(),
                  Option.empty(),
                  write.write())
              : null;
      case WriteDelta write ->
          asks(write.groupFilterCondition())
              ? write.copy(
                  write.table(),
                  write.condition(),
                  write.query(),
                  write.originalTable(),
                  write.projections(),
                  Option.empty(),
                  write.write())
              : null;
      default -> {
        @Nullable LogicalPlan hoisted = hoisted(plan);
        LogicalPlan now = FilterWithCalls.unwrapped(hoisted == null ? plan : hoisted);
        yield now.fastEquals(plan) ? null : now;
      }
    };
  }

  /// Whether the source of a merge makes calls. Spark can run it a second time, to read less of the
  /// table; such a source runs once, and the table is read in full.
  private static boolean asks(Option<Expression> groupFilter) {
    return groupFilter.exists(condition ->
        condition.exists(part ->
            part instanceof SubqueryExpression query && query.plan().exists(CallSites::in)));
  }

  private static @Nullable LogicalPlan hoisted(LogicalPlan written) {
    if (!written.resolved() || written.children().isEmpty() || !CallSites.in(written)) {
      return null;
    }
    // in the optimizer, the calls would be those of a projection, without their conditions
    LogicalPlan plan = Branches.guardBelow(FilterWithCalls.plainFirst(written));
    Map<Expression, ModelCall> calls = CallSites.ready(places(plan));
    List<LogicalPlan> children = CallSites.children(plan);
    List<List<Alias>> added = new ArrayList<>();
    children.forEach(_ -> added.add(new ArrayList<>()));
    Map<Expression, Attribute> results = new LinkedHashMap<>();
    calls.forEach((canonical, call) -> {
      int home = CallSites.home(call, children);
      if (home >= 0 && mayGrow(plan, home) && !isOuter(call)) {
        Alias alias = CallSites.alias(call, call.name());
        added.get(home).add(alias);
        results.put(canonical, alias.toAttribute());
      }
    });
    if (results.isEmpty()) {
      return null;
    }
    List<LogicalPlan> grown = new ArrayList<>();
    for (int i = 0; i < children.size(); i++) {
      grown.add(CallSites.with(added.get(i), children.get(i)));
    }
    LogicalPlan now = CallSites.replace(plan.withNewChildren(Scala.seq(grown)), results);
    @Nullable LogicalPlan again = hoisted(now); // a call whose input was a call
    return CallSites.withOutputOf(plan, again == null ? now : again);
  }

  /// The expressions of a plan that no call may stand in.
  private static List<Expression> places(LogicalPlan plan) {
    return switch (plan) {
      case Project _ -> List.of();
      case Filter filter ->
          CallSites.conjuncts(filter.condition()).stream().filter(HoistCalls::isOuter).toList();
      case Aggregate aggregate -> {
        List<Expression> places = Scala.list(aggregate.groupingExpressions());
        for (Expression expression : CallSites.expressions(aggregate)) {
          expression.foreach(part -> {
            if (part instanceof AggregateExpression function) {
              places.add(function);
            }
            return scala.runtime.BoxedUnit.UNIT;
          });
        }
        yield places;
      }
      default -> CallSites.expressions(plan);
    };
  }

  /// Whether an expression reads columns of the query around its own; Spark makes a join condition
  /// of it.
  static boolean isOuter(Expression expression) {
    return expression.exists(part -> part instanceof OuterReference);
  }

  /// Commands work on tables as they are; only the source of a merge is a query.
  private static boolean mayGrow(LogicalPlan plan, int child) {
    return switch (plan) {
      case MergeIntoTable _ -> child == 1;
      case Command _ -> false;
      default -> true;
    };
  }
}
