package org.glmspark.udfs;

import java.util.Collections;
import java.util.Set;
import java.util.WeakHashMap;
import org.apache.spark.sql.SparkSessionExtensions;
import org.apache.spark.sql.SparkSessionExtensionsProvider;
import org.apache.spark.sql.catalyst.FunctionIdentifier;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ExpressionInfo;
import org.glmspark.udfs.function.BoundCall;
import org.glmspark.udfs.function.Scala;
import org.glmspark.udfs.function.SqlFunction;
import org.glmspark.udfs.function.SqlFunctions;
import org.glmspark.udfs.plan.AdmitFilters;
import org.glmspark.udfs.plan.CallStrategy;
import org.glmspark.udfs.plan.CheckCalls;
import org.glmspark.udfs.plan.CheckConditions;
import org.glmspark.udfs.plan.ExtractCalls;
import org.glmspark.udfs.plan.HoistCalls;
import org.glmspark.udfs.plan.ModelCall;
import org.glmspark.udfs.plan.PlaceCalls;
import org.glmspark.udfs.plan.SpreadCalls;
import scala.Tuple3;
import scala.collection.immutable.Seq;
import scala.runtime.BoxedUnit;

/// Gives Spark sessions the `ai_...` functions and the operator that runs them in batches.
///
/// Spark finds it by itself when this jar is on its class path, or by
/// `spark.sql.extensions=org.glmspark.udfs.GlmSparkExtensions`.
public final class GlmSparkExtensions implements SparkSessionExtensionsProvider {
  /// The sessions' extensions that have ours.
  private static final Set<SparkSessionExtensions> EXTENDED =
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

  /// Spark makes one for each session.
  public GlmSparkExtensions() {}

  /// Gives a session its extensions, once: a session that finds this by itself may be told of it by
  /// a setting too.
  @Override
  public BoxedUnit apply(SparkSessionExtensions extensions) {
    if (EXTENDED.add(extensions)) {
      extend(extensions);
    }
    return BoxedUnit.UNIT;
  }

  private static void extend(SparkSessionExtensions extensions) {
    for (SqlFunction function : SqlFunctions.all()) {
      extensions.injectFunction(
          new Tuple3<>(
              new FunctionIdentifier(function.name()),
              info(function),
              arguments -> call(function, arguments)));
    }
    extensions.injectHintResolutionRule(_ -> new CheckConditions());
    extensions.injectHintResolutionRule(_ -> new AdmitFilters());
    extensions.injectPostHocResolutionRule(_ -> new HoistCalls());
    extensions.injectPostHocResolutionRule(_ -> new CheckCalls());
    extensions.injectOptimizerRule(_ -> new ExtractCalls());
    extensions.injectOptimizerRule(_ -> new PlaceCalls());
    extensions.injectPreCBORule(SpreadCalls::new);
    extensions.injectPlannerStrategy(_ -> new CallStrategy());
  }

  private static Expression call(SqlFunction function, Seq<Expression> arguments) {
    BoundCall call = function.bind(arguments);
    return new ModelCall(call.task(), Scala.seq(call.inputs()));
  }

  private static ExpressionInfo info(SqlFunction function) {
    return new ExpressionInfo(
        ModelCall.class.getName(),
        null, // of no database, as Spark's own functions
        function.name(),
        function.usage(),
        "\n    Arguments:\n" + function.arguments().indent(4),
        "\n    Examples:\n" + function.example().indent(4),
        "",
        "",
        "",
        "",
        "");
  }
}
