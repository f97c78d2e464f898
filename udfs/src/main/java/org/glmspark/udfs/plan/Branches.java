package org.glmspark.udfs.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.catalyst.expressions.And;
import org.apache.spark.sql.catalyst.expressions.CaseWhen;
import org.apache.spark.sql.catalyst.expressions.Coalesce;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.If;
import org.apache.spark.sql.catalyst.expressions.IsNull;
import org.apache.spark.sql.catalyst.expressions.Literal;
import org.apache.spark.sql.catalyst.expressions.Literal$;
import org.apache.spark.sql.catalyst.expressions.Not;
import org.apache.spark.sql.catalyst.expressions.OuterReference;
import org.apache.spark.sql.catalyst.expressions.SubqueryExpression;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.MergeRows;
import org.glmspark.udfs.function.Scala;
import org.jspecify.annotations.Nullable;
import scala.Option;
import scala.Tuple2;
import scala.collection.immutable.Seq;

/// Makes calls in the branches of `CASE`, `IF` and `COALESCE`, and in the clauses of `MERGE`, cost
/// nothing for the rows that do not come there.
///
/// Calls leave the expression they stand in and would be made for all rows. Their first input
/// becomes NULL for rows that the conditions send elsewhere, and a call with a NULL input asks
/// nothing.
final class Branches {
  /// Canonical forms of calls that are made for every row anyway.
  private final Set<Expression> unconditional;

  /// The plans of which one has all columns that a guarded call may read; none if all may.
  private final List<LogicalPlan> homes;

  private Branches(Set<Expression> unconditional, List<LogicalPlan> homes) {
    this.unconditional = unconditional;
    this.homes = homes;
  }

  /// The plan, with the calls in its expressions guarded.
  static LogicalPlan guard(LogicalPlan plan) {
    if (plan instanceof MergeRows merge) {
      return new Branches(Set.of(), List.of()).guardMerge(merge);
    }
    var branches = new Branches(CallSites.unconditional(CallSites.expressions(plan)), List.of());
    return plan.mapExpressions(branches::guard);
  }

  /// As [#guard(LogicalPlan)], for calls that move into one of the plan's children. Conditions that
  /// the children cannot decide guard nothing, and neither do the calls that a child makes for
  /// every row wait for any.
  static LogicalPlan guardBelow(LogicalPlan plan) {
    if (plan instanceof MergeRows) {
      return guard(plan);
    }
    List<LogicalPlan> homes = CallSites.children(plan);
    List<Expression> expressions = new ArrayList<>(CallSites.expressions(plan));
    homes.forEach(home -> expressions.addAll(CallSites.expressions(home)));
    return plan.mapExpressions(new Branches(CallSites.unconditional(expressions), homes)::guard);
  }

  /// The conditions of one filter, with the calls in them guarded.
  static List<Expression> guard(List<Expression> conditions) {
    var branches = new Branches(CallSites.unconditional(conditions), List.of());
    return conditions.stream().map(branches::guard).toList();
  }

  /// The expression, with the calls guarded whose conditions have no calls themselves.
  private Expression guard(Expression expression) {
    return guard(expression, null);
  }

  /// @param taken true for rows that come to this expression; null if all do
  private Expression guard(Expression expression, @Nullable Expression taken) {
    if (!CallSites.in(expression)) {
      return expression;
    }
    return switch (expression) {
      case ModelCall call -> guardCall(call, taken);
      case If choice -> guardIf(choice, taken);
      case CaseWhen cases -> guardCases(cases, taken);
      case Coalesce coalesce -> guardCoalesce(coalesce, taken);
      default -> expression.mapChildren(child -> guard(child, taken));
    };
  }

  private Expression guardCall(ModelCall call, @Nullable Expression taken) {
    if (taken == null || unconditional.contains(call.canonicalized())) {
      return call;
    }
    List<Expression> inputs = new ArrayList<>();
    for (Expression input : CallSites.children(call)) {
      inputs.add(guard(input, taken));
    }
    Expression first = inputs.getFirst();
    List<Expression> conditions =
        CallSites.conjuncts(taken).stream().filter(part -> isKnown(part, call)).toList();
    if (conditions.isEmpty()) {
      return call;
    }
    Expression guard = CallSites.and(conditions);
    if (!isGuarded(first, guard)) {
      inputs.set(0, new If(guard, first, Literal$.MODULE$.create(null, first.dataType())));
    }
    return call.withInputs(inputs);
  }

