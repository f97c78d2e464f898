package org.glmspark.job;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.glmspark.udfs.PlanColumns;
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

  /// All result columns as one struct, by their plain names.
  static Column all(Dataset<Row> output, ResultColumns columns) {
    @Nullable String struct = columns.struct();
    return struct == null
        ? functions.struct(
            columns.names().stream()
                .map(name -> column(output, columns, name).as(name))
                .toArray(Column[]::new))
        : output.col(quoted(struct));
  }

  /// What a row asked, as a plan says it in [PlanColumns#request].
  static Column request(Dataset<Row> output, ResultColumns columns) {
    return functions.coalesce(
        column(output, columns, "lineage", "request_id"),
        functions.concat(
            functions.lit(PlanColumns.nothingAsked("")),
            column(output, columns, "lineage", "row_id")));
  }

  /// Some columns, and after them the result columns.
  ///
  /// @param answer a struct as [#all] makes it
  static Column[] appended(Column[] before, Column answer, ResultColumns columns) {
    @Nullable String struct = columns.struct();
    Stream<Column> results =
        struct == null
            ? columns.names().stream()
                .map(name -> answer.getField(name).as(columns.prefix() + name))
            : Stream.of(answer.as(struct));
    return Stream.concat(Arrays.stream(before), results).toArray(Column[]::new);
  }

  /// A column of the input, which the output has too.
  static Column inputColumn(Dataset<Row> output, String name) {
    return output.col(quoted(name));
  }

  /// Columns by their plain names.
  static Column[] columns(String... names) {
    return Arrays.stream(names).map(name -> functions.col(quoted(name))).toArray(Column[]::new);
  }

  /// A name as SQL takes it, whatever is in it.
  static String quoted(String name) {
    return "`" + name.replace("`", "``") + "`";
  }
}
