package org.glmspark.udfs;

import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;

/// Gives every row of a dataset a name that does not depend on where or when the row is read.
///
/// With key columns the id is the key: the value of a single key, as text, or a JSON array of texts
/// where there are several or the value is null. Without, it is the SHA-256 of all columns and
/// `-1`, `-2`, ... to tell rows apart that are equal in every column, and then what tells the batch
/// from others, if the rows come in batches.
final class RowIds {
  /// Fixed, because the digest must be the same in sessions with other settings.
  private static final Map<String, String> JSON_OPTIONS =
      Map.of(
          "ignoreNullFields", "false",
          "timeZone", "UTC",
          "timestampFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
          "timestampNTZFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSSSS");

  private RowIds() {}

  /// The input with one more column, its rows spread over partitions by their id.
  ///
  /// @param keyColumns what names a row; empty to name rows by their content
  /// @param batch goes into the ids of rows that have no key; empty for none
  /// @param idColumn the name of the column to add
  /// @throws IllegalArgumentException if two rows have the same key, which is found by reading the
  ///   input once
  static Dataset<Row> append(
      Dataset<Row> input, List<String> keyColumns, String batch, String idColumn, int partitions) {
    if (keyColumns.isEmpty()) {
      return byContent(input, batch, idColumn, partitions);
    }
    Dataset<Row> named = input.withColumn(idColumn, key(input, keyColumns));
    refuseDuplicates(named, keyColumns, idColumn);
    return named.repartition(partitions, functions.col(idColumn));
  }

  private static Column key(Dataset<Row> input, List<String> keyColumns) {
    Column[] texts =
        keyColumns.stream()
            .map(name -> InputColumns.column(input, name).cast(DataTypes.StringType))
            .toArray(Column[]::new);
    Column json = functions.to_json(functions.array(texts));
    return texts.length == 1 ? functions.coalesce(texts[0], json) : json;
  }

  private static void refuseDuplicates(
      Dataset<Row> named, List<String> keyColumns, String idColumn) {
    List<Row> duplicates =
        named
            .groupBy(functions.col(idColumn))
            .count()
            .where("count > 1")
            .orderBy(functions.col("count").desc(), functions.col(idColumn))
            .takeAsList(1);
    if (!duplicates.isEmpty()) {
      Row worst = duplicates.getFirst();
      throw new IllegalArgumentException(
          ("key %s must name one row, but %d rows have '%s'; add key columns, remove the duplicates, "
                  + "or name no key")
              .formatted(String.join(", ", keyColumns), worst.getLong(1), worst.getString(0)));
    }
  }

  private static Dataset<Row> byContent(
      Dataset<Row> input, String batch, String idColumn, int partitions) {
    Column digest =
        functions.sha2(
            functions
                .to_json(functions.struct(InputColumns.all(input)), JSON_OPTIONS)
                .cast(DataTypes.BinaryType),
            256);
    Column id = functions.col(idColumn);
    Column ordinal = functions.row_number().over(Window.partitionBy(id).orderBy(id));
    Column[] parts =
        batch.isEmpty()
            ? new Column[] {id, ordinal}
            : new Column[] {id, ordinal, functions.lit(batch)};
    return input
        .withColumn(idColumn, digest)
        .repartition(partitions, id) // equal rows meet, so counting them needs no further shuffle
        .withColumn(idColumn, functions.concat_ws("-", parts));
  }
}
