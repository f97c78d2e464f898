package org.glmspark.udfs.plan;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.catalyst.expressions.Alias;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeReference;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.expressions.SubqueryExpression;
import org.apache.spark.sql.catalyst.expressions.aggregate.AggregateExpression;
import org.apache.spark.sql.catalyst.plans.logical.Aggregate;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.rules.Rule;
import org.apache.spark.sql.types.Metadata;
import org.glmspark.udfs.function.Scala;
import org.jspecify.annotations.Nullable;

/// In the optimizer: calls leave the expressions they stand in and become [CallModel] operators
/// below, so that Spark's own rules see plain columns.
public final class ExtractCalls extends Rule<LogicalPlan> {
  @Override
  public LogicalPlan apply(LogicalPlan plan) {
    return plan.transformUp(Scala.<LogicalPlan>where(ExtractCalls::extracted));
  }

  private static @Nullable LogicalPlan extracted(LogicalPlan plan) {
    if (!CallSites.in(plan) || plan.children().isEmpty()) {
      return null;
    }
    @Nullable LogicalPlan made =
        switch (plan) {
          // At once, because Spark would merge projection and aggregate again.
          case Aggregate aggregate -> extracted(aboveAggregate(aggregate));
          case Filter filter -> fromFilter(filter);
          default -> fromExpressions(plan);
        };
    if (made == null) {
      return null;
    }
    @Nullable LogicalPlan again = extracted(made); // calls that waited for the value of others
    return CallSites.withOutputOf(plan, again == null ? made : again);
  }

  private static @Nullable LogicalPlan fromExpressions(LogicalPlan plan) {
    LogicalPlan guarded = Branches.guard(plan);
    var below =
        new Below(CallSites.children(plan), CallSites.ready(CallSites.expressions(guarded)));
    if (below.results.isEmpty()) {
      return null;
    }
    return CallSites.replace(guarded.withNewChildren(Scala.seq(below.children)), below.results);
  }

  /// The conditions without calls go first, whatever order they were written in.
  private static @Nullable LogicalPlan fromFilter(Filter filter) {
    List<Expression> conditions = CallSites.conjuncts(filter.condition());
    List<Expression> plain = conditions.stream().filter(Expression::deterministic).toList();
    List<Expression> costly = conditions.stream().filter(c -> !c.deterministic()).toList();
    LogicalPlan child =
        plain.isEmpty() ? filter.child() : new Filter(CallSites.and(plain), filter.child());
    List<Expression> guarded = Branches.guard(costly);
    var below = new Below(List.of(child), CallSites.ready(guarded));
    if (below.results.isEmpty()) {
      return null;
    }
    Expression condition = CallSites.replace(CallSites.and(guarded), below.results);
    return new Filter(condition, below.children.getFirst());
  }

  /// A call over aggregated values: the aggregate first, the call in a projection above it.
  private static LogicalPlan aboveAggregate(Aggregate aggregate) {
    List<Expression> groups = Scala.list(aggregate.groupingExpressions());
    List<NamedExpression> aggregated = new ArrayList<>();
    List<NamedExpression> projected = new ArrayList<>();
    for (NamedExpression named : Scala.<NamedExpression>list(aggregate.aggregateExpressions())) {
      Expression expression = (Expression) named;
      if (CallSites.in(expression)) {
        projected.add(
            (NamedExpression)
                expression.transformDown(
                    Scala.<Expression>where(part -> {
                      if (!(part instanceof AggregateExpression)
                          && groups.stream().noneMatch(group -> group.semanticEquals(part))) {
                        return null;
                      }
                      Alias alias = CallSites.alias(part, "aggregated");
                      aggregated.add(alias);
                      return alias.toAttribute();
                    })));
      } else {
        aggregated.add(named);
        projected.add(named.toAttribute());
      }
    }
    return new Project(
        Scala.seq(projected),
        aggregate.copy(
            aggregate.groupingExpressions(),
            Scala.seq(aggregated),
            aggregate.child(),
            aggregate.hint()));
  }

