package org.glmspark.udfs.function;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.spark.sql.types.DataType;
import org.glmspark.generation.RowError;
import org.glmspark.udfs.RowRequests;
import org.jspecify.annotations.Nullable;

/// What a SQL function does for one row, with everything that is the same for all rows of a call.
///
/// Equal functions with equal inputs have equal values, so records that compare all of this.
public sealed interface RowFunction extends Serializable
    permits ChooseDescribedLabels,
        ChooseLabel,
        CountTokens,
        ExtractBySchema,
        ExtractFields,
        Query,
        Rewrite,
        Similarity,
        Summarize {

  /// The name in SQL.
  String name();

  /// The type of its values.
  DataType dataType();

  /// What plans show of it, by argument name.
  Map<String, String> options();

  /// Asks for a row.
  ///
  /// @param inputs the texts that differ by row, none of them null
  /// @return fails only if the engine does
  CompletableFuture<RowAnswer> ask(RowRequests requests, List<String> inputs);

  /// The value of a row that failed, where the query goes on.
  default @Nullable Object failed(RowError error) {
    return null;
  }
}
