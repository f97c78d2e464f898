package org.glmspark.udfs.function;

/// What a row that fails does to its query.
public enum OnFailure {
  /// Its result says so: NULL, or an error message where the type has a place for one.
  IN_RESULT,
  /// The query fails with the row's error.
  FAIL_QUERY
}
