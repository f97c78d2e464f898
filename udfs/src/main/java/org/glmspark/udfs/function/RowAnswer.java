package org.glmspark.udfs.function;

import java.util.concurrent.CompletableFuture;
import org.apache.spark.unsafe.types.UTF8String;
import org.glmspark.generation.GenerationResult;
import org.glmspark.generation.RowError;
import org.jspecify.annotations.Nullable;

/// What came of a call for one row.
public sealed interface RowAnswer {
  /// A value in Catalyst's own form (`UTF8String`, `InternalRow`, ...), or null for NULL.
  record Value(@Nullable Object value) implements RowAnswer {}

  /// There is no value, and why.
  record Failed(RowError error) implements RowAnswer {}

  /// The text of a completion.
  static RowAnswer text(GenerationResult result) {
    @Nullable RowError error = result.error();
    return error == null ? new Value(UTF8String.fromString(result.text())) : new Failed(error);
  }

  /// For a row whose text has no words.
  static CompletableFuture<RowAnswer> noText() {
    return CompletableFuture.completedFuture(
        new Failed(new RowError(RowError.Reason.NO_TEXT, "it is empty")));
  }
}
