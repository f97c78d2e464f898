package org.glmspark.job;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.glmspark.udfs.ResultColumns;
import org.jspecify.annotations.Nullable;

/// Finds columns in an output by plain names, whatever prefix or struct the results are under.
final class ResultNames {
  private ResultNames() {}

  /// A result column, such as `error`, or a field of one, such as `usage`, `prompt`.
  static Column column(Dataset<Row> output, ResultColumns columns, String name, String... fields) {
    @Nullable String struct = columns.struct();
    Stream<String> column =
        struct == null ? Stream.of(columns.prefix() + name) : Stream.of(struct, name);
    return output.col(
        Stream.concat(column, Arrays.stream(fields))
            .map(ResultNames::quoted)
            .collect(Collectors.joining(".")));
  }

  /// A column of the input, which the output has too.
  static Column inputColumn(Dataset<Row> output, String name) {
    return output.col(quoted(name));
  }

  private static String quoted(String name) {
    return "`" + name.replace("`", "``") + "`";
  }
}
