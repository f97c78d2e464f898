package org.glmspark.job;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/// Finds columns of the input in an output by their plain names.
final class ResultNames {
  private ResultNames() {}

  /// A column of the input, which the output has too.
  static Column inputColumn(Dataset<Row> output, String name) {
    return output.col(quoted(name));
  }

  private static String quoted(String name) {
    return "`" + name.replace("`", "``") + "`";
  }
}
