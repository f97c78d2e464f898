package org.glmspark.udfs.plan;

import java.math.BigInteger;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.GlobalLimit;
import org.apache.spark.sql.catalyst.plans.logical.Join;
import org.apache.spark.sql.catalyst.plans.logical.LocalLimit;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.NO_BROADCAST_AND_REPLICATION$;
import org.apache.spark.sql.catalyst.plans.logical.Offset;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.plans.logical.Repartition;
import org.apache.spark.sql.catalyst.plans.logical.RepartitionOperation;
import org.apache.spark.sql.catalyst.plans.logical.Sort;
import org.apache.spark.sql.catalyst.plans.logical.SubqueryAlias;
import org.apache.spark.sql.catalyst.rules.Rule;
import org.glmspark.udfs.function.Scala;
import org.jspecify.annotations.Nullable;

/// Near the end of the optimizer: the rows that calls are made for become enough tasks for the
/// cluster, and no call is made twice.
///
/// Spark sizes tasks by bytes, so a thousand rows of text are one task: their calls get a numbered
/// repartition below, which adaptive execution leaves alone. A global sort reads its input twice,
/// once to sample it: calls below get a shuffle between, whose files are read twice instead.
public final class SpreadCalls extends Rule<LogicalPlan> {
  /// Input that is larger than so much for each task has enough tasks of its own: the size of
  /// Spark's splits of files.
  private static final long SPLIT_BYTES = 128L << 20;

  /// Fewer rows than this are not worth the start of several tasks.
  private static final long FEW_ROWS = 32;

  private final int tasks;

  /// @param session tells the cluster's size: four tasks to each core
  public SpreadCalls(SparkSession session) {
    this.tasks = 4 * session.sparkContext().defaultParallelism();
  }

  @Override
  public LogicalPlan apply(LogicalPlan plan) {
    return plan.transformUp(Scala.<LogicalPlan>where(this::spread));
  }

  private @Nullable LogicalPlan spread(LogicalPlan plan) {
    return switch (plan) {
      case CallModel calls when isSmall(calls.child()) && !isArranged(calls.child()) ->
          calls.over(new Repartition(tasks, true, calls.child()));
      case Sort sort when sort.global() && makesCalls(sort.child()) ->
          sort.withNewChildren(Scala.<LogicalPlan>seq(new Repartition(tasks, true, sort.child())));
      default -> null;
    };
  }

  private boolean isSmall(LogicalPlan rows) {
    BigInteger bytes = rows.stats().sizeInBytes().bigInteger();
    boolean few = rows.maxRows().exists(most -> (long) most <= FEW_ROWS);
    return !few && bytes.compareTo(BigInteger.valueOf(tasks * SPLIT_BYTES)) < 0;
  }

  /// Whether somebody has said how the rows are to lie: a sort, a repartition, calls below that
  /// were spread already, or a merge, which finds rows that match twice only if they lie together.
  private static boolean isArranged(LogicalPlan rows) {
    return switch (rows) {
      case Sort _, RepartitionOperation _, CallModel _ -> true;
      case Join join -> isOfMerge(join);
      case Project _, Filter _, SubqueryAlias _, LocalLimit _, GlobalLimit _, Offset _ ->
          isArranged(CallSites.children(rows).getFirst());
      default -> false;
    };
  }

  private static boolean isOfMerge(Join join) {
    return join.hint()
        .leftHint()
        .exists(hint -> hint.strategy().exists(NO_BROADCAST_AND_REPLICATION$.MODULE$::equals));
  }

  private static boolean makesCalls(LogicalPlan rows) {
    return switch (rows) {
      case CallModel _ -> true;
      case Project _, Filter _, SubqueryAlias _ -> makesCalls(CallSites.children(rows).getFirst());
      default -> false;
    };
  }
}
