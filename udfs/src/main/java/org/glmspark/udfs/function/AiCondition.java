package org.glmspark.udfs.function;

import org.apache.spark.sql.catalyst.trees.CurrentOrigin;
import org.apache.spark.sql.catalyst.trees.Origin;

/// Why a call is refused: the names that people who know these functions look for, each with its
/// SQLSTATE.
public enum AiCondition {
  INVALID_MAX_WORDS("AI_FUNCTION_INVALID_MAX_WORDS", "22032"),
  UNSUPPORTED_MODEL_PARAMETER(
      "AI_FUNCTION_INVALID_MODEL_PARAMETERS.UNSUPPORTED_MODEL_PARAMETER", "22023"),
  INVALID_NUMERIC_PARAMETER(
      "AI_FUNCTION_INVALID_MODEL_PARAMETERS.INVALID_NUMERIC_PARAMETER", "22023"),
  INVALID_PARAMETER_DATA_TYPE(
      "AI_FUNCTION_INVALID_MODEL_PARAMETERS.INVALID_PARAMETER_DATA_TYPE", "22023"),
  FOUND_RESERVED_PARAMETER_NAME(
      "AI_FUNCTION_INVALID_MODEL_PARAMETERS.FOUND_RESERVED_PARAMETER_NAME", "22023"),
  UNSUPPORTED_RESPONSE_FORMAT_DDL_STRING(
      "AI_FUNCTION_UNSUPPORTED_RESPONSE_FORMAT.DDL_STRING", "0A000"),
  UNSUPPORTED_RESPONSE_FORMAT_JSON_STRING(
      "AI_FUNCTION_UNSUPPORTED_RESPONSE_FORMAT.JSON_STRING", "0A000"),
  JSON_PARSE_ERROR("AI_FUNCTION_JSON_PARSE_ERROR", "22000"),
  UNSUPPORTED_RETURN_TYPE("AI_FUNCTION_UNSUPPORTED_RETURN_TYPE", "0A000"),
  INVALID_LABELS("AI_FUNCTION_INVALID_LABELS", "22023"),
  INVALID_SCHEMA("AI_FUNCTION_INVALID_SCHEMA", "22023"),
  INVALID_OPTIONS("AI_FUNCTION_INVALID_OPTIONS", "22023"),
  UNKNOWN_ENDPOINT("AI_FUNCTION_UNKNOWN_ENDPOINT", "42704"),
  NO_MODEL("AI_FUNCTION_NO_MODEL", "42704"),
  INVALID_SETTING("AI_FUNCTION_INVALID_SETTING", "22023"),
  UNSUPPORTED_PLACE("AI_FUNCTION_UNSUPPORTED_PLACE", "0A000"),
  FAILED_ROW("AI_FUNCTION_FAILED_ROW", "22000");

  private final String condition;
  private final String sqlState;

  AiCondition(String condition, String sqlState) {
    this.condition = condition;
    this.sqlState = sqlState;
  }

  /// The condition, with its sub-condition after a dot.
  public String condition() {
    return condition;
  }

  public String sqlState() {
    return sqlState;
  }

  /// A sentence in the form of Spark's own messages.
  String message(String sentence) {
    return "[%s] %s SQLSTATE: %s".formatted(condition, sentence, sqlState);
  }

  /// Refuses a query with an [AiFunctionException].
  ///
  /// @return never; so that callers can write `throw`
  public RuntimeException refusal(String sentence) {
    throw Scala.raise(new AiFunctionException(this, sentence));
  }

  /// As [#refusal], and says where in the query that is.
  public RuntimeException refusalAt(Origin place, String sentence) {
    return CurrentOrigin.withOrigin(place, () -> refusal(sentence));
  }
}
