package org.glmspark.job;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;

/// Shows the rows of a query.
///
/// @param format how
/// @param columns the width of a line of a table
/// @param out where
record SqlPrinter(Format format, int columns, PrintWriter out) {

  /// How rows are shown.
  enum Format {
    /// Under the names of their columns. A lone column whose values have several lines is shown as
    /// it is.
    TABLE,
    /// A JSON object in a line for each row.
    JSON
  }

  /// Runs the query and shows its rows. A command that has no result shows nothing.
  ///
  /// @return the number of rows
  int print(Dataset<Row> rows) {
    if (rows.columns().length == 0) {
      return 0;
    }
    int count =
        switch (format) {
          case TABLE -> printTable(rows);
          case JSON -> printJson(rows);
        };
    out.flush();
    return count;
  }

  private int printTable(Dataset<Row> rows) {
    List<String> header = List.of(rows.columns());
    List<List<String>> cells =
        texts(rows).collectAsList().stream()
            .map(row ->
                IntStream.range(0, header.size())
                    .mapToObj(i -> row.isNullAt(i) ? "NULL" : row.getString(i))
                    .toList())
            .toList();
    if (header.size() == 1 && cells.stream().anyMatch(row -> row.getFirst().contains("\n"))) {
      cells.forEach(row -> out.println(row.getFirst().stripTrailing()));
    } else {
      new TextTable(header, cells).lines(columns).forEach(out::println);
    }
    return cells.size();
  }

  /// Each value as Spark casts it to a text. Names may stand for several columns, numbers do not.
  private static Dataset<Row> texts(Dataset<Row> rows) {
    String[] numbers =
        IntStream.range(0, rows.columns().length).mapToObj(String::valueOf).toArray(String[]::new);
    Column[] texts =
        Arrays.stream(numbers).map(number -> col(number).cast("string")).toArray(Column[]::new);
    return rows.toDF(numbers).select(texts);
  }

  private int printJson(Dataset<Row> rows) {
    List<String> lines =
        rows.select(to_json(struct(col("*")), Map.of("ignoreNullFields", "false")))
            .as(Encoders.STRING())
            .collectAsList();
    lines.forEach(out::println);
    return lines.size();
  }
}