  /// Whether a condition can be decided where a call is made.
  private boolean isKnown(Expression condition, ModelCall call) {
    if (homes.isEmpty()) {
      return true;
    }
    int home = CallSites.home(call, homes);
    return home >= 0
        && condition.references().subsetOf(homes.get(home).outputSet())
        && !condition.exists(
            part -> part instanceof OuterReference || part instanceof SubqueryExpression);
  }

  private static boolean isGuarded(Expression input, Expression taken) {
    return input instanceof If guard
        && guard.predicate().canonicalized().equals(taken.canonicalized());
  }

  private Expression guardIf(If choice, @Nullable Expression taken) {
    Expression condition = choice.predicate();
    if (CallSites.in(condition)) {
      return new If(guard(condition, taken), choice.trueValue(), choice.falseValue());
    }
    return new If(
        condition,
        guard(choice.trueValue(), and(taken, condition)),
        guard(choice.falseValue(), and(taken, not(condition))));
  }

  private Expression guardCases(CaseWhen cases, @Nullable Expression taken) {
    List<Tuple2<Expression, Expression>> guarded = new ArrayList<>();
    @Nullable Expression here = taken;
    boolean known = true; // whether no condition so far waits for a call
    for (Tuple2<Expression, Expression> branch : CallSites.branches(cases)) {
      Expression condition = branch._1();
      if (!known) {
        guarded.add(branch);
      } else if (CallSites.in(condition)) {
        guarded.add(new Tuple2<>(guard(condition, here), branch._2()));
        known = false;
      } else {
        guarded.add(new Tuple2<>(condition, guard(branch._2(), and(here, condition))));
        here = and(here, not(condition));
      }
    }
    Option<Expression> otherwise = cases.elseValue();
    if (known && otherwise.isDefined()) {
      otherwise = Option.apply(guard(otherwise.get(), here));
    }
    return new CaseWhen(Scala.seq(guarded), otherwise);
  }

  /// Each row of a merge comes to the clauses of one kind, in which the first that fits has it.
  private MergeRows guardMerge(MergeRows merge) {
    Expression inSource = merge.isSourceRowPresent();
    Expression inTarget = merge.isTargetRowPresent();
    return merge.copy(
        inSource,
        inTarget,
        guardClauses(merge.matchedInstructions(), new And(inSource, inTarget)),
        guardClauses(merge.notMatchedInstructions(), new And(inSource, new Not(inTarget))),
        guardClauses(merge.notMatchedBySourceInstructions(), new And(new Not(inSource), inTarget)),
        merge.checkCardinality(),
        merge.output(),
        merge.child());
  }

  private Seq<MergeRows.Instruction> guardClauses(
      Seq<MergeRows.Instruction> clauses, Expression come) {
    List<MergeRows.Instruction> guarded = new ArrayList<>();
    @Nullable Expression here = come;
    for (MergeRows.Instruction clause : Scala.<MergeRows.Instruction>list(clauses)) {
      @Nullable Expression taken = and(here, clause.condition());
      guarded.add(
          (MergeRows.Instruction) ((Expression) clause).mapChildren(value -> guard(value, taken)));
      here = and(here, not(clause.condition()));
    }
    return Scala.seq(guarded);
  }

  private Expression guardCoalesce(Coalesce coalesce, @Nullable Expression taken) {
    List<Expression> guarded = new ArrayList<>();
    @Nullable Expression here = taken;
    boolean known = true;
    for (Expression child : CallSites.children(coalesce)) {
      guarded.add(known ? guard(child, here) : child);
      known = known && !CallSites.in(child);
      if (known) {
        here = and(here, new IsNull(child));
      }
    }
    return new Coalesce(Scala.seq(guarded));
  }

  /// A condition that is not the same each time it is evaluated says nothing about a row.
  private static @Nullable Expression and(@Nullable Expression taken, Expression condition) {
    if (!condition.deterministic()) {
      return taken;
    }
    return taken == null ? condition : new And(taken, condition);
  }

  /// True where a condition is false or null.
  private static Expression not(Expression condition) {
    return new Not(new Coalesce(Scala.seq(List.of(condition, Literal.FalseLiteral()))));
  }
}
