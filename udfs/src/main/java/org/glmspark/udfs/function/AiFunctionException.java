package org.glmspark.udfs.function;

import java.util.Map;
import org.apache.spark.QueryContext;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.catalyst.trees.CurrentOrigin;
import org.apache.spark.sql.catalyst.trees.Origin;
import scala.Option;
import scala.collection.immutable.Map$;
import scala.jdk.javaapi.CollectionConverters;

/// A query that is refused before anything runs, under a condition that Spark's own catalogue does
/// not have. It says where in the query the function stands.
public final class AiFunctionException extends AnalysisException {
  private static final long serialVersionUID = 1;

  private final AiCondition condition;

  /// @param sentence what was found and what was expected
  public AiFunctionException(AiCondition condition, String sentence) {
    super(
        condition.message(sentence),
        CurrentOrigin.get().line(),
        CurrentOrigin.get().startPosition(),
        Option.empty(),
        Option.apply(condition.condition()),
        Map$.MODULE$.from(CollectionConverters.asScala(Map.of("sentence", sentence))),
        new QueryContext[0]);
    this.condition = condition;
  }

  @Override
  public String getSqlState() {
    return condition.sqlState();
  }

  /// The place is known already, and a copy would not be of this class.
  @Override
  public AnalysisException withPosition(Origin origin) {
    return this;
  }
}
