package org.glmspark.udfs.function;

import org.glmspark.generation.RowError;
import org.jspecify.annotations.Nullable;

/// What came of a call for one row.
public sealed interface RowAnswer {
  /// A value in Catalyst's own form (`UTF8String`, `InternalRow`, ...), or null for NULL.
  record Value(@Nullable Object value) implements RowAnswer {}

  /// There is no value, and why.
  record Failed(RowError error) implements RowAnswer {}
}