  /// Children that make calls, and where the results are.
  private static final class Below {
    private final List<LogicalPlan> children;

    /// By the canonical form of the calls.
    private final Map<Expression, Attribute> results = new LinkedHashMap<>();

    Below(List<LogicalPlan> children, Map<Expression, ModelCall> ready) {
      this.children = new ArrayList<>(children);
      for (int i = 0; i < children.size(); i++) {
        List<ModelCall> here = new ArrayList<>();
        for (ModelCall call : ready.values()) {
          if (CallSites.home(call, children) == i) {
            here.add(call);
          }
        }
        makeCalls(i, here);
      }
    }

    private void makeCalls(int child, List<ModelCall> here) {
      List<ModelCall> calls = new ArrayList<>();
      List<Attribute> made = new ArrayList<>();
      List<Alias> inputs = new ArrayList<>();
      for (ModelCall call : here) {
        @Nullable Made known = Made.below(children.get(child), call);
        Attribute result;
        if (known == null) {
          result = resultOf(call);
          calls.add(withPlainInputs(call, inputs));
          made.add(result);
        } else {
          result = known.result();
          children.set(child, known.plan());
        }
        results.put(call.canonicalized(), result);
      }
      if (!calls.isEmpty()) {
        LogicalPlan rows = CallSites.with(inputs, children.get(child));
        children.set(child, new CallModel(Scala.seq(calls), Scala.seq(made), rows));
      }
    }

    /// Spark computes subqueries only in operators that it knows.
    private static ModelCall withPlainInputs(ModelCall call, List<Alias> inputs) {
      List<Expression> plain = new ArrayList<>();
      for (Expression input : CallSites.children(call)) {
        if (input.exists(part -> part instanceof SubqueryExpression)) {
          Alias alias = CallSites.alias(input, "input");
          inputs.add(alias);
          plain.add(alias.toAttribute());
        } else {
          plain.add(input);
        }
      }
      return inputs.isEmpty() ? call : call.withInputs(plain);
    }

    private static Attribute resultOf(ModelCall call) {
      return new AttributeReference(
          call.name(),
          call.dataType(),
          true,
          Metadata.empty(),
          NamedExpression.newExprId(),
          Scala.seq(List.of()));
    }
  }

  /// A call that is made further down already.
  ///
  /// @param result its column
  /// @param plan the plan, with that column among its own
  private record Made(Attribute result, LogicalPlan plan) {

    static @Nullable Made below(LogicalPlan plan, ModelCall call) {
      return switch (plan) {
        case CallModel operator -> inOrBelow(operator, call);
        case Filter filter -> {
          @Nullable Made made = below(filter.child(), call);
          yield made == null
              ? null
              : new Made(made.result(), new Filter(filter.condition(), made.plan()));
        }
        case Project project -> belowProject(project, call);
        default -> null;
      };
    }

    private static @Nullable Made inOrBelow(CallModel operator, ModelCall call) {
      for (int i = 0; i < operator.calls().length(); i++) {
        if (operator.calls().apply(i).canonicalized().equals(call.canonicalized())) {
          return new Made(operator.results().apply(i), operator);
        }
      }
      @Nullable Made made = below(operator.child(), call);
      return made == null ? null : new Made(made.result(), operator.over(made.plan()));
    }

    private static @Nullable Made belowProject(Project project, ModelCall call) {
      List<NamedExpression> columns = Scala.list(project.projectList());
      if (!call.references().subsetOf(project.child().outputSet())) {
        return null; // it reads what is computed here
      }
      @Nullable Made made = below(project.child(), call);
      if (made == null) {
        return null;
      }
      if (!project.outputSet().contains(made.result())) {
        columns.add(made.result());
      }
      return new Made(made.result(), new Project(Scala.seq(columns), made.plan()));
    }
  }
}
