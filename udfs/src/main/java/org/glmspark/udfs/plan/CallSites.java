package org.glmspark.udfs.plan;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.sql.catalyst.analysis.UnresolvedFunction;
import org.apache.spark.sql.catalyst.expressions.Alias;
import org.apache.spark.sql.catalyst.expressions.And;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.CaseWhen;
import org.apache.spark.sql.catalyst.expressions.Coalesce;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.If;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.glmspark.udfs.function.Scala;
import org.glmspark.udfs.function.SqlFunction;
import org.glmspark.udfs.function.SqlFunctions;
import scala.Option;
import scala.Tuple2;

/// Where calls stand in expressions and plans. Calls are told apart by their canonical form, so
/// equal calls are one.
final class CallSites {
  private static final Set<String> NAMES =
      SqlFunctions.all().stream().map(SqlFunction::name).collect(Collectors.toUnmodifiableSet());

  private CallSites() {}

  /// Whether this will be a call once the analyzer has looked its name up.
  static boolean isCall(UnresolvedFunction function) {
    return NAMES.contains(name(function));
  }

  static String name(UnresolvedFunction function) {
    return String.join(".", Scala.<String>list(function.nameParts())).toLowerCase(Locale.ROOT);
  }

  static boolean in(Expression expression) {
    return expression.exists(part -> part instanceof ModelCall);
  }

  static boolean in(Collection<? extends Expression> expressions) {
    return expressions.stream().anyMatch(CallSites::in);
  }

  /// Whether a plan's own expressions have calls; its children's do not count.
  static boolean in(LogicalPlan plan) {
    return !(plan instanceof CallModel) && in(expressions(plan));
  }

  static List<Expression> expressions(LogicalPlan plan) {
    return Scala.list(plan.expressions());
  }

  static List<Expression> children(Expression expression) {
    return Scala.list(expression.children());
  }

  static List<LogicalPlan> children(LogicalPlan plan) {
    return Scala.list(plan.children());
  }

  /// The calls that can be made now, by their canonical form: those that have no call among their
  /// inputs and do not depend on a condition that has one.
  static Map<Expression, ModelCall> ready(Iterable<? extends Expression> expressions) {
    Map<Expression, ModelCall> ready = new LinkedHashMap<>();
    for (Expression expression : expressions) {
      collectReady(expression, ready);
    }
    return ready;
  }

  private static void collectReady(Expression expression, Map<Expression, ModelCall> ready) {
    if (expression instanceof ModelCall call && !in(children(call))) {
      ready.putIfAbsent(call.canonicalized(), call);
      return;
    }
    for (Expression part : inOrderOfEvaluation(expression)) {
      collectReady(part, ready);
      if (isConditional(expression) && in(part) && decides(expression, part)) {
        return; // what comes after it waits for its value
      }
    }
  }

  /// The calls that are made for every row, whatever the conditions in the expressions say.
  static Set<Expression> unconditional(Iterable<? extends Expression> expressions) {
    Set<Expression> calls = new HashSet<>();
    for (Expression expression : expressions) {
      collectUnconditional(expression, calls);
    }
    return calls;
  }

  private static void collectUnconditional(Expression expression, Set<Expression> calls) {
    if (expression instanceof ModelCall call) {
      calls.add(call.canonicalized());
    }
    List<Expression> parts = inOrderOfEvaluation(expression);
    for (Expression part : isConditional(expression) ? parts.subList(0, 1) : parts) {
      collectUnconditional(part, calls);
    }
  }

  static boolean isConditional(Expression expression) {
    return expression instanceof If
        || expression instanceof CaseWhen
        || expression instanceof Coalesce;
  }

  /// For a conditional expression, a condition comes before what depends on it.
  private static List<Expression> inOrderOfEvaluation(Expression expression) {
    if (!(expression instanceof CaseWhen cases)) {
      return children(expression); // of an If, the condition is the first
    }
    List<Expression> parts = new ArrayList<>();
    for (Tuple2<Expression, Expression> branch : branches(cases)) {
      parts.add(branch._1());
      parts.add(branch._2());
    }
    if (cases.elseValue().isDefined()) {
      parts.add(cases.elseValue().get());
    }
    return parts;
  }

  static List<Tuple2<Expression, Expression>> branches(CaseWhen cases) {
    return Scala.list(cases.branches());
  }

  /// Whether the value of a part decides which parts after it are evaluated.
  private static boolean decides(Expression conditional, Expression part) {
    return switch (conditional) {
      case If choice -> part.equals(choice.predicate());
      case CaseWhen cases -> branches(cases).stream().anyMatch(branch -> branch._1().equals(part));
      default -> true; // Coalesce
    };
  }

  /// An expression with other expressions in the place of calls.
  ///
  /// @param replacements by the canonical form of the calls
  static Expression replace(
      Expression expression, Map<Expression, ? extends Expression> replacements) {
    return expression.transformDown(
        Scala.<Expression>where(
            part -> part instanceof ModelCall ? replacements.get(part.canonicalized()) : null));
  }

  /// As [#replace(Expression, Map)], in all expressions of a plan.
  static LogicalPlan replace(LogicalPlan plan, Map<Expression, ? extends Expression> replacements) {
    return plan.mapExpressions(part -> replace(part, replacements));
  }

  /// The child that has all columns a call reads, or -1.
  static int home(ModelCall call, List<LogicalPlan> children) {
    for (int i = 0; i < children.size(); i++) {
      if (call.references().subsetOf(children.get(i).outputSet())) {
        return i;
      }
    }
    return -1;
  }

  static List<Expression> conjuncts(Expression condition) {
    if (!(condition instanceof And and)) {
      return List.of(condition);
    }
    List<Expression> all = new ArrayList<>(conjuncts(and.left()));
    all.addAll(conjuncts(and.right()));
    return all;
  }

  /// @param conditions at least one
  static Expression and(List<Expression> conditions) {
    return conditions.stream().reduce(And::new).orElseThrow();
  }

  static Alias alias(Expression expression, String name) {
    return new Alias(
        expression,
        name,
        NamedExpression.newExprId(),
        Scala.seq(List.of()),
        Option.empty(),
        Scala.seq(List.of()));
  }

  /// A plan with the columns of another.
  static LogicalPlan withOutputOf(LogicalPlan wanted, LogicalPlan plan) {
    return plan.output().equals(wanted.output())
        ? plan
        : new Project(Scala.<NamedExpression>seq(Scala.<Attribute>list(wanted.output())), plan);
  }

  /// A plan's columns and some more.
  static LogicalPlan with(List<? extends NamedExpression> more, LogicalPlan plan) {
    return more.isEmpty()
        ? plan
        : new Project(Scala.<NamedExpression>concat(plan.output(), Scala.seq(more)), plan);
  }
}
