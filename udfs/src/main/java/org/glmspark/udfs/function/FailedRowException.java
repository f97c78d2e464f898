package org.glmspark.udfs.function;

import java.util.Map;
import org.apache.spark.SparkThrowable;
import org.glmspark.generation.RowError;

/// A row that fails its query, because the query or the settings say so.
public final class FailedRowException extends RuntimeException implements SparkThrowable {
  private static final long serialVersionUID = 1;
  private static final AiCondition CONDITION = AiCondition.FAILED_ROW;

  /// @param call as plans show it
  public FailedRowException(String call, RowError error) {
    super(CONDITION.message("%s: %s.".formatted(call, error.sentence())), error.cause());
  }

  @Override
  public String getCondition() {
    return CONDITION.condition();
  }

  @Override
  public String getSqlState() {
    return CONDITION.sqlState();
  }

  @Override
  public Map<String, String> getMessageParameters() {
    return Map.of();
  }
}
