package org.glmspark.udfs.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.catalyst.expressions.Alias;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.GlobalLimit;
import org.apache.spark.sql.catalyst.plans.logical.LocalLimit;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Offset;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.plans.logical.Sort;
import org.apache.spark.sql.catalyst.rules.Rule;
import org.glmspark.udfs.function.Scala;
import org.jspecify.annotations.Nullable;

/// In the optimizer: whatever leaves rows out goes below the operators that make calls, and calls
/// whose results nobody reads go away.
public final class PlaceCalls extends Rule<LogicalPlan> {
  @Override
  public LogicalPlan apply(LogicalPlan plan) {
    return plan.transformDown(Scala.<LogicalPlan>where(PlaceCalls::placed));
  }

  private static @Nullable LogicalPlan placed(LogicalPlan plan) {
    return switch (plan) {
      case Filter filter when filter.child() instanceof CallModel calls ->
          filterFirst(filter, calls);
      case Project project when project.child() instanceof CallModel calls ->
          onlyRead(project, calls);
      case LocalLimit limit -> limitFirst(limit, limit.child());
      case GlobalLimit limit -> limitFirst(limit, limit.child());
      case Offset offset -> limitFirst(offset, offset.child());
      default -> null;
    };
  }

  private static @Nullable LogicalPlan filterFirst(Filter filter, CallModel calls) {
    List<Expression> before = new ArrayList<>();
    List<Expression> after = new ArrayList<>();
    for (Expression condition : CallSites.conjuncts(filter.condition())) {
      boolean plain =
          condition.deterministic() && condition.references().subsetOf(calls.child().outputSet());
      (plain ? before : after).add(condition);
    }
    if (before.isEmpty()) {
      return null;
    }
    CallModel filtered = calls.over(new Filter(CallSites.and(before), calls.child()));
    return after.isEmpty() ? filtered : new Filter(CallSites.and(after), filtered);
  }

  private static @Nullable LogicalPlan onlyRead(Project project, CallModel calls) {
    LogicalPlan read = calls.reading(project.references());
    boolean all = read instanceof CallModel left && left.results().equals(calls.results());
    return all ? null : new Project(project.projectList(), read);
  }

  /// A limit, or an offset, below the calls that its child makes; null if there are none, or the
  /// rows it leaves depend on them.
  private static @Nullable LogicalPlan limitFirst(LogicalPlan limit, LogicalPlan child) {
    return switch (child) {
      case CallModel calls -> calls.over(limit.withNewChildren(Scala.seq(calls.child())));
      case Project project when isPlain(project) -> {
        @Nullable LogicalPlan limited = limitFirst(limit, project.child());
        yield limited == null ? null : new Project(project.projectList(), limited);
      }
      case Sort sort when sort.global() -> {
        @Nullable LogicalPlan sorted = sortFirst(sort);
        yield sorted == null ? null : limitFirst(limit, sorted);
      }
      default -> null;
    };
  }

  private static boolean isPlain(Project project) {
    return CallSites.expressions(project).stream().allMatch(Expression::deterministic);
  }

  /// A sort by plain keys below the calls that its child makes; null if there are none, or a key
  /// depends on them.
  private static @Nullable LogicalPlan sortFirst(Sort sort) {
    return switch (sort.child()) {
      case CallModel calls ->
          sort.references().subsetOf(calls.child().outputSet())
              ? calls.over(sort.withNewChildren(Scala.seq(calls.child())))
              : null;
      case Project project when isPlain(project) && project.child() instanceof CallModel calls -> {
        LogicalPlan below = inTermsOf(project, sort, calls.child());
        yield below.references().subsetOf(calls.child().outputSet())
            ? new Project(project.projectList(), calls.over(below))
            : null;
      }
      default -> null;
    };
  }

  /// The sort with keys that read what is below a projection.
  private static LogicalPlan inTermsOf(Project project, Sort sort, LogicalPlan rows) {
    Map<Expression, Expression> sources = new HashMap<>();
    for (NamedExpression column : Scala.<NamedExpression>list(project.projectList())) {
      sources.put(
          column.toAttribute().canonicalized(),
          column instanceof Alias alias ? alias.child() : (Expression) column);
    }
    LogicalPlan below = new Sort(sort.order(), sort.global(), rows, sort.hint());
    return below.transformExpressionsDown(
        Scala.<Expression>where(
            part -> part instanceof Attribute ? sources.get(part.canonicalized()) : null));
  }
}
