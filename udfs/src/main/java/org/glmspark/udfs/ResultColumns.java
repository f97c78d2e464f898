package org.glmspark.udfs;

import java.io.Serializable;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/// How the columns that a completion adds to a row are named.
///
/// @param prefix put before each name; empty for none
/// @param struct the name of one struct column that holds them all, or null if they stand side by side
public record ResultColumns(String prefix, @Nullable String struct) implements Serializable {

  public ResultColumns {
    if (struct != null && !prefix.isEmpty()) {
      throw new IllegalArgumentException(
          "prefix '%s' and struct column '%s': choose one".formatted(prefix, struct));
    }
  }

  /// `completion`, `finish_reason`, ... beside the input columns.
  public static ResultColumns plain() {
    return new ResultColumns("", null);
  }

  /// The names of [#plain] with a prefix: `ai_completion`, `ai_finish_reason`, ...
  public static ResultColumns prefixed(String prefix) {
    return new ResultColumns(prefix, null);
  }

  /// One column that holds all of them: `name.completion`, `name.finish_reason`, ...
  public static ResultColumns inStruct(String name) {
    return new ResultColumns("", name);
  }

  /// The input's columns and then the results'.
  ///
  /// @throws IllegalArgumentException if a result column has the name of an input column
  public StructType append(StructType input) {
    throw new UnsupportedOperationException(input.simpleString());
  }
}
